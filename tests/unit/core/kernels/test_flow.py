import random

import pytest

from signald.core.book import Book
from signald.core.kernels import layout
from signald.core.kernels.digits import LARGEST
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE
from signald.core.kernels.rows import FLOW_1S
from tests.support.instruments import BTCUSDT
from tests.support.kernel_probes import pairs_of, probe_apply, probe_row

START = 1_723_161_255_000_000_000
MS = 1_000_000
Touch = tuple[int, int, int, int]


def show(book: Book, touch: Touch, now: int) -> float:
    """Make ``touch`` (bid, lots, ask, lots) the book's only levels; the flow then."""
    words = book.words
    bid, bid_lots, ask, ask_lots = touch
    for side, tick, lots in ((BID_SIDE, bid, bid_lots), (ASK_SIDE, ask, ask_lots)):
        old = int(words[layout.BEST + side])
        pairs = [(tick, lots)] if old in {tick, layout.NONE} else [(old, 0), (tick, lots)]
        probe_apply(words, side, pairs_of(*pairs))
    words[layout.DEPTH_DUE] = 0
    probe_row(words, now)
    return float(words.view(float)[layout.ROW + FLOW_1S])


def change(before: Touch, after: Touch) -> int:
    """Equation 2 of Cont, Kukanov & Stoikov (2014), word by word."""
    (b0, q0, a0, r0), (b1, q1, a1, r1) = before, after
    return q1 * (b1 >= b0) - q0 * (b1 <= b0) - r1 * (a1 <= a0) + r0 * (a1 >= a0)


@pytest.mark.parametrize(
    ("after", "lots"),
    [
        ((100, 50, 101, 70), 0),
        ((100, 60, 101, 70), 10),
        ((100, 50, 101, 90), -20),
        ((99, 30, 101, 70), -50),
        ((100, 50, 102, 10), 70),
        ((101, 5, 102, 10), 5 + 70),
    ],
)
def test_a_change_of_the_touch_counts_as_the_paper_says(after: Touch, lots: int) -> None:
    book = Book(BTCUSDT)
    before = (100, 50, 101, 70)
    show(book, before, START)

    flow = show(book, after, START + MS)

    assert change(before, after) == lots
    assert flow == pytest.approx(lots * 1e-5)


def test_flow_is_forgotten_after_a_second() -> None:
    book = Book(BTCUSDT)
    show(book, (100, 50, 101, 70), START)
    show(book, (100, 60, 101, 70), START + 50 * MS)

    flows = [show(book, (100, 60, 101, 70), START + ms * MS) for ms in (500, 999, 1_000, 60_000)]

    assert flows == pytest.approx([10e-5, 10e-5, 0, 0])


@pytest.mark.parametrize("seed", range(3))
def test_flow_is_the_sum_over_the_tenths_of_a_second(seed: int) -> None:
    pick = random.Random(seed)
    book = Book(BTCUSDT)
    changes: list[tuple[int, int]] = []
    before: Touch | None = None
    now = START
    for _ in range(300):
        now += pick.choice((1, 7, 90, 90, 400)) * MS
        bid = pick.randint(95, 100)
        touch = (bid, pick.randint(1, 99), bid + pick.randint(1, 4), pick.randint(1, 99))
        if before is not None:
            changes.append((now, change(before, touch)))
        before = touch

        flow = show(book, touch, now)

        first = now // (100 * MS) - 9
        assert flow == pytest.approx(1e-5 * sum(lots for ts, lots in changes if ts // (100 * MS) >= first))


def test_the_largest_sizes_there_are_give_no_flow_of_another_sign() -> None:
    book = Book(BTCUSDT)
    show(book, (100, LARGEST, 101, 1), START)

    flows = [show(book, (101 + n, LARGEST, 102 + n, 1), START + n * MS) for n in range(90)]

    assert flows == sorted(flows)
    assert flows[-1] == pytest.approx(90 * LARGEST * 1e-5, rel=1e-9)


def test_an_empty_side_counts_for_nothing() -> None:
    book = Book(BTCUSDT)
    probe_apply(book.words, BID_SIDE, pairs_of((100, 50)))
    probe_row(book.words, START)

    flow = show(book, (100, 60, 101, 70), START + MS)

    assert flow == 0
