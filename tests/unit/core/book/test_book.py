from decimal import Decimal

import numpy as np
import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import layout, rows
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE
from tests.support.instruments import BTCUSDT, spot
from tests.support.kernel_probes import pairs_of, probe_apply, probe_outside

D = Decimal


def filled() -> Book:
    book = Book(BTCUSDT)
    probe_apply(book.words, BID_SIDE, pairs_of((6_183_763, 378_826), (6_183_000, 5), (1, 7)))
    probe_apply(book.words, ASK_SIDE, pairs_of((6_183_764, 154_698), (20_000_000, 9)))
    return book


def test_levels_are_exact_decimals_best_first() -> None:
    book = filled()

    assert book.levels("bid", 2) == [(D("61837.63"), D("3.78826")), (D("61830.00"), D("0.00005"))]
    assert book.levels("bid", 9)[-1] == (D("0.01"), D("0.00007"))
    assert book.levels("ask", 9) == [(D("61837.64"), D("1.54698")), (D("200000.00"), D("0.00009"))]
    assert book.counts == (3, 2)
    assert book.touch() == (book.levels("bid", 1)[0], book.levels("ask", 1)[0])


def test_a_new_book_is_empty_and_disconnected() -> None:
    board = Board([BTCUSDT.id])
    book = Book(BTCUSDT, board.writer_row(0))

    assert (book.levels("bid", 5), book.touch(), book.counts) == ([], (None, None), (0, 0))
    assert (book.applied, book.sequence, book.phase) == (0, 0, layout.PHASE_OFF)
    assert board.read()["state"][0] == rows.STATE_DISCONNECTED


def test_forgetting_leaves_nothing_but_the_count_of_frames() -> None:
    board = Board([BTCUSDT.id])
    book = Book(BTCUSDT, board.writer_row(0))
    fresh = book.words.copy()
    probe_apply(book.words, BID_SIDE, pairs_of((6_183_763, 5), (5, 5)))
    probe_outside(book.words, ASK_SIDE, 10**12, 5)
    book.words[layout.ROW + rows.APPLIED] = 12
    book.words[layout.TICKER_SEQUENCE : layout.TICKER + 4] = 7
    book.words[layout.FLOW : layout.FLOW + 11] = 7
    book.words[layout.LAST] = 7

    book.forget(rows.STATE_GAP)

    assert board.read()["state"][0] == rows.STATE_GAP
    changed = np.flatnonzero(book.words != fresh)
    kept = {layout.ROW + rows.APPLIED, layout.ROW + rows.STATE, *range(layout.CHANGED, layout.MONEY)}
    assert set(changed.tolist()) <= kept
    assert book.applied == 12


def test_a_book_is_kept_in_finer_ticks_when_it_must() -> None:
    book = filled()
    before = book.levels("bid", 9), book.levels("ask", 9)

    assert book.refine(ticks=True)
    assert book.refine(ticks=False)

    assert book.steps == (D("0.001"), D("0.000001"))
    assert (book.levels("bid", 9), book.levels("ask", 9)) == before
    assert tuple(book.words[layout.BEST : layout.BEST + 2]) == (61_837_630, 61_837_640)


def test_ticks_become_no_finer_than_a_millionth() -> None:
    book = filled()

    assert [book.refine(ticks=True) for _ in range(7)] == [True] * 6 + [False]
    assert book.levels("bid", 1) == [(D("61837.63"), D("3.78826"))]


def test_lots_become_no_finer_than_the_largest_size_allows() -> None:
    book = Book(BTCUSDT)
    probe_apply(book.words, BID_SIDE, pairs_of((5, 10**16)))

    assert [book.refine(ticks=False) for _ in range(3)] == [True, False, False]
    assert book.levels("bid", 1) == [(D("0.05"), D(10) ** 11)]


def test_a_book_kept_in_finer_steps_is_kept_in_its_own_again() -> None:
    book = filled()
    book.words[layout.KNOWN : layout.KNOWN + 2] = 600_000, 70_000_000
    before = book.words.copy()
    steps = book.steps
    assert book.refine(ticks=True)
    assert book.refine(ticks=True)
    assert book.refine(ticks=False)

    assert book.coarsen(steps)

    assert book.steps == steps
    assert np.array_equal(book.words[: layout.BITS], before[: layout.BITS])
    assert book.levels("ask", 9) == filled().levels("ask", 9)


def test_steps_stay_fine_while_something_lies_between_coarser_ones() -> None:
    book = filled()
    steps = book.steps
    assert book.refine(ticks=False)
    probe_apply(book.words, BID_SIDE, pairs_of((6_183_762, 11)))

    assert not book.coarsen(steps)

    assert book.levels("bid", 2)[1] == (D("61837.62"), D("0.000011"))


def test_forgetting_makes_the_steps_the_instruments_own() -> None:
    book = filled()
    for _ in range(6):
        assert book.refine(ticks=False)

    book.forget(rows.STATE_GAP)

    assert book.steps == (D("0.01"), D("0.00001"))
    assert tuple(book.words[layout.SIZE : layout.SIZE + 4]) == tuple(Book(BTCUSDT).words[layout.SIZE : layout.SIZE + 4])


@pytest.mark.parametrize("held", [True, False])
def test_staleness_is_flagged_until_it_is_taken_back(*, held: bool) -> None:
    board = Board([BTCUSDT.id])
    book = Book(BTCUSDT, board.writer_row(0))

    book.mark_stale(held=held)
    flagged = (int(board.read()["flags"][0]), book.is_stale, int(book.words[layout.HELD]))
    book.mark_fresh()

    assert flagged == (rows.FLAG_STALE, True, rows.FLAG_STALE if held else 0)
    assert (int(board.read()["flags"][0]), book.is_stale, int(book.words[layout.HELD])) == (0, False, 0)


def test_a_book_that_succeeds_another_shows_in_its_place() -> None:
    board = Board([BTCUSDT.id])
    old, new = Book(BTCUSDT, board.writer_row(0)), filled()
    old.words[layout.ROW + rows.APPLIED] = 12
    new.words[layout.ROW + rows.STATE] = rows.STATE_LIVE

    new.succeed(old)
    old.show(rows.STATE_DISCONNECTED)

    assert (int(board.read()["state"][0]), int(board.read()["applied"][0])) == (rows.STATE_LIVE, 12)


def test_a_book_takes_no_more_than_two_megabytes() -> None:
    assert Book(BTCUSDT).words.nbytes <= 2_000_000


@pytest.mark.parametrize(("tick", "lot"), [("0", "1"), ("1", "-1"), ("0.01", "NaN")])
def test_steps_that_cannot_be_used_are_refused(tick: str, lot: str) -> None:
    with pytest.raises(ValueError, match="step"):
        Book(spot("X", "Y", tick=tick, lot=lot))
