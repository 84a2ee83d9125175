"""One connection to dYdX's indexer: how it is asked, and what it says."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.dydx.config import DydxConfig
from signald.sources.venues.dydx.decode import NUMBER, apply_frame
from signald.sources.venues.dydx.messages import BOOKS, decode_told, plainest

_ASKINGS_PER_MINUTE: Final = 60
_PAUSE_NS: Final = 600 * NS_PER_MS
"""Between two subscriptions: the server bears two a second."""


def build(config: DydxConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = "") -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`."""
    books = build_books(config.instruments, instruments, board)
    dialect = DydxDialect(batched=config.batched)
    return InBandSource(
        channel or config.name,
        "/v4/ws",
        books,
        dialect=dialect,
        subscriptions=Subscriptions(
            subscribe=dialect.subscribe,
            unsubscribe=dialect.unsubscribe,
            batch=1,
            per_minute=_ASKINGS_PER_MINUTE,
            pause_ns=_PAUSE_NS,
        ),
        judge=StalenessJudge(
            books,
            after_ms=config.stale_after_ms,
            move_bps=config.stale_move_bps,
            peers=Peers(board, instruments, books),
        ),
        malformed_per_minute=config.malformed_per_minute,
    )


class DydxDialect:
    """dYdX's words.

    Args:
        batched: Whether updates are to be gathered.
    """

    ping = b""
    greetings = ()
    sequence = NUMBER
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def __init__(self, *, batched: bool) -> None:
        self._batched = batched

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"type":"subscribe","channel":"v4_orderbook","id":"BTC-USD","batched":false}`."""
        order = {"type": "subscribe", "channel": BOOKS, "id": symbols[0], "batched": self._batched}
        return msgspec.json.encode(order)

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"type":"unsubscribe","channel":"v4_orderbook","id":"BTC-USD"}`."""
        return msgspec.json.encode({"type": "unsubscribe", "channel": BOOKS, "id": symbols[0]})

    def hear(self, frame: bytes) -> Told:
        """`{"type":"error","message":"Invalid channel: …","message_id":3}`, or what is nobody's concern."""
        told = decode_told(frame)
        return Told(Kind.REFUSAL, told.message) if told.type == "error" else Told(Kind.NOTHING)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # noqa: ARG002  # there are no checksums
        """There are no checksums."""
        return True

    def forget(self, book: Book) -> None:
        """Nothing is kept."""
