"""A composite that one venue cannot move: whatever becomes of any of them, the price stays within its spread."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signald.core.board import BoardRows
from signald.core.composite import Composites
from signald.core.kernels.jit import PLAIN
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import FLAG_STALE, ROW_FIELDS, ROW_WORDS, STATE_DISCONNECTED, STATE_GAP, STATE_LIVE
from tests.support.calendar import T0
from tests.support.rows import live_rows
from tests.support.venues import traded

pytestmark = pytest.mark.timeout(60)  # hundreds of examples, on a machine that may be busy
VENUES = [traded("BTC", venue) for venue in ("ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN")]
PAIRS = [
    traded("BTC", venue, suffix=kind) for venue in ("ONE", "TWO", "THREE", "FOUR", "FIVE") for kind in ("", "-PERP")
]
MIDDLE = 95_000.0

Book = Mapping[str, float]


def books(distance_bps: float) -> st.SearchStrategy[Book]:
    """Live books whose price lies within ``distance_bps`` of the middle."""
    return st.builds(
        book_at,
        st.floats(-distance_bps, distance_bps),
        st.floats(0.001, 20.0),
        st.floats(0.0, 1.0),
        st.floats(1e-3, 1e3),
        st.floats(0.1, 1e9),
        st.integers(0, 20_000),
    )


def book_at(bps: float, spread_bps: float, lean: float, size: float, depth: float, age_ms: int) -> Book:
    mid = MIDDLE * (1 + bps / 1e4)
    half = mid * spread_bps / 2e4
    bid, ask = mid - half, mid + half
    return {
        "bid": bid,
        "ask": ask,
        "mid": (bid + ask) / 2,
        "microprice": min(max(bid + (ask - bid) * lean, bid), ask),
        "spread_bps": spread_bps,
        "bid_size": size,
        "ask_size": size,
        "bid_depth_5": depth,
        "ask_depth_5": depth,
        "ts_ingest": T0 - age_ms * 1_000_000,
    }


HONEST = books(40.0)
DEAD = st.sampled_from([{"state": STATE_GAP}, {"state": STATE_DISCONNECTED}, {"flags": 8}, {"flags": 1}])
SAID = ("bid", "ask", "mid", "microprice", "spread_bps", "imbalance")
OWNED = ("bid_size", "ask_size", "bid_depth_5", "ask_depth_5", "bid_depth_10", "ask_depth_25")
ANYTHING = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.floats(allow_nan=True, allow_infinity=True) for name in (*SAID, *OWNED)},
        "ts_event": st.integers(-(2**63), 2**63 - 1),
        "ts_depth": st.integers(-(2**63), 2**63 - 1),
        "ts_ingest": st.integers(0, T0),  # ours: a venue can be late, and no more
        "applied": st.integers(0, 2**40),
        "sequence": st.integers(-(2**63), 2**63 - 1),
        "flags": st.integers(0, 255),
        "state": st.integers(0, 3),
    },
)
RICH = st.builds(
    lambda book, money: {**book, **dict.fromkeys(OWNED, money)},
    st.one_of(HONEST, books(3_000.0), books(9_999.0)),
    st.floats(1e-300, 1e300),
)
"""Well formed, and with whatever depth buys a share."""
LIES = st.one_of(DEAD, books(40.0), books(3_000.0), ANYTHING, RICH)


def rows_of(*told: Book) -> BoardRows:
    rows = live_rows(len(told))
    for row, book in zip(rows, told, strict=True):
        for name, value in book.items():
            row[name] = value
    return rows


def composite_of(composites: Composites, rows: BoardRows) -> np.void:
    words: WordArray = np.concatenate([np.frombuffer(rows.tobytes(), np.int64), np.zeros(ROW_WORDS, np.int64)])
    composites.fill(words)
    return words[-ROW_WORDS:].view(ROW_FIELDS)[0]


@settings(max_examples=100 if PLAIN else 300, deadline=None)
@given(st.lists(HONEST, min_size=3, max_size=7), st.data())
def test_a_venue_that_dies_or_lies_moves_the_price_by_less_than_its_spread(
    told: list[Book], data: st.DataObject
) -> None:
    composites = Composites(VENUES[: len(told)], ["BTC"])
    liar = data.draw(st.integers(0, len(told) - 1))
    lie = data.draw(LIES)
    before = composite_of(composites, rows_of(*told))

    changed = [{**book, **lie} if place == liar else book for place, book in enumerate(told)]
    after = composite_of(composites, rows_of(*changed))

    assert before["state"] == after["state"] == STATE_LIVE
    assert before["bid"] <= after["microprice"] * (1 + 1e-12)
    assert after["microprice"] * (1 - 1e-12) <= before["ask"]
    assert abs(after["microprice"] - before["microprice"]) < before["ask"] - before["bid"]


@settings(max_examples=100 if PLAIN else 300, deadline=None)
@given(HONEST, HONEST, LIES)
def test_of_two_venues_one_that_dies_or_lies_moves_the_price_by_less_than_a_spread(
    one: Book, other: Book, lie: Book
) -> None:
    composites = Composites(VENUES[:2], ["BTC"])
    before = composite_of(composites, rows_of(one, other))

    after = composite_of(composites, rows_of(one, {**other, **lie}))

    moved = abs(after["microprice"] - before["microprice"])
    spreads = [row["ask"] - row["bid"] for row in (before, after)]
    lives = after["state"] == STATE_LIVE  # two that are too far apart are both doubted
    assert not lives or moved < (spreads[0] if after["sequence"] == 1 else max(spreads))
    assert after["sequence"] == 2 or not lives or after["flags"] & FLAG_STALE


@settings(max_examples=100 if PLAIN else 300, deadline=None)
@given(st.lists(st.tuples(HONEST, HONEST), min_size=3, max_size=5), LIES, LIES)
@example(
    [
        *[(book_at(0.0, 1.0, 0.0, 1.0, 1.0, 67), book_at(0.0, 1.0, 0.0, 1.0, 1.0, 67))] * 2,
        (book_at(0.0, 2.0, 0.0, 60.0, 1.0, 67), book_at(39.5, 4.0, 0.0, 1.0, 483979545.0, 4532)),
    ],
    {"state": STATE_GAP},
    book_at(37.0, 1.0, 1.0, 1.0, 1.0, 0),  # the newest of all, which makes the others older
)
def test_a_venue_that_lies_in_two_books_is_one_venue(told: list[tuple[Book, Book]], one: Book, other: Book) -> None:
    composites = Composites(PAIRS[: 2 * len(told)], ["BTC"])
    flat = [book for pair in told for book in pair]
    before = composite_of(composites, rows_of(*flat))

    lied = [{**flat[0], **one}, {**flat[1], **other}, *flat[2:]]
    after = composite_of(composites, rows_of(*lied))

    assert before["bid"] * (1 - 1e-12) <= after["microprice"] <= before["ask"] * (1 + 1e-12)


@settings(max_examples=100 if PLAIN else 300, deadline=None)
@given(st.lists(HONEST, min_size=2, max_size=7))
@example([book_at(0.0, 1.0, 0.5, 1.0, 1e6, 0)] * 2)
def test_the_price_lies_among_the_venues_and_their_order_does_not_matter(told: list[Book]) -> None:
    composites = Composites(VENUES[: len(told)], ["BTC"])

    row = composite_of(composites, rows_of(*told))
    turned = composite_of(composites, rows_of(*reversed(told)))

    micros = [book["microprice"] for book in told]
    assert min(micros) * (1 - 1e-12) <= row["microprice"] <= max(micros) * (1 + 1e-12)
    assert row["bid"] <= row["microprice"] <= row["ask"]
    assert math.isclose(row["microprice"], turned["microprice"], rel_tol=1e-12)
    assert row["sequence"] == len(told)
