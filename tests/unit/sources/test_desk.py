import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import outcomes
from signald.errors import ConfigError
from signald.model.instruments import Instrument
from signald.sources.desk import Desk, build_books
from signald.sources.venues.binance.decode import apply_frame
from tests.support.instruments import BTCUSDT, ETHUSDT, spot

SYMBOLS = st.text(string.ascii_uppercase + string.digits + "-_/:.", min_size=1, max_size=31)


def book_of(symbol: str) -> Book:
    return Book(Instrument(**{**BTCUSDT_FIELDS, "id": f"{symbol}.BINANCE", "venue_symbol": symbol}))


BTCUSDT_FIELDS = {name: getattr(BTCUSDT, name) for name in BTCUSDT.__struct_fields__}
SHARED = [book_of(f"book {number}") for number in range(12)]


def route(desk: Desk, symbol: str) -> int | None:
    """Which book a frame of ``symbol`` is for."""
    data = {"e": "depthUpdate", "E": 1, "s": symbol, "U": 1, "u": 1, "b": [], "a": []}
    outcome = apply_frame(json.dumps(data, separators=(",", ":")).encode(), 1, desk.words)
    assert outcome == (outcomes.UNKNOWN_SYMBOL if desk.current() is None else outcomes.KEEP)
    return desk.current()


@given(st.lists(SYMBOLS, min_size=1, max_size=12, unique=True), SYMBOLS)
def test_a_frame_finds_the_book_of_its_symbol(symbols: list[str], other: str) -> None:
    for book, symbol in zip(SHARED, symbols, strict=False):
        object.__setattr__(book, "instrument", Instrument(**{**BTCUSDT_FIELDS, "venue_symbol": symbol}))
    desk = Desk(SHARED[: len(symbols)], room=8)

    assert [route(desk, symbol) for symbol in symbols] == list(range(len(symbols)))
    assert [desk.number_of(symbol) for symbol in symbols] == list(range(len(symbols)))
    if other not in symbols:
        assert route(desk, other) is None
        assert desk.number_of(other) is None


@pytest.mark.parametrize("symbol", ["", "X" * 32, 'A"B', "A\\B", "币安", "A\nB"])
def test_a_symbol_that_frames_cannot_be_found_by_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigError, match="venue_symbol"):
        Desk([book_of(symbol)])


def test_a_symbol_that_stands_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="twice"):
        Desk([book_of("X"), book_of("X")])


def test_books_write_the_rows_of_their_instruments() -> None:

    board = Board([ETHUSDT.id, BTCUSDT.id])
    (book,) = build_books([BTCUSDT.id], [ETHUSDT, BTCUSDT], board)

    book.show(2)

    assert board.read()["state"].tolist() == [0, 2]


def test_an_instrument_that_is_not_there_or_has_no_steps_is_refused() -> None:

    broken = spot("X", "Y", tick="0", lot="1")
    board = Board([broken.id])

    with pytest.raises(ConfigError, match=r"'BTCUSDT\.BINANCE' is not known"):
        build_books([BTCUSDT.id], [broken], board)
    with pytest.raises(ConfigError, match="step"):
        build_books([broken.id], [broken], board)
