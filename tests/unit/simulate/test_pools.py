import json
from typing import Any, Literal

import pytest

from signald.config import find_file
from signald.model.instruments import decode_instruments
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.simulate.market import Market, MarketShape
from signald.simulate.pools import CONCENTRATED, CONSTANT_PRODUCT, Pools
from signald.sources.venues.pools.messages import PoolState, decode_state
from tests.support.clocks import HandClock
from tests.support.pools import X96

LISTED = [
    decode_instruments(find_file("configs/instruments.toml").read_bytes())[name]
    for name in (CONSTANT_PRODUCT, CONCENTRATED)
]
RESERVES, TICKS = (one.venue_symbol for one in LISTED)
NOW = 1_739_367_000 * NS_PER_S + 1


class Broker:
    """Keeps what was published last on each topic."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def publish(self, topic: str, payload: bytes, *, qos: Literal[0, 1] = 1, retain: bool = False) -> None:
        assert qos == 1
        assert retain
        self.kept[topic.removeprefix("signald/v1/pools/")] = payload

    def state(self, topic: str) -> PoolState:
        """As the daemon reads it."""
        return decode_state(topic, self.kept[topic])


async def told(*mids: float) -> tuple[Broker, dict[str, Any]]:
    """What the broker has after the market was at each of these; the concentrated pool's last state."""
    market, broker = Market(MarketShape(), seed=1, now=NOW), Broker()
    pools = Pools(LISTED, market, HandClock(NOW), broker, rate=1.0)
    for mid in mids:
        market.mid = mid
        await pools.tell()
    return broker, json.loads(broker.kept[TICKS])


@pytest.mark.parametrize("mid", [20_000.0, 95_000.0, 150_000.25])
async def test_both_forms_are_states_that_the_daemon_takes_at_the_markets_price(mid: float) -> None:
    broker, ticks = await told(mid)

    product, concentrated = map(broker.state, (RESERVES, TICKS))
    btc, usdc = map(int, json.loads(broker.kept[RESERVES])["reserves"])

    assert (product.decimals, concentrated.tokens) == ((8, 6), ("WBTC", "USDC"))
    assert usdc / btc * 100 == pytest.approx(mid, rel=1e-8)
    assert (int(ticks["sqrt_price_x96"]) / X96) ** 2 * 100 == pytest.approx(mid, rel=1e-9)


async def test_a_state_is_not_older_than_the_moment_it_is_told_at() -> None:
    broker, _ = await told(95_000.0)

    assert NOW <= broker.state(TICKS).ts_event < NOW + NS_PER_MS


async def test_a_pools_price_stands_until_the_market_is_farther_away_than_its_fee() -> None:
    _, first = await told(95_000.0)
    _, near = await told(95_000.0, 95_040.0)
    _, far = await told(95_000.0, 95_200.0)

    moved = (int(far["sqrt_price_x96"]) / int(first["sqrt_price_x96"])) ** 2 - 1
    assert near["sqrt_price_x96"] == first["sqrt_price_x96"]
    assert moved == pytest.approx(200 / 95_000 - 5e-4, abs=2e-6)
