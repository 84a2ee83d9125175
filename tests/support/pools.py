"""Pools as they are published, and what they give by their closed forms: what ladders are held against."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, NamedTuple

from signald.model.instruments import Instrument
from signald.sources.venues.pools.ticks import HIGHEST_TICK, LOWEST_TICK, root_at

TOPIC: Final = "ethereum/0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
POOL: Final = Instrument(
    id="ETH-USDC-5.UNISWAP",
    venue="pools",
    venue_symbol=TOPIC,
    base="ETH",
    quote="USDC",
    kind="spot",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.000001"),
)
X96: Final = 1 << 96

Level = tuple[str, str]


class Position(NamedTuple):
    """Liquidity between two ticks."""

    low: int
    high: int
    liquidity: int


def reserves_state(**changes: object) -> dict[str, Any]:
    """A pool x*y = k of ether at 3,000 dollars."""
    return {
        "block": 21_000_000,
        "ts_event": "2025-02-12T13:30:11Z",
        "tokens": ["USDC", "WETH"],
        "decimals": [6, 18],
        "fee_ppm": 3_000,
        "reserves": ["60000000000000", "20000000000000000000000"],
    } | changes


def ticks_state(**changes: object) -> dict[str, Any]:
    """The same as concentrated liquidity in two positions."""
    tick = 196_256
    state = reserves_state(fee_ppm=500)
    del state["reserves"]
    return (
        state
        | {
            "sqrt_price_x96": str(root_at(tick) + 5),
            "liquidity": "3000000000000000000",
            "tick": tick,
            "tick_spacing": 10,
            "ticks": net_ticks([Position(195_000, 197_000, 10**18), Position(196_200, 196_300, 2 * 10**18)]),
        }
        | changes
    )


def net_ticks(positions: Sequence[Position]) -> list[list[Any]]:
    """What each initialised tick adds on the way up."""
    net: dict[int, int] = {}
    for low, high, liquidity in positions:
        net[low] = net.get(low, 0) + liquidity
        net[high] = net.get(high, 0) - liquidity
    return [[tick, str(net[tick])] for tick in sorted(net) if net[tick]]


def frame(state: Mapping[str, Any], topic: str = TOPIC) -> bytes:
    """As it comes from the broker."""
    return f"{topic} {json.dumps(state)}".encode()


def reserves_out(paid: Fraction, of_paid: int, of_got: int, fee_ppm: int) -> Fraction:
    """What a pool x*y = k pays for ``paid`` (UniswapV2Library.getAmountOut, before its rounding)."""
    kept = paid * (1_000_000 - fee_ppm) / 1_000_000
    return of_got * kept / (of_paid + kept)


def reserves_in(got: Fraction, of_paid: int, of_got: int, fee_ppm: int) -> Fraction:
    """What a pool x*y = k wants for ``got`` (getAmountIn, before its rounding)."""
    return of_paid * got / (of_got - got) * 1_000_000 / (1_000_000 - fee_ppm)


class Swap(NamedTuple):
    """A pool of concentrated liquidity to trade with, see :class:`Position`; ``tick`` is where its price stands."""

    root_x96: int
    tick: int
    positions: Sequence[Position]
    fee_ppm: int

    def trade(self, amount: Fraction, *, zero_for_one: bool, is_paid: bool) -> Fraction:
        """Pay, or want to get, exactly so much: the other amount (SwapMath.computeSwapStep, range by range)."""
        left, other, at = amount, Fraction(0), Fraction(self.root_x96, X96)
        if is_paid:
            left = left * (1_000_000 - self.fee_ppm) / 1_000_000
        for end, liquidity in self._ranges(zero_for_one=zero_for_one):
            zero, one = liquidity * abs(1 / at - 1 / end), liquidity * abs(end - at)
            paid, got = (zero, one) if zero_for_one else (one, zero)
            if (paid if is_paid else got) >= left:
                other += self._last(left, at, liquidity, zero_for_one=zero_for_one, is_paid=is_paid)
                break
            left -= paid if is_paid else got
            other += got if is_paid else paid
            at = end
        else:
            msg = "there is not so much in the pool"
            raise ValueError(msg)
        return other if is_paid else other * 1_000_000 / (1_000_000 - self.fee_ppm)

    def _ranges(self, *, zero_for_one: bool) -> list[tuple[Fraction, int]]:
        """Where each range of constant liquidity ends, from the price on, and how much it has."""
        edges = sorted({LOWEST_TICK, HIGHEST_TICK} | {tick for each in self.positions for tick in each[:2]})
        found: list[tuple[Fraction, int]] = []
        for low, high in pairwise(edges):
            liquidity = sum(each.liquidity for each in self.positions if each.low <= low and high <= each.high)
            if zero_for_one and low <= self.tick:
                found.insert(0, (Fraction(root_at(low), X96), liquidity))
            elif not zero_for_one and high > self.tick:
                found.append((Fraction(root_at(high), X96), liquidity))
        return found

    @staticmethod
    def _last(amount: Fraction, at: Fraction, liquidity: int, *, zero_for_one: bool, is_paid: bool) -> Fraction:
        """The other amount where the trade ends within a range."""
        if amount == 0:
            return Fraction(0)
        sign = 1 if is_paid else -1
        if zero_for_one == is_paid:  # token 0 is given
            end = 1 / (1 / at + sign * amount / liquidity)
            return liquidity * abs(end - at)
        end = at + sign * amount / liquidity
        return liquidity * abs(1 / end - 1 / at)


class Walked(NamedTuple):
    """What came of walking down a side: money, and the money of the level in which it ended."""

    money: Fraction
    last: Fraction


def walk(levels: Sequence[Level], size: Fraction) -> Walked:
    """Sell or buy so much of the base at these levels, best first."""
    money, left = Fraction(0), size
    for price, resting in levels:
        taken = min(left, Fraction(resting))
        money += taken * Fraction(price)
        left -= taken
        if left == 0:
            return Walked(money, Fraction(price) * Fraction(resting))
    msg = "the ladder does not reach so far"
    raise ValueError(msg)


def size_of(levels: Sequence[Level]) -> Fraction:
    """All that rests there."""
    return sum((Fraction(resting) for _, resting in levels), Fraction(0))
