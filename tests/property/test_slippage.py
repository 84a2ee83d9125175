"""Slippage against the plainest walk there is: sorted levels, one after the other, in fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signald.core.book import Book
from signald.core.kernels import layout
from signald.core.kernels.jit import PLAIN
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, RING
from signald.core.kernels.rows import ROW_FIELDS, ROW_WORDS
from tests.support.instruments import spot
from tests.support.kernel_probes import pairs_of, probe_apply, probe_row

MIDDLE = 6_180_000
NOW = 1_723_161_255_000_000_000
INSTRUMENT = spot("X", "Y", tick="0.01", lot="0.001")
MONEY = Fraction(1, 100_000)
"""Of one tick of one lot."""
Side = dict[int, int]
OFFSETS = st.one_of(st.integers(1, 80), st.integers(1, 4_000), st.integers(1, 4 * RING))
SIDES = st.dictionaries(OFFSETS, st.integers(1, 1_000_000), min_size=1, max_size=25)
USD = st.floats(1.0, 3e7)


def plain_average(side: Side, sign: int, usd: float, edge: int | None) -> Fraction | None:
    """Average price in ticks; None if there is not enough up to ``edge``."""
    left, lots = Fraction(usd) / MONEY, Fraction(0)
    for offset in sorted(side):
        tick = MIDDLE + sign * offset
        if edge is not None and sign * tick > sign * edge:
            return None
        if tick * side[offset] >= left:
            return Fraction(usd) / MONEY / (lots + left / tick)
        left -= tick * side[offset]
        lots += side[offset]
    return None


def expected_bps(sides: tuple[Side, Side], which: int, usd: float, edge: int | None = None) -> float:
    bid, ask = MIDDLE - min(sides[0]), MIDDLE + min(sides[1])
    average = plain_average(sides[which], 2 * which - 1, usd, edge)
    best = (bid, ask)[which]
    return math.nan if average is None else float(abs(average - best) / Fraction(bid + ask, 2) * 10_000)


def book_of(sides: tuple[Side, Side], *usd: float) -> Book:
    book = Book(INSTRUMENT, slippage_usd=usd)
    for which, side in enumerate(sides):
        levels = [(MIDDLE + (2 * which - 1) * offset, lots) for offset, lots in side.items()]
        probe_apply(book.words, (BID_SIDE, ASK_SIDE)[which], pairs_of(*levels))
    return book


def row_of(book: Book) -> np.void:
    probe_row(book.words, NOW)
    return book.words[layout.ROW : layout.ROW + ROW_WORDS].view(ROW_FIELDS)[0]


def plenty(side: Side, usd: float) -> bool:
    """Whether the order does not end just where the side does: there rounding decides."""
    whole = sum(MIDDLE * lots for lots in side.values())
    return not math.isclose(float(whole * MONEY), usd, rel_tol=0.05)


@settings(max_examples=50 if PLAIN else 150, deadline=None)
@given(SIDES, SIDES, USD)
@example({1: 1}, {2: 1, 3 * RING: 500, 3 * RING + 7: 900_000}, 2e5)
@example({2 * RING: 5, 2 * RING + 64: 10**6}, {3 * RING: 10**6}, 1e6)
def test_slippage_is_that_of_the_plain_walk(bids: Side, asks: Side, usd: float) -> None:
    sides = bids, asks

    row = row_of(book_of(sides, usd))

    for which, name in enumerate(("bid_slippage_1", "ask_slippage_1")):
        if plenty(sides[which], usd):
            assert row[name] == pytest.approx(expected_bps(sides, which, usd), rel=1e-9, abs=1e-5, nan_ok=True), name
    assert row["slippage_usd_1"] == usd
    assert math.isnan(row["slippage_usd_2"])


@settings(max_examples=50 if PLAIN else 100, deadline=None)
@given(SIDES, SIDES, USD, st.integers(0, 5_000), st.integers(0, 5_000))
def test_beyond_what_is_known_it_is_unknown(bids: Side, asks: Side, usd: float, below: int, above: int) -> None:
    sides = bids, asks
    edges = MIDDLE - below, MIDDLE + above
    book = book_of(sides, usd)
    book.words[layout.KNOWN : layout.KNOWN + 2] = edges

    row = row_of(book)

    for which, name in enumerate(("bid_slippage_1", "ask_slippage_1")):
        expected = expected_bps(sides, which, usd, edges[which])
        known = {offset: lots for offset, lots in sides[which].items() if offset <= (below, above)[which]}
        if plenty(known, usd):
            assert row[name] == pytest.approx(expected, rel=1e-9, abs=1e-5, nan_ok=True), name


@settings(deadline=None)
@given(SIDES, SIDES, st.tuples(USD, USD))
def test_a_larger_order_never_costs_less(bids: Side, asks: Side, usd: tuple[float, float]) -> None:
    row = row_of(book_of((bids, asks), *sorted(usd)))

    for side in ("bid", "ask"):
        small, large = row[f"{side}_slippage_1"], row[f"{side}_slippage_2"]
        assert math.isnan(large) or 0.0 <= small <= large + 1e-7


def test_an_order_within_the_touch_costs_nothing() -> None:
    row = row_of(book_of(({1: 100}, {1: 100}), 10.0))

    assert (row["bid_slippage_1"], row["ask_slippage_1"]) == pytest.approx((0.0, 0.0), abs=1e-9)


@pytest.mark.parametrize("empty", [0, 1])
def test_a_book_with_one_side_has_none(empty: int) -> None:
    sides: tuple[Side, Side] = ({}, {1: 10**6}) if empty == 0 else ({1: 10**6}, {})

    row = row_of(book_of(sides, 10.0))

    assert math.isnan(row["bid_slippage_1"])
    assert math.isnan(row["ask_slippage_1"])


@pytest.mark.parametrize("usd", [(1.0, 2.0, 3.0), (0.0,), (-1.0,)])
def test_sizes_that_a_row_cannot_hold_are_refused(usd: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="up to 2 sizes above 0"):
        Book(INSTRUMENT, slippage_usd=usd)
