"""Rows in shared memory, written as fast as can be while they are read: none is torn, none goes back."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from signald.core.board import Board
from signald.core.kernels.jit import PLAIN
from signald.core.kernels.rows import FLAGS, ROW_USED, ROW_WORDS
from tests.support.row_writers import NAMES, shared_board, write_for_ever

ROOT = Path(__file__).resolve().parents[2]
ROWS = 20_000 if PLAIN else 400_000


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    path = tmp_path / "board"
    path.write_bytes(bytes(Board.nbytes(len(NAMES))))
    return path


class Watch:
    """Reads a board and checks what it reads."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.last = 0
        self.distinct = 0

    def look(self) -> None:
        words = np.frombuffer(self._board.read().tobytes(), dtype=np.int64).reshape(-1, ROW_WORDS)[0]
        number = int(words[0])
        told = [number] * ROW_USED
        told[FLAGS] = 0
        if number:
            assert words[:ROW_USED].tolist() == told
        assert number >= self.last
        self.distinct += number != self.last
        self.last = number


@pytest.mark.timeout(120)
def test_no_row_is_torn_between_processes(memory: Path) -> None:
    watch = Watch(shared_board(memory))
    command = [sys.executable, "-m", "tests.support.row_writers", str(memory), str(ROWS)]
    writer = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S603
    try:
        while writer.poll() is None:
            watch.look()
    finally:
        writer.kill()
        writer.wait()

    watch.look()

    assert watch.last == ROWS
    assert watch.distinct > 10  # a busy machine lets the reader look but now and then


@pytest.mark.timeout(120)
def test_no_row_is_torn_between_threads() -> None:
    board = Board(NAMES)
    watch = Watch(board)
    writer = threading.Thread(target=write_for_ever, args=(board.writer_row(0), ROWS // 10))
    writer.start()
    while writer.is_alive():
        watch.look()
    writer.join()

    watch.look()

    assert watch.last == ROWS // 10


def test_an_idle_writer_is_read_at_the_first_attempt(memory: Path) -> None:
    board = shared_board(memory)
    write_for_ever(board.writer_row(1), 3)

    rows = board.read()

    assert rows["ts_event"].tolist() == [0, 3]
    assert rows["flags"].tolist() == [0, 0]
