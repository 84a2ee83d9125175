"""The books of one connection, and the array through which its decoder finds them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import desk as layout
from signald.core.kernels.desk import mix
from signald.core.kernels.jit import plain
from signald.core.kernels.machine import WordArray, scatter
from signald.errors import ConfigError
from signald.model.instruments import Instrument, InstrumentId

LEVELS_ROOM: Final = 8_192
"""Levels a side that fit one frame; the longest snapshot of the venues here has 5,000."""


class Desk:
    """Books by the venue's symbols.

    Args:
        books: In order; each is found by its instrument's ``venue_symbol``.
        room: Levels a side that may come in one frame.

    Raises:
        ConfigError: A symbol is too long or not plain ASCII, or stands twice.
    """

    def __init__(self, books: Sequence[Book], *, room: int = LEVELS_ROOM) -> None:
        self.books = tuple(books)
        width = max(2, (2 * len(self.books)).bit_length())
        levels = layout.ROUTES + (layout.ROUTE_WORDS << width)
        self.words: WordArray = np.zeros(levels + 4 * room, dtype=np.int64)
        self.words[layout.ROUTE_WIDTH] = width
        self.words[layout.LEVELS] = levels
        self.words[layout.ROOM] = room
        self._number_of: dict[str, int] = {}
        for number, book in enumerate(self.books):
            self._add_route(number, book)

    def number_of(self, symbol: str) -> int | None:
        """Which book is of the venue's ``symbol``; None if none is."""
        return self._number_of.get(symbol)

    def current(self) -> int | None:
        """Which book the last frame was for; None if that could not be read or is none of ours."""
        return int(self.words[layout.CURRENT_NUMBER]) if self.words[layout.CURRENT] else None

    def _add_route(self, number: int, book: Book) -> None:
        symbol = book.instrument.venue_symbol
        if symbol in self._number_of:
            raise ConfigError(book.instrument.id, f"venue_symbol: {symbol!r} stands twice on one connection")
        readable = symbol.isascii() and symbol.isprintable() and not set(symbol) & {'"', "\\"}
        if not readable or not 0 < len(symbol) < layout.LONGEST_SYMBOL:
            problem = f"venue_symbol: {symbol!r} is not 1 to {layout.LONGEST_SYMBOL - 1} plain characters"
            raise ConfigError(book.instrument.id, problem)
        self._number_of[symbol] = number
        parts = np.frombuffer(symbol.encode().ljust(layout.LONGEST_SYMBOL, b"\0"), dtype=np.int64)
        width = int(self.words[layout.ROUTE_WIDTH])
        slot = plain(scatter)(plain(mix)(*(int(part) for part in parts)), width)
        while self._entry(slot)[layout.ROUTE_LENGTH]:
            slot = (slot + 1) % (1 << width)
        entry = self._entry(slot)
        entry[layout.ROUTE_LENGTH] = len(symbol)
        entry[layout.ROUTE_SYMBOL : layout.ROUTE_SYMBOL + layout.SYMBOL_WORDS] = parts
        entry[layout.ROUTE_ADDRESS] = book.address
        entry[layout.ROUTE_NUMBER] = number

    def _entry(self, slot: int) -> WordArray:
        start = layout.ROUTES + layout.ROUTE_WORDS * slot
        return self.words[start : start + layout.ROUTE_WORDS]


def build_books(
    names: Sequence[InstrumentId], instruments: Sequence[Instrument], board: Board, *, unchecked: int = 0
) -> tuple[Book, ...]:
    """Build the books of one connection.

    Args:
        names: Whose, in order.
        instruments: Those of all venues, in the order of the board's rows.
        board: Where they show.
        unchecked: Flags of all their rows: what cannot be checked of them.

    Raises:
        ConfigError: An instrument is not among ``instruments``, or its tick or lot size cannot be used.
    """
    place = "instruments"
    rows = {instrument.id: row for row, instrument in enumerate(instruments)}
    books: list[Book] = []
    for name in names:
        row = rows.get(name)
        if row is None:
            problem = f"{name!r} is not known"
            raise ConfigError(place, problem)
        try:
            cell = board.writer_row(row)
            books.append(Book(instruments[row], cell, slippage_usd=board.slippage_usd, unchecked=unchecked))
        except ValueError as error:
            raise ConfigError(name, str(error)) from error
    return tuple(books)
