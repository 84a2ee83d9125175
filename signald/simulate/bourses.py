"""The demo's exchanges: one that leads and trades a peg too, a decentralised one that follows; pools, if wanted."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from signald.config import InstrumentsConfig, find_file
from signald.errors import ConfigError
from signald.model.instruments import Instrument, InstrumentId, decode_instruments
from signald.model.time import NS_PER_MS, Nanos
from signald.runtime.clock import Clock
from signald.runtime.supervisor import Supervisor
from signald.simulate.calendar import Publishes
from signald.simulate.market import Follower, Market, MarketShape
from signald.simulate.place import Place
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import ListedSymbol
from signald.simulate.venues.hyperliquid import HyperliquidSymbol, HyperliquidWords
from signald.simulate.venues.stream_exchange import StreamExchange

if TYPE_CHECKING:
    from signald.simulate.pools import Pools

INSTRUMENT: Final[InstrumentId] = "BTCUSDT.BINANCE"
PEG: Final[InstrumentId] = "USDCUSDT.BINANCE"
"""What tells the worth of the quote currency."""
FOLLOWER: Final[InstrumentId] = "BTC.HYPERLIQUID"

_USDC_IN_USDT: Final = 1.0004
_PEGS_MARKET: Final = MarketShape(
    mid=_USDC_IN_USDT,
    tick_size=0.00001,
    lot_size=1.0,
    volatility_bps=0.003,
    spread_bps=0.1,
    stressed_spread_bps=1.0,
    levels=20,
    reach_bps=20.0,
    depth_at_5_bps=3_000_000.0,
    touch_size=400_000.0,
    updates_per_step=1,
)
_BASIS: Final = -3e-4
_LAG_NS: Final[Nanos] = 200 * NS_PER_MS


class Bourses:
    """Real websockets on loopback. A context manager: inside, they listen.

    Attributes:
        market: The one that leads, whose moves are measured.
    """

    def __init__(self, clock: Clock, *, seed: int, pools_over: Publishes | None = None) -> None:
        """Build them, with pools that are told of over ``pools_over``; an instrument not listed: ``ConfigError``."""
        now = clock.now()
        leading, peg, following = (_load_instrument(name) for name in (INSTRUMENT, PEG, FOLLOWER))
        shape = MarketShape(tick_size=float(leading.tick_size), lot_size=float(leading.lot_size))
        self.market = Market(shape, seed=seed, now=now)
        pegs = Market(_PEGS_MARKET, seed=seed + 1, now=now)
        other = MarketShape(
            mid=shape.mid / _USDC_IN_USDT * (1.0 + _BASIS),
            tick_size=float(following.tick_size),
            lot_size=float(following.lot_size),
            levels=8,  # it shows five of them, which should reach 25 bps
            reach_bps=200.0,
            depth_at_5_bps=1.0,
            touch_size=3.0,
            touch_moves=1.0,
            updates_per_step=1,
        )
        self._leading = BinanceExchange(
            [Listing(ListedSymbol(leading), self.market), Listing(ListedSymbol(peg), pegs)], clock
        )
        follower = Follower(other, self.market, lag_ns=_LAG_NS, seed=seed + 2, now=now)
        self._following = StreamExchange({HyperliquidSymbol(following): follower}, HyperliquidWords(), clock)
        self._pools = _build_pools(self.market, clock, pools_over) if pools_over else None
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._open.enter_async_context(self._leading)
        await self._open.enter_async_context(self._following)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop listening."""
        await self._open.aclose()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where they are, once they listen."""
        leading, following = self._leading, self._following
        return (
            Place("binance", (INSTRUMENT, PEG), leading.ws_url, leading.rest_url),
            Place("hyperliquid", (FOLLOWER,), following.ws_url, following.ws_url.replace("ws://", "http://")),
            *((self._pools.place,) if self._pools else ()),
        )

    def start(self, tasks: Supervisor) -> None:
        """Move the markets and tell of them at their pace."""
        tasks.start("exchange", self._leading.run)
        tasks.start("exchange-following", self._following.run)
        if self._pools:
            tasks.start("pools", self._pools.run)

    def push(self) -> None:
        """Send a frame of this moment from each."""
        self._leading.push()
        self._following.push()
        if self._pools:
            self._pools.push()


def _load_instrument(name: InstrumentId) -> Instrument:
    path = find_file(InstrumentsConfig().path)
    found = decode_instruments(path.read_bytes(), where=str(path)).get(name)
    if found is None:
        raise ConfigError(str(path), f"lists no {name}")
    return found


def _build_pools(market: Market, clock: Clock, over: Publishes) -> "Pools":
    from signald.simulate import pools  # noqa: PLC0415 - numba loads with them: only where they are wanted

    listed = [_load_instrument(name) for name in pools.FEES_PPM]
    return pools.Pools(listed, market, clock, over, rate=_USDC_IN_USDT)
