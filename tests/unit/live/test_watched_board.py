"""Rows of whoever does not say that it lives are not taken for fresh."""

import numpy as np

from signald.core.board import Board
from signald.core.kernels.publish import publish
from signald.core.kernels.rows import FLAG_STALE, ROW_WORDS, STATE_DISCONNECTED, STATE_LIVE
from signald.live.family_state import FamilyState
from signald.model.time import NS_PER_S
from tests.support.rows import live_rows
from tests.unit.live.test_rehearsal import Clock

NAMES = ("A.X", "B.Y")


def family_with_live_books() -> FamilyState:
    """Two workers, a book each, both live."""
    family = FamilyState(NAMES, {"feed-1": [0], "feed-2": [1]}, slippage_usd=())
    write(family.board())
    return family


def write(board: Board) -> None:
    words = np.frombuffer(live_rows().tobytes(), np.int64).reshape(-1, ROW_WORDS)
    for number, row in enumerate(words):
        publish(board.writer_row(number), row.copy())


def test_rows_of_a_silent_worker_are_flagged_as_they_are_read() -> None:
    family, clock = family_with_live_books(), Clock(0)
    board = family.watched_board(clock)
    clock.mono = 10 * NS_PER_S
    family.roster.beat("feed-1", clock.mono - 2 * NS_PER_S)
    family.roster.beat("feed-2", clock.mono)

    rows = board.read()

    assert rows["flags"].tolist() == [FLAG_STALE, 0]
    assert family.board().read()["flags"].tolist() == [0, 0]  # what is written is not ours to change


def test_books_of_a_worker_that_is_gone_are_disconnected() -> None:
    family = family_with_live_books()

    lost = family.disown("feed-2")

    assert lost == ["B.Y"]
    assert family.board().read()["state"].tolist() == [STATE_LIVE, STATE_DISCONNECTED]
    assert (family.tally.gaps("A.X"), family.tally.gaps("B.Y")) == (0, 1)


def test_whoever_comes_back_writes_the_same_rows() -> None:
    family = family_with_live_books()
    family.disown("feed-2")

    write(family.board())

    assert family.board().read()["state"].tolist() == [STATE_LIVE, STATE_LIVE]


def test_a_process_that_is_gone_tells_nothing_any_more() -> None:
    family = family_with_live_books()
    family.metrics("feed-1").tell(family.page("feed-1"))
    told = list(family.page("feed-1").read())

    family.disown("feed-1")

    assert told
    assert list(family.page("feed-1").read()) == []
