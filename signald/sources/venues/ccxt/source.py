"""One exchange's books through ccxt: what is asked of whoever watches them, and what comes."""

from collections.abc import Sequence
from typing import Final

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import FLAG_UNSEQUENCED, FLAG_UNSUMMED
from signald.errors import ConfigError
from signald.model.instruments import Instrument
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.ccxt.config import CcxtConfig
from signald.sources.venues.ccxt.messages import Anew, Watch, decode_told, encode, plainest
from signald.sources.whole_books import EVENT, apply_frame

_BATCH: Final = 100
_ASKINGS_PER_MINUTE: Final = 6
"""Each but the first costs a connection, and every exchange that ccxt knows has its own limit of these."""
_UNCHECKED: Final = FLAG_UNSEQUENCED | FLAG_UNSUMMED


def build(config: CcxtConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = "") -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`.

    Raises:
        ConfigError: The instruments are not of one kind.
    """
    books = build_books(config.instruments, instruments, board, unchecked=_UNCHECKED)
    name = channel or config.name
    dialect = CcxtDialect(_kind_of_all(name, [book.instrument for book in books]), config)
    return InBandSource(
        name,
        "",
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


class CcxtDialect:
    """The words between the source and whoever watches the books.

    Args:
        kind: Of the markets: ids are unique only among those of one kind.
        config: How books are watched.
    """

    ping = b""
    greetings = ()
    sequence = EVENT
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def __init__(self, kind: str, config: CcxtConfig) -> None:
        self._kind = kind
        self._config = config

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"op":"watch","books":["btcusd"],"kind":"spot","depth":50,"limit":0,"silent_after_s":60}`."""
        config = self._config
        return encode(
            Watch(symbols, self._kind, depth=config.depth, limit=config.limit, silent_after_s=config.silent_after_s)
        )

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"op":"anew","books":["btcusd"]}`."""
        return encode(Anew(symbols))

    def hear(self, frame: bytes) -> Told:
        """`{"refused":"…"}`."""
        told = decode_told(frame)
        return Told(Kind.REFUSAL, told.refused) if told.refused else Told(Kind.NOTHING)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # noqa: ARG002  # there are no checksums
        """Nothing is left of a checksum in what ccxt makes of a frame."""
        return True

    def forget(self, book: Book) -> None:
        """Nothing is kept."""


def _kind_of_all(name: str, instruments: Sequence[Instrument]) -> str:
    kinds = {instrument.kind: instrument.id for instrument in instruments}
    if len(kinds) > 1:
        (first, one), (second, other), *_ = kinds.items()
        problem = f"instruments: {one} is {first} and {other} is {second}: give each kind a table of its own"
        raise ConfigError(name, problem)
    return next(iter(kinds), "spot")
