import math
import random
from collections.abc import Iterable

import numpy as np
import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import layout, rows
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, NONE, RING
from tests.support.instruments import BTCUSDT, spot
from tests.support.kernel_probes import pairs_of, probe_apply, probe_row

MIDDLE = 6_180_000
NOW = 1_723_161_255_000_000_000
Levels = Iterable[tuple[int, int]]


def book_of(bids: Levels, asks: Levels, *, tick: str = "0.01", lot: str = "0.00001") -> Book:
    book = Book(spot("X", "Y", tick=tick, lot=lot))
    probe_apply(book.words, BID_SIDE, pairs_of(*bids))
    probe_apply(book.words, ASK_SIDE, pairs_of(*asks))
    return book


def row_of(book: Book, now: int = NOW) -> np.void:
    probe_row(book.words, now)
    words = book.words[layout.ROW : layout.ROW + rows.ROW_WORDS]
    return words.view(rows.ROW_FIELDS)[0]


def test_the_touch_is_in_units_of_the_instrument() -> None:
    row = row_of(book_of([(6_183_763, 378_826)], [(6_183_764, 154_698)]))

    assert (row["bid"], row["bid_size"], row["ask"], row["ask_size"]) == (61837.63, 3.78826, 61837.64, 1.54698)
    assert row["mid"] == pytest.approx(61837.635, abs=1e-9)
    assert row["spread_bps"] == pytest.approx(0.01 / 61837.635 * 1e4)
    assert row["microprice"] == pytest.approx(61837.63 + 0.01 * 3.78826 / (3.78826 + 1.54698))
    assert (row["ts_touch"], row["flags"]) == (NOW, 0)


@pytest.mark.parametrize(
    ("bids", "asks", "flags"),
    [
        ([(10, 1)], [(11, 1)], 0),
        ([(10, 1)], [(10, 1)], rows.FLAG_LOCKED),
        ([(11, 1)], [(10, 1)], rows.FLAG_CROSSED),
        ([(10, 1)], [], rows.FLAG_ONE_SIDED),
        ([], [(10, 1)], rows.FLAG_ONE_SIDED),
        ([], [], rows.FLAG_ONE_SIDED),
    ],
)
def test_what_is_odd_about_a_touch_is_flagged(bids: Levels, asks: Levels, flags: int) -> None:
    assert row_of(book_of(bids, asks))["flags"] == flags


def test_an_empty_side_is_nan() -> None:
    row = row_of(book_of([(10, 1)], []))

    assert (row["bid"], row["bid_size"]) == (0.1, 0.00001)
    for name in ("ask", "ask_size", "mid", "microprice", "spread_bps", "bid_depth_5", "ask_depth_25"):
        assert math.isnan(row[name]), name


@pytest.mark.parametrize("spread", [1, 64, 1_000, RING, 5 * RING])
@pytest.mark.parametrize("count", [1, 9, 10, 11, 30])
def test_imbalance_is_of_ten_levels_a_side_wherever_they_are(count: int, spread: int) -> None:
    pick = random.Random(count * spread)
    bids = [(10**8 - n * spread, pick.randint(1, 10**6)) for n in range(count)]
    asks = [(10**8 + 1 + n * spread, pick.randint(1, 10**6)) for n in range(count + 1)]

    row = row_of(book_of(bids, asks))

    near = [sum(lots for _, lots in side[:10]) for side in (bids, asks)]
    assert row["imbalance"] == pytest.approx((near[0] - near[1]) / (near[0] + near[1]), rel=1e-12)


@pytest.mark.parametrize("gap", [1, RING // 3, 3 * RING])
def test_imbalance_of_sides_that_are_apart(gap: int) -> None:
    bids = [(10**8 - n * 7_000, 10 + n) for n in range(12)]
    asks = [(10**8 + gap + n * 9_000, 20 + n) for n in range(12)]

    row = row_of(book_of(bids, asks))

    near = [sum(lots for _, lots in side[:10]) for side in (bids, asks)]
    assert row["imbalance"] == pytest.approx((near[0] - near[1]) / (near[0] + near[1]), rel=1e-12)


def depth(levels: Levels, low: float, high: float, tick: float, lot: float) -> float:
    return sum(price * tick * lots * lot for price, lots in levels if low <= price <= high)


@pytest.mark.parametrize("spread", [1, 13, 150, 20_000])
def test_depth_is_the_money_within_basis_points_of_mid(spread: int) -> None:
    pick = random.Random(spread)
    bids = [(MIDDLE - n * spread, pick.randint(1, 10**6)) for n in range(2_000) if n * spread < MIDDLE]
    asks = [(MIDDLE + 1 + n * spread, pick.randint(1, 10**6)) for n in range(2_000)]

    row = row_of(book_of(bids, asks))

    mid = MIDDLE + 0.5
    for bps in (5, 10, 25):
        width = mid * bps / 1e4
        assert row[f"bid_depth_{bps}"] == pytest.approx(depth(bids, mid - width, MIDDLE, 0.01, 1e-5), rel=1e-12)
        assert row[f"ask_depth_{bps}"] == pytest.approx(depth(asks, MIDDLE, mid + width, 0.01, 1e-5), rel=1e-12)


def test_depth_beyond_what_is_known_is_nan() -> None:
    book = book_of([(MIDDLE, 1), (MIDDLE - 4_000, 1)], [(MIDDLE + 1, 1), (MIDDLE + 4_000, 1)])
    book.words[layout.KNOWN : layout.KNOWN + 2] = MIDDLE - 4_000, MIDDLE + 7_000

    row = row_of(book)

    assert not math.isnan(row["bid_depth_5"])
    assert [math.isnan(row[f"bid_depth_{bps}"]) for bps in (10, 25)] == [True, True]
    assert [math.isnan(row[f"ask_depth_{bps}"]) for bps in (5, 10, 25)] == [False, False, True]


def test_depth_is_measured_no_oftener_than_it_should_be() -> None:
    book = book_of([(MIDDLE, 100_000)], [(MIDDLE + 1, 100_000)])

    first = row_of(book)["bid_depth_5"]
    probe_apply(book.words, BID_SIDE, pairs_of((MIDDLE, 200_000)))
    soon = row_of(book, NOW + 99_999_999).copy()
    later = row_of(book, NOW + 100_000_000)

    assert (soon["bid_depth_5"], soon["ts_depth"]) == (first, NOW)
    assert later["ts_depth"] == NOW + 100_000_000
    assert (first, later["bid_depth_5"]) == pytest.approx((61_800.0, 123_600.0))


def test_depth_does_not_depend_on_how_the_book_came_about() -> None:
    pick = random.Random(7)
    bids = [(MIDDLE - n, pick.randint(1, 10**9)) for n in range(3_000)]
    asks = [(MIDDLE + 1 + n, pick.randint(1, 10**9)) for n in range(3_000)]
    at_once = book_of(bids, asks)
    bit_by_bit = book_of([(MIDDLE + 5_000, 3)], [(MIDDLE + 9_000, 5)])
    row_of(bit_by_bit)
    for start in range(0, 3_000, 100):
        probe_apply(bit_by_bit.words, BID_SIDE, pairs_of(*bids[start : start + 100], (MIDDLE + 5_000, 0)))
        probe_apply(bit_by_bit.words, ASK_SIDE, pairs_of((MIDDLE + 9_000, 0), *reversed(asks[start : start + 100])))
        row_of(bit_by_bit, NOW + start * 10**6)

    ours, theirs = row_of(at_once, NOW + 10**10), row_of(bit_by_bit, NOW + 10**10)

    for bps in (5, 10, 25):
        assert ours[f"bid_depth_{bps}"] == theirs[f"bid_depth_{bps}"]
        assert ours[f"ask_depth_{bps}"] == theirs[f"ask_depth_{bps}"]


def test_a_newer_ticker_gives_the_touch() -> None:
    book = book_of([(MIDDLE, 1)], [(MIDDLE + 1, 1)])
    row_of(book)
    book.words[layout.LAST] = 100
    book.words[layout.TICKER_SEQUENCE] = 101

    assert row_of(book, NOW + 1)["ts_touch"] == NOW
    book.words[layout.LAST] = 101
    assert row_of(book, NOW + 2)["ts_touch"] == NOW + 2


def test_the_row_of_a_board_says_nothing_at_first() -> None:
    (row,) = Board([BTCUSDT.id]).read()

    assert (row["state"], row["applied"], row["ts_ingest"]) == (rows.STATE_DISCONNECTED, 0, 0)
    assert math.isnan(row["bid"])
    assert NONE == -1
