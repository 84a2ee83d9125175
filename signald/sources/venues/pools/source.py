"""Pools on one connection: which states are wanted, and each as a book."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import FLAG_UNSEQUENCED, FLAG_UNSUMMED
from signald.errors import ConfigError, MalformedFrameError
from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS
from signald.sources.desk import build_books
from signald.sources.dialect import Kind, Told
from signald.sources.inband import InBandSource
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.venues.pools.config import PoolsConfig
from signald.sources.venues.pools.ladder import Terms, asks_of, bids_of
from signald.sources.venues.pools.messages import PoolState, Watch, decode_state, decode_told
from signald.sources.whole_books import BLOCK, BlockBook, apply_frame

_BATCH: Final = 100
_ASKINGS_PER_MINUTE: Final = 60
_UNCHECKED: Final = FLAG_UNSEQUENCED | FLAG_UNSUMMED
_NOBODYS: Final = b'{"pool":"other"}'
_MOST_STEPS: Final = 2_000
_WIDEST: Final = 128  # characters of a topic that are repeated to whoever sent it


def build(config: PoolsConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = "") -> InBandSource:
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`.

    Raises:
        ConfigError: A ladder would have too many levels; an instrument's ``venue_symbol`` is no ``CHAIN/POOL`` of its
            own, or its contract not one unit.
    """
    steps = config.reach_bps / config.step_bps
    if steps > _MOST_STEPS:
        raise ConfigError(config.name, f"reach_bps: {steps:.0f} levels of step_bps are more than {_MOST_STEPS}")
    pools = _pools(config, instruments)
    # A pool's address is longer than what the kernel tells books apart by: its place among the pools does as well.
    placed = {one.id: msgspec.structs.replace(one, venue_symbol=str(at)) for at, one in enumerate(pools.values())}
    books = build_books(
        config.instruments, [placed.get(one.id, one) for one in instruments], board, unchecked=_UNCHECKED
    )
    dialect = PoolsDialect(pools, config)
    return InBandSource(
        channel or config.name,
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


class PoolsDialect:
    """The words between the source and the broker.

    Args:
        pools: Instruments by their topics below ``pools/``; books know them by their places here.
        config: How ladders are made.
    """

    ping = b""
    greetings = ()
    sequence = BLOCK
    may_step_back = True
    apply = staticmethod(apply_frame)

    def __init__(self, pools: dict[str, Instrument], config: PoolsConfig) -> None:
        self._topics = tuple(pools)
        self._places = {topic: str(at) for at, topic in enumerate(pools)}
        self._pools = pools
        self._config = config

    def subscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"watch":["ethereum/0x88e6"]}`."""
        return msgspec.json.encode(Watch(tuple(self._topics[int(each)] for each in symbols)))

    def unsubscribe(self, symbols: Sequence[str]) -> bytes:
        """`{"watch":[]}`: nothing is given up, for who subscribes again is told again what the broker has kept."""
        del symbols
        return msgspec.json.encode(Watch(()))

    def hear(self, frame: bytes) -> Told:
        """`{"refused":"…"}`; a pool's state begins with its topic."""
        if not frame.startswith(b"{"):
            return Told(Kind.NOTHING)
        told = decode_told(frame)
        return Told(Kind.REFUSAL, told.refused) if told.refused else Told(Kind.NOTHING)

    def plainest(self, frame: bytes) -> list[bytes]:
        """Write a pool's state as the book that it is; raises :class:`MalformedFrameError`."""
        name, _, payload = frame.partition(b" ")
        topic = name[:_WIDEST].decode("utf-8", "backslashreplace")
        instrument = self._pools.get(topic)
        if instrument is None:
            return [_NOBODYS]
        state = decode_state(topic, payload)
        terms = Terms(
            base=self._base_of(topic, instrument, state),
            decimals=state.decimals,
            fee_ppm=state.fee_ppm,
            tick_size=instrument.tick_size,
            lot_size=instrument.lot_size,
            step_bps=self._config.step_bps,
            steps=int(self._config.reach_bps / self._config.step_bps),
        )
        book = BlockBook(
            asks=asks_of(state.curve, terms),
            bids=bids_of(state.curve, terms),
            block=state.block,
            symbol=self._places[topic],
            timestamp=state.ts_event // NS_PER_MS,
        )
        return [msgspec.json.encode(book)]

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:  # noqa: ARG002  # there are no checksums
        """Nothing sums a state up."""
        return True

    def forget(self, book: Book) -> None:
        """Nothing is kept."""

    def _base_of(self, topic: str, instrument: Instrument, state: PoolState) -> int:
        """Which token is the instrument's base."""
        assets = [self._config.wrapped.get(token, token) for token in state.tokens]
        wanted = [instrument.base, instrument.quote]
        if assets not in (wanted, wanted[::-1]):
            problem = (
                f"{list(state.tokens)} are not {instrument.base} and {instrument.quote}, as {instrument.id} has it"
            )
            raise MalformedFrameError(topic, "tokens", problem)
        return assets.index(instrument.base)


def _pools(config: PoolsConfig, instruments: Sequence[Instrument]) -> dict[str, Instrument]:
    known = {one.id: one for one in instruments}
    found: dict[str, Instrument] = {}
    for name in config.instruments:
        one = known.get(name)
        if one is None:
            raise ConfigError(name, "is not known")
        topic = one.venue_symbol
        if topic in found or topic.count("/") != 1 or not topic.isprintable() or set(topic) & set(" +#"):
            raise ConfigError(name, f"venue_symbol: {topic!r} is no CHAIN/POOL of its own")
        if one.contract_size != 1:
            raise ConfigError(name, f"contract_size: {one.contract_size} is not 1: a pool is of whole tokens")
        found[topic] = one
    return found
