"""One connection to Coinbase: how it is asked, and what it says."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.errors import ConfigError
from signald.model.instruments import Instrument
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.sliced import SlicedSource
from signald.sources.slices import Slicing
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.coinbase.config import CoinbaseConfig
from signald.sources.venues.coinbase.decode import apply_frame, read_slice, take_snapshot
from signald.sources.venues.coinbase.messages import decode_told, plainest
from signald.sources.venues.coinbase.words import GOES_ON_KEY, LEFT, LEFT_AT, NUMBER, TAKEN

_MOST_PRODUCTS: Final = 30
_ROOM: Final = 65_536
"""Levels a side that fit one frame; a snapshot has 27,000."""
_HEAD: Final = 256
_ASKINGS_PER_MINUTE: Final = 60


def build(
    config: CoinbaseConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = ""
) -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`.

    Raises:
        ConfigError: There are more instruments than one connection may have.
    """
    books = build_books(config.instruments, instruments, board)
    name = channel or config.name
    if len(books) > _MOST_PRODUCTS:
        problem = f"instruments: {len(books)}, and one connection may have {_MOST_PRODUCTS}: write another table"
        raise ConfigError(name, problem)
    dialect = CoinbaseDialect()
    return SlicedSource(
        name,
        "",
        books,
        dialect=dialect,
        subscriptions=Subscriptions(
            subscribe=dialect.subscribe,
            unsubscribe=dialect.unsubscribe,
            batch=_MOST_PRODUCTS,
            per_minute=_ASKINGS_PER_MINUTE,
        ),
        judge=StalenessJudge(
            books,
            after_ms=config.stale_after_ms,
            move_bps=config.stale_move_bps,
            peers=Peers(board, instruments, books),
        ),
        malformed_per_minute=config.malformed_per_minute,
        slicing=Slicing(
            read=read_slice,
            take=take_snapshot,
            left=LEFT,
            left_at=LEFT_AT,
            number=NUMBER,
            taken=TAKEN,
            bare=_counted,
            again=_again,
        ),
        room=_ROOM,
    )


class CoinbaseDialect:
    """Coinbase's words."""

    ping = b""
    greetings = (b'{"type":"subscribe","channel":"heartbeats"}',)
    sequence = NUMBER
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"type":"subscribe","product_ids":["BTC-USD"],"channel":"level2"}`."""
        return _order("subscribe", symbols)

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """The same with `unsubscribe`; `heartbeats` go on."""
        return _order("unsubscribe", symbols)

    def hear(self, frame: bytes) -> Told:
        """`{"type":"error","message":"…"}`, or what is nobody's concern: heartbeats, acknowledgements."""
        told = decode_told(frame)
        return Told(Kind.REFUSAL, told.message) if told.type == "error" else Told(Kind.NOTHING)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # noqa: ARG002  # there are no checksums
        """Coinbase sends no checksums."""
        return True

    def forget(self, book: Book) -> None:
        """Nothing is kept."""


def _counted(number: int) -> bytes:
    """A frame of no book's with that number."""
    return b'{"channel":"other","sequence_num":%d}' % number


def _again(frame: bytes, number: int, words: WordArray) -> bytes:
    """A frame that was counted, as a part of itself: parts are not counted."""
    words[TAKEN] = number
    return frame if GOES_ON_KEY in frame[:_HEAD] else b"{%b:1,%b" % (GOES_ON_KEY, frame[1:])


def _order(kind: str, symbols: Sequence[str]) -> bytes:
    return msgspec.json.encode({"type": kind, "product_ids": list(symbols), "channel": "level2"})
