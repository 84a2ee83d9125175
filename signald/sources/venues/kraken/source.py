"""One connection to Kraken: how it is asked, what it says, and what its checksums are compared with."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.core.kernels.members import SNAPSHOT
from signald.model.instruments import Instrument
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import BlindSource, InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.kraken.checksum import WireBook
from signald.sources.venues.kraken.config import KrakenConfig
from signald.sources.venues.kraken.decode import CHECKSUM, EVENT, PLACES, TYPE, apply_frame
from signald.sources.venues.kraken.messages import Frame, decode_frame, decode_told, plainest
from signald.sources.venues.kraken.written import COMPARED, DEPTH, FLAGS, WRITTEN

_BATCH: Final = 100
_ASKINGS_PER_MINUTE: Final = 60
_DEPTHS: Final = frozenset({10, 25, 100, 500, 1000})
_ROOM: Final = 2_048
"""Levels a side that fit one frame: twice the deepest book's. To cut a side back from many more would take long."""


def build(config: KrakenConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = "") -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`."""
    books = build_books(config.instruments, instruments, board)
    dialect = KrakenDialect(books, config.depth)
    return BlindSource(
        channel or config.name,
        "/v2",
        books,
        dialect=dialect,
        subscriptions=Subscriptions(
            subscribe=dialect.subscribe,
            unsubscribe=dialect.unsubscribe,
            batch=_BATCH,
            per_minute=_ASKINGS_PER_MINUTE,
        ),
        judge=StalenessJudge(
            books,
            after_ms=config.stale_after_ms,
            move_bps=config.stale_move_bps,
            peers=Peers(board, instruments, books),
        ),
        malformed_per_minute=config.malformed_per_minute,
        room=_ROOM,
    )


class KrakenDialect:
    """Kraken's words.

    Args:
        books: Those of the connection.
        depth: Levels a side to ask for.
    """

    ping = b'{"method":"ping"}'
    greetings = ()
    sequence = EVENT
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def __init__(self, books: Sequence[Book], depth: int) -> None:
        self._depth = depth
        self._books = {book.instrument.venue_symbol: book for book in books}
        self._told: set[str] = set()
        self._wire_books: dict[int, WireBook] = {}
        for book in books:
            book.words[DEPTH] = depth

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":100}}`."""
        return self._order("subscribe", symbols)

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """The same with `unsubscribe`."""
        return self._order("unsubscribe", symbols)

    def hear(self, frame: bytes) -> Told:
        """`{"method":"pong"}`, `{"method":"subscribe","result":{…,"depth":10},"success":true}`, or its failure."""
        told = decode_told(frame)
        if told.method == "pong":
            return Told(Kind.PONG)
        if not told.success or told.error:
            return Told(Kind.REFUSAL, told.error)
        given = told.result
        if told.method == "subscribe" and given is not None and given.symbol in self._books and given.depth in _DEPTHS:
            self._books[given.symbol].words[DEPTH] = given.depth
            self._told.add(given.symbol)
        return Told(Kind.NOTHING)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # there are no checksums
        """Compare a frame's checksum in the digits that were sent; the kernel compares most by itself."""
        if words[TYPE] == SNAPSHOT:
            self.forget(book)
            self._find_depth(book)
            if book.words[FLAGS] & COMPARED:
                return True
            wire = WireBook(int(book.words[DEPTH]))
        else:
            wire = self._wire_books.get(book.address) or WireBook.of(book)
        varies = any(each & (each - 1) for each in words[PLACES : PLACES + 2].tolist())
        varies |= words[TYPE] != SNAPSHOT
        return self._compare(wire, book, decode_frame(frame), int(words[CHECKSUM]), keep=bool(varies))

    def forget(self, book: Book) -> None:
        """The text of a book's levels is void."""
        self._wire_books.pop(book.address, None)

    def _compare(self, wire: WireBook, book: Book, frame: Frame, wanted: int, *, keep: bool) -> bool:
        for element in frame.data:
            wire.apply(element)
        if keep:
            self._wire_books[book.address] = wire
            book.words[FLAGS] |= WRITTEN
        return wire.checksum() == wanted

    def _find_depth(self, book: Book) -> None:
        """A recording may have another depth than we ask for; it shows where both sides are full."""
        bids, asks = book.counts
        if book.instrument.venue_symbol not in self._told and bids == asks and bids in _DEPTHS:
            book.words[DEPTH] = bids

    def _order(self, method: str, symbols: Sequence[str]) -> bytes:
        params = {"channel": "book", "symbol": list(symbols), "depth": self._depth}
        return msgspec.json.encode({"method": method, "params": params})
