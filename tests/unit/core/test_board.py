import math

import numpy as np
import pytest

from signald.core.board import Board, as_of, empty_rows, rows_from_bytes
from signald.core.book import Book
from signald.core.kernels import rows
from tests.support.instruments import BTCUSDT, ETHUSDT
from tests.support.rows import live_rows

NAMES = [BTCUSDT.id, ETHUSDT.id]


def test_rows_stand_in_the_order_of_the_instruments() -> None:
    board = Board(NAMES)
    Book(ETHUSDT, board.writer_row(1)).show(rows.STATE_LIVE)

    read = board.read()

    assert board.instruments == tuple(NAMES)
    assert read.shape == (2,)
    assert read["state"].tolist() == [rows.STATE_DISCONNECTED, rows.STATE_LIVE]


def test_boards_over_one_buffer_show_the_same() -> None:
    buffer = bytearray(Board.nbytes(2))
    writer, reader = Board(NAMES, buffer), Board(NAMES, memoryview(buffer))

    Book(BTCUSDT, writer.writer_row(0)).show(rows.STATE_LIVE)

    assert reader.read()["state"].tolist() == [rows.STATE_LIVE, rows.STATE_DISCONNECTED]


def test_what_was_read_does_not_change() -> None:
    board = Board(NAMES)
    book = Book(BTCUSDT, board.writer_row(0))
    before = board.read()

    book.show(rows.STATE_LIVE)

    assert before["state"][0] == rows.STATE_DISCONNECTED


def test_rows_are_the_same_after_a_journal() -> None:
    board = Board(NAMES)
    Book(BTCUSDT, board.writer_row(0)).show(rows.STATE_LIVE)
    read = board.read()

    again = rows_from_bytes(read.tobytes())

    assert again.tobytes() == read.tobytes()
    assert again["state"].tolist() == read["state"].tolist()


def test_empty_rows_are_those_of_an_empty_board() -> None:
    assert empty_rows(2).tobytes() == Board(NAMES).read().tobytes()
    assert math.isnan(empty_rows(1)["flow_1s"][0])


def test_bytes_that_are_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        rows_from_bytes(bytes(100))


@pytest.mark.parametrize("buffer", [bytearray(100), bytes(Board.nbytes(2)), memoryview(bytes(Board.nbytes(2)))])
def test_a_buffer_that_cannot_hold_the_rows_is_refused(buffer: bytearray) -> None:
    with pytest.raises(ValueError, match="buffer"):
        Board(NAMES, buffer)


def test_a_row_has_room_for_fields_to_come() -> None:
    assert rows.ROW_FIELDS.itemsize == 8 * rows.ROW_WORDS == np.dtype(rows.ROW_FIELDS).itemsize
    assert len(rows.ROW_FIELDS.names or ()) == rows.ROW_USED


def test_of_an_earlier_moment_only_books_that_have_not_changed_since_tell() -> None:
    read = live_rows(2, ts_ingest=1_000)
    read["ts_touch"][1] = 2_001

    before = as_of(read, 2_000)

    assert before["state"].tolist() == [rows.STATE_LIVE, rows.STATE_GAP]
    assert read["state"].tolist() == [rows.STATE_LIVE, rows.STATE_LIVE]
    assert as_of(read, 2_001) is read
