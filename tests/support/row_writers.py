"""A writer of board rows that never rests: every word of a row says the same number, so that a torn one shows."""

import mmap
import sys
from pathlib import Path

import numpy as np

from signald.core.board import Board
from signald.core.kernels.machine import WordArray
from signald.core.kernels.publish import publish
from signald.core.kernels.rows import FLAGS, ROW_WORDS

NAMES = ("A", "B")


def shared_board(path: Path) -> Board:
    """A board in the file at ``path``, shared with every process that opens it so."""
    with path.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), Board.nbytes(len(NAMES)))
    return Board(NAMES, memoryview(memory))


def write_for_ever(cell: WordArray, rows: int) -> None:
    """Publish rows of 1, 2, 3, … in ``cell``; FLAGS stays 0."""
    row = np.zeros(ROW_WORDS, dtype=np.int64)
    for number in range(1, rows + 1):
        row[:] = number
        row[FLAGS] = 0
        publish(cell, row)


def main() -> None:
    """Write row 0 of the board in the file named by the first argument, as often as the second says."""
    write_for_ever(shared_board(Path(sys.argv[1])).writer_row(0), int(sys.argv[2]))


if __name__ == "__main__":
    main()
