"""One connection to OKX: how it is asked, what it says, and what its checksums are compared with."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.layout import VENUE
from signald.core.kernels.machine import WordArray
from signald.core.kernels.members import SNAPSHOT
from signald.model.instruments import Instrument
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.okx.checksum import WireBook
from signald.sources.venues.okx.config import OkxConfig
from signald.sources.venues.okx.decode import ACTION, CHECKSUM, FINAL, WRITTEN, apply_frame
from signald.sources.venues.okx.messages import BOOKS, TOUCH, decode_frame, decode_told, plainest

_BATCH: Final = 100
"""Symbols in one frame: two channels each make 12 KB of the 64 KB that it may have."""
_ASKINGS_PER_MINUTE: Final = 4
"""Of 480 in an hour; to ask anew is to give up and to ask."""
_UPGRADE: Final = "64008"


def build(config: OkxConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = "") -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`."""
    dialect = OkxDialect(touch=config.touch)
    books = build_books(config.instruments, instruments, board)
    return InBandSource(
        channel or config.name,
        "/public",
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
    )


class OkxDialect:
    """OKX's words.

    Args:
        touch: Whether `bbo-tbt` is asked for beside `books`.
    """

    ping = b"ping"
    greetings = ()
    sequence = FINAL
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def __init__(self, *, touch: bool) -> None:
        self._touch = touch
        self._wire_books: dict[int, WireBook] = {}

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},…]}`."""
        return self._operation("subscribe", symbols, (BOOKS, TOUCH) if self._touch else (BOOKS,))

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`; `bbo-tbt` goes on."""
        return self._operation("unsubscribe", symbols, (BOOKS,))

    def hear(self, frame: bytes) -> Told:
        """`pong`, `{"event":"error","code":"60012","msg":"…"}`, `{"event":"notice","code":"64008","msg":"…"}`."""
        if frame == b"pong":
            return Told(Kind.PONG)
        told = decode_told(frame)
        match told.event:
            case "error":
                return Told(Kind.REFUSAL, f"{told.code}: {told.msg}")
            case "notice" if told.code == _UPGRADE:
                return Told(Kind.RECONNECT, "the server announced its upgrade")
            case _:
                return Told(Kind.NOTHING)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # there are no checksums
        """Compare a frame's checksum with the book's own; True where it has none."""
        wanted = int(words[CHECKSUM])
        if words[ACTION] == SNAPSHOT:
            self.forget(book)
            return wanted == 0 or self._verify_in(WireBook(), book, frame, wanted)
        return self._verify_in(self._wire_books.get(book.address) or WireBook.of(book), book, frame, wanted)

    def _verify_in(self, wire: WireBook, book: Book, frame: bytes, wanted: int) -> bool:
        """Compare in the digits that were sent; from here on all of a book's, if some of them are needless."""
        for element in decode_frame(frame).data or ():
            wire.apply(element)
        if not wire.is_plain:
            self._wire_books[book.address] = wire
            book.words[VENUE] |= WRITTEN
        return wanted in (0, wire.checksum())

    def forget(self, book: Book) -> None:
        """The text of a book's levels is void."""
        self._wire_books.pop(book.address, None)

    @staticmethod
    def _operation(name: str, symbols: Sequence[str], channels: Sequence[str]) -> bytes:
        args = [{"channel": channel, "instId": symbol} for symbol in symbols for channel in channels]
        return msgspec.json.encode({"op": name, "args": args})
