"""One connection to Bybit: which family it is for, how it is asked, what it says."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.errors import ConfigError
from signald.model.instruments import Instrument
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.bybit.config import BybitConfig
from signald.sources.venues.bybit.decode import FINAL, apply_frame
from signald.sources.venues.bybit.messages import decode_told, plainest

Family: TypeAlias = Literal["spot", "linear", "inverse"]

_BATCH: Final = 10
"""Topics in one frame: what spot allows."""
_ASKINGS_PER_MINUTE: Final = 60
_MOST_CHARACTERS: Final = 21_000
"""Of all topics of one connection together."""


def build(config: BybitConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = "") -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`.

    Raises:
        ConfigError: The instruments are of several families, or more than one connection may have.
    """
    books = build_books(config.instruments, instruments, board)
    name = channel or config.name
    family = _family_of_all(name, [book.instrument for book in books])
    dialect = BybitDialect(config.depth)
    characters = sum(len(dialect.topic(book.instrument.venue_symbol)) for book in books)
    if characters > _MOST_CHARACTERS:
        problem = f"instruments: their topics have {characters} characters, one connection may have {_MOST_CHARACTERS}"
        raise ConfigError(name, problem)
    return InBandSource(
        name,
        f"/v5/public/{family}",
        books,
        dialect=dialect,
        subscriptions=Subscriptions(
            subscribe=dialect.subscribe,
            unsubscribe=dialect.unsubscribe,
            batch=_BATCH,
            per_minute=_ASKINGS_PER_MINUTE,
            alone=True,  # nothing says that the topics beside a wrong one are subscribed
        ),
        judge=StalenessJudge(
            books,
            after_ms=config.stale_after_ms,
            move_bps=config.stale_move_bps,
            peers=Peers(board, instruments, books),
        ),
        malformed_per_minute=config.malformed_per_minute,
    )


class BybitDialect:
    """Bybit's words.

    Args:
        depth: Levels a side to ask for.
    """

    ping = b'{"op":"ping"}'
    greetings = ()
    sequence = FINAL
    may_step_back = False
    apply = staticmethod(apply_frame)
    plainest = staticmethod(plainest)

    def __init__(self, depth: int) -> None:
        self._depth = depth

    def topic(self, symbol: str) -> str:
        """`orderbook.50.BTCUSDT`."""
        return f"orderbook.{self._depth}.{symbol}"

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"op":"subscribe","args":["orderbook.50.BTCUSDT",…]}`."""
        return self._operation("subscribe", symbols)

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"op":"unsubscribe","args":["orderbook.50.BTCUSDT",…]}`."""
        return self._operation("unsubscribe", symbols)

    def hear(self, frame: bytes) -> Told:
        """`{"success":true,"ret_msg":"pong","op":"ping"}`, `{"success":false,"ret_msg":"Invalid topic…",…}`."""
        told = decode_told(frame)
        if told.op == "pong" or told.ret_msg == "pong":
            return Told(Kind.PONG)
        return Told(Kind.NOTHING) if told.success else Told(Kind.REFUSAL, told.ret_msg)

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # noqa: ARG002  # there are no checksums
        """Bybit sends no checksums."""
        return True

    def forget(self, book: Book) -> None:
        """Nothing is kept."""

    def _operation(self, name: str, symbols: Sequence[str]) -> bytes:
        return msgspec.json.encode({"op": name, "args": [self.topic(symbol) for symbol in symbols]})


def family_of(instrument: Instrument) -> Family:
    """Which of Bybit's websockets has an instrument's book."""
    if instrument.kind == "spot":
        return "spot"
    return "inverse" if instrument.quote == "USD" else "linear"


def _family_of_all(name: str, instruments: Sequence[Instrument]) -> Family:
    families: dict[Family, str] = {family_of(instrument): instrument.id for instrument in instruments}
    if len(families) > 1:
        (first, one), (second, other), *_ = families.items()
        problem = f"instruments: {one} is {first} and {other} is {second}: give each family a table of its own"
        raise ConfigError(name, problem)
    return next(iter(families)) if families else "linear"
