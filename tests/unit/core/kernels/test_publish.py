import math

import numpy as np
import pytest

from signald.core.kernels.jit import PLAIN
from signald.core.kernels.publish import CELL_WORDS, FIRST_SLOT, SLOTS, VERSION, publish, read_rows
from signald.core.kernels.rows import FIRST_REAL, FLAG_UNREAD, FLAGS, ROW_USED, ROW_WORDS, STATE, STATE_GAP, STATE_LIVE


def row_of(number: int) -> np.ndarray:
    row = np.full(ROW_WORDS, number, dtype=np.int64)
    row[STATE] = STATE_LIVE
    return row


def read(cell: np.ndarray, count: int = 1) -> tuple[np.ndarray, int]:
    rows = np.zeros(count * ROW_WORDS, dtype=np.int64)
    unread = read_rows(cell, rows, count)
    return rows, unread


def test_what_was_published_last_is_read() -> None:
    cell = np.zeros(CELL_WORDS, dtype=np.int64)

    for number in range(1, 20):
        publish(cell, row_of(number))
        row, unread = read(cell)

        assert row[:ROW_USED].tolist() == row_of(number)[:ROW_USED].tolist()
        assert row[ROW_USED:].tolist() == [0] * (ROW_WORDS - ROW_USED)
        assert unread == 0


def test_a_cell_that_was_never_written_says_nothing() -> None:
    row, unread = read(np.zeros(CELL_WORDS, dtype=np.int64))

    assert row[:FIRST_REAL].tolist() == [0] * FIRST_REAL
    assert np.isnan(row.view(np.float64)[FIRST_REAL:ROW_USED]).all()
    assert unread == 0


def test_a_writer_leaves_the_slot_before_alone() -> None:
    cell = np.zeros(CELL_WORDS, dtype=np.int64)
    for number in range(1, 8):
        publish(cell, row_of(number))
    before = cell.copy()

    publish(cell, row_of(8))

    written = {(int(word) - FIRST_SLOT) // ROW_WORDS for word in np.flatnonzero(cell != before) if word >= FIRST_SLOT}
    assert written == {8 % SLOTS}
    assert cell[VERSION] == 8


def test_rows_are_read_one_behind_the_other() -> None:
    board = np.zeros(3 * CELL_WORDS, dtype=np.int64)
    for place in (0, 2):
        publish(board[place * CELL_WORDS : (place + 1) * CELL_WORDS], row_of(10 + place))

    rows, unread = read(board, 3)

    assert [rows[place * ROW_WORDS] for place in range(3)] == [10, 0, 12]
    assert unread == 0


class Racing(np.ndarray):
    """A cell whose version runs on whenever it is looked at: what a reader sees whose writer is too fast."""

    def __getitem__(self, index: object) -> object:
        if index == VERSION:
            self[VERSION] = super().__getitem__(VERSION) + SLOTS
        return super().__getitem__(index)


@pytest.mark.skipif(not PLAIN, reason="compiled code reads memory, not the twin")
def test_a_row_that_cannot_be_read_says_so() -> None:
    cell = np.ones(CELL_WORDS, dtype=np.int64).view(Racing)

    row, unread = read(cell)

    assert unread == 1
    assert (row[STATE], row[FLAGS]) == (STATE_GAP, FLAG_UNREAD)
    assert math.isnan(row.view(np.float64)[FIRST_REAL])
