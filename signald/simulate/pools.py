"""Two pools of the demo's asset, and whoever follows their chain: both kinds of ladder, over the broker.

Nobody quotes in a pool. Its price stands until it is farther from the market's than its fee; then somebody trades it
back to where that no longer pays.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from math import floor, isqrt, log
from typing import Any, Final, NamedTuple

import msgspec

from signald.model.instruments import Instrument, InstrumentId
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.runtime.clock import Clock
from signald.simulate.calendar import Publishes
from signald.simulate.market import Market
from signald.simulate.place import Place
from signald.sources.venues.pools.ladder import PPM
from signald.sources.venues.pools.ticks import root_at

CONSTANT_PRODUCT: Final[InstrumentId] = "BTC-USDC-30.SUSHI"
CONCENTRATED: Final[InstrumentId] = "BTC-USDC-5.UNISWAP"
FEES_PPM: Final[Mapping[InstrumentId, int]] = {CONSTANT_PRODUCT: 3_000, CONCENTRATED: 500}
"""Of both, in millionths of what is paid in."""

_PREFIX: Final = "signald/v1/pools/"
_BLOCK_S: Final = 2.0
_DECIMALS: Final = (8, 6)  # of WBTC and USDC
_RAW: Final = 10.0 ** (_DECIMALS[1] - _DECIMALS[0])  # smallest units of USDC for one of WBTC, at a dollar
_RESERVES: Final = 20_000_000.0 * 1e6  # of each token, in smallest units of USDC
_SPACING: Final = 10
_RANGES: Final = ((6_000, 40_000_000_000_000), (600, 60_000_000_000_000))
"""Ticks either side of the price, and liquidity between them: providers move theirs after it."""


class _Pool(NamedTuple):
    instrument: Instrument
    fee_ppm: int


class Pools:
    """Both of them, following ``market`` at the rate of its quote to theirs.

    Args:
        listed: Both, of the names above.
        market: Where the price is made.
        clock: The time.
        connection: To the broker.
        rate: What one of theirs is worth, in the market's.
    """

    def __init__(
        self, listed: Sequence[Instrument], market: Market, clock: Clock, connection: Publishes, *, rate: float
    ) -> None:
        self._market = market
        self._clock = clock
        self._connection = connection
        self._rate = rate
        self._pools = [_Pool(one, FEES_PPM[one.id]) for one in listed]
        self._prices: dict[str, float] = {}
        self._wanted = asyncio.Event()

    @property
    def place(self) -> Place:
        """Where they are: on the broker that everything else comes over."""
        return Place("pools", tuple(one.instrument.id for one in self._pools), "", "")

    def push(self) -> None:
        """A block has come at this moment."""
        self._wanted.set()

    async def run(self) -> None:
        """Tell of each block, every two seconds and whenever one is wanted, for ever."""
        while True:
            self._wanted.clear()
            await self.tell()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BLOCK_S):
                    await self._wanted.wait()

    async def tell(self) -> None:
        """Publish what both are now, as of a block of this moment."""
        now = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for each in self._pools:
                topic = _PREFIX + each.instrument.venue_symbol
                payload = msgspec.json.encode(self._state(each, now))
                group.create_task(self._connection.publish(topic, payload, retain=True), name=topic)

    def _state(self, pool: _Pool, now: Nanos) -> dict[str, Any]:
        price = self._prices[pool.instrument.id] = self._traded(pool)
        state: dict[str, Any] = {
            "block": now // (NS_PER_S // 100),
            "ts_event": format_rfc3339(-(-now // NS_PER_MS) * NS_PER_MS),  # a book tells whole milliseconds: not before
            "tokens": ["WBTC", "USDC"],
            "decimals": _DECIMALS,
            "fee_ppm": pool.fee_ppm,
        }
        return state | (_reserves(price) if pool.instrument.id == CONSTANT_PRODUCT else _ticks(price))

    def _traded(self, pool: _Pool) -> float:
        """Its price, once nobody gains by trading it towards the market's."""
        fair = self._market.mid / self._rate
        fee = pool.fee_ppm / PPM
        return min(max(self._prices.get(pool.instrument.id, fair), fair * (1.0 - fee)), fair / (1.0 - fee))


def _reserves(price: float) -> dict[str, Any]:
    """x·y = k, with as much of one token as of the other by value."""
    return {"reserves": [str(round(_RESERVES / (price * _RAW))), str(round(_RESERVES))]}


def _ticks(price: float) -> dict[str, Any]:
    """Liquidity in ranges around the price."""
    root = isqrt(int(price * _RAW * (1 << 64)) << 128)
    tick = floor(log(price * _RAW) / log(1.0001))
    tick += (root_at(tick + 1) <= root) - (root_at(tick) > root)
    middle = tick // _SPACING * _SPACING
    net = {middle + side * reach: -side * amount for reach, amount in _RANGES for side in (-1, 1)}
    return {
        "sqrt_price_x96": str(root),
        "liquidity": str(sum(amount for _, amount in _RANGES)),
        "tick": tick,
        "tick_spacing": _SPACING,
        "ticks": [[at, str(net[at])] for at in sorted(net)],
    }
