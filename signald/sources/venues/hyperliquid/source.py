"""One connection to Hyperliquid: how it is asked, and what it says."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.model.instruments import Instrument
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.hyperliquid.config import HyperliquidConfig
from signald.sources.venues.hyperliquid.decode import EVENT, apply_frame
from signald.sources.venues.hyperliquid.messages import decode_told, plainest

_ASKINGS_PER_MINUTE: Final = 60
"""Of 2,000 messages a minute for all connections of an address."""


def build(
    config: HyperliquidConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = ""
) -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`."""
    books = build_books(config.instruments, instruments, board)
    dialect = HyperliquidDialect([book.instrument.venue_symbol for book in books], config)
    return InBandSource(
        channel or config.name,
        "/ws",
        books,
        dialect=dialect,
        subscriptions=Subscriptions(
            subscribe=dialect.subscribe,
            unsubscribe=dialect.unsubscribe,
            batch=1,
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


class HyperliquidDialect:
    """Hyperliquid's words.

    Args:
        symbols: Whose books are on the connection.
        config: Which books are asked for, and whether `bbo` is beside them.
    """

    ping = b'{"method":"ping"}'
    sequence = EVENT
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def __init__(self, symbols: Sequence[str], config: HyperliquidConfig) -> None:
        self._fast = config.fast
        self.greetings = tuple(_order("subscribe", "bbo", symbol) for symbol in symbols) if config.touch else ()

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","fast":true}}`."""
        return _order("subscribe", "l2Book", *symbols, fast=self._fast)

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """The same with `unsubscribe`; `bbo` goes on."""
        return _order("unsubscribe", "l2Book", *symbols, fast=self._fast)

    def hear(self, frame: bytes) -> Told:
        """`{"channel":"pong"}`, `{"channel":"error","data":"…"}`."""
        told = decode_told(frame)
        if told.channel == "pong":
            return Told(Kind.PONG)
        return Told(Kind.REFUSAL, str(told.data)) if told.channel == "error" else Told(Kind.NOTHING)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # noqa: ARG002  # there are no checksums
        """Hyperliquid sends no checksums."""
        return True

    def forget(self, book: Book) -> None:
        """Nothing is kept."""


def _order(method: str, kind: str, coin: str, *, fast: bool = False) -> bytes:
    subscription: dict[str, object] = {"type": kind, "coin": coin}
    return msgspec.json.encode({"method": method, "subscription": subscription | ({"fast": True} if fast else {})})
