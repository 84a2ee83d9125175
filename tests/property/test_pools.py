"""Walking a pool's ladder gives what the pool's closed form gives, and never more."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import isqrt, log10
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signald.sources.venues.pools.curve import Curve, of_reserves, of_ticks
from signald.sources.venues.pools.ladder import Terms, asks_of, bids_of
from signald.sources.venues.pools.ticks import HIGHEST_TICK, LOWEST_TICK, root_at
from tests.support.pools import Level, Position, Swap, net_ticks, reserves_in, reserves_out, size_of, walk

SPACING = 10
FEES = st.sampled_from([0, 100, 500, 3_000, 10_000])
DECIMALS = st.sampled_from([0, 6, 8, 18])
SHARES = st.fractions(min_value=Fraction(1, 1_000), max_value=1)
STEPS = st.sampled_from([0.5, 1.0, 5.0, 30.0])
SLACK = Fraction(1, 10**15)
"""Relative: what is cut off below 2^-64 of a smallest unit."""


class Reserves(NamedTuple):
    """A pool x*y = k."""

    zero: int
    one: int


RESERVES = st.builds(Reserves, st.integers(10**12, 10**30), st.integers(10**12, 10**30))


@st.composite
def swaps(draw: st.DrawFn) -> Swap:
    """A pool of a few positions around, beside and beyond its price."""
    tick = draw(st.integers(-250_000, 250_000))
    below = draw(st.booleans()) and tick % SPACING == 0  # a price that fell just to a tick stands in the one below it
    root = root_at(tick) + (0 if below else draw(st.integers(0, root_at(tick + 1) - root_at(tick) - 1)))
    middle = tick // SPACING
    positions: list[Position] = []
    for _ in range(draw(st.integers(1, 5))):
        low = draw(st.integers(middle - 60, middle + 60))
        high = draw(st.integers(low + 1, middle + 90))
        positions.append(Position(low * SPACING, high * SPACING, draw(st.integers(10**19, 10**26))))
    return Swap(root, tick - 1 if below else tick, positions, draw(FEES))


def curve_of(swap: Swap) -> Curve:
    ticks = [(tick, int(net)) for tick, net in net_ticks(swap.positions)]
    liquidity = sum(net for tick, net in ticks if tick <= swap.tick)
    return of_ticks(swap.root_x96, liquidity, swap.tick, ticks, known=None)


def terms_of(curve: Curve, decimals: tuple[int, int], base: int, fee_ppm: int, step_bps: float) -> Terms:
    """Steps of price and size as fine as an instrument's that fits the pool."""
    price = (curve.root / 2**160) ** 2 * 10.0 ** (decimals[0] - decimals[1])
    price = price if base == 0 else 1 / price
    return Terms(
        base=base,
        decimals=decimals,
        fee_ppm=fee_ppm,
        tick_size=Decimal(10) ** (int(log10(price)) - 7),
        lot_size=Decimal(10) ** -decimals[base],
        step_bps=step_bps,
        steps=int(300 / step_bps),
    )


def check(levels: Sequence[Level], share: Fraction, money: Fraction, terms: Terms, *, is_bid: bool) -> None:
    """The ladder is never better than the pool, and worse by no more than is said."""
    size = size_of(levels) * share

    walked = walk(levels, size)

    worse = money - walked.money if is_bid else walked.money - money
    level = walked.last * Fraction(terms.step_bps) / 10_000 / 4
    tick = size * Fraction(terms.tick_size)
    lot = 2 * Fraction(terms.lot_size) * Fraction(levels[0][0] if is_bid else levels[-1][0])
    assert -SLACK * money <= worse <= level * Fraction(101, 100) + tick + lot + SLACK * money


@settings(deadline=None, max_examples=60)
@given(RESERVES, FEES, DECIMALS, DECIMALS, st.integers(0, 1), STEPS, SHARES)
def test_reserves_are_walked_as_x_times_y(
    pool: Reserves, fee_ppm: int, zero: int, one: int, base: int, step_bps: float, share: Fraction
) -> None:
    curve = of_reserves(*pool)
    terms = terms_of(curve, (zero, one), base, fee_ppm, step_bps)
    bids, asks = bids_of(curve, terms), asks_of(curve, terms)
    assume(bids and asks)
    units, moneys = 10 ** terms.decimals[base], 10 ** terms.decimals[1 - base]

    sold = reserves_out(size_of(bids) * share * units, pool[base], pool[1 - base], fee_ppm)
    bought = reserves_in(size_of(asks) * share * units, pool[1 - base], pool[base], fee_ppm)

    check(bids, share, sold / moneys, terms, is_bid=True)
    check(asks, share, bought / moneys, terms, is_bid=False)


@settings(deadline=None, max_examples=80)
@given(swaps(), DECIMALS, DECIMALS, st.integers(0, 1), STEPS, SHARES)
def test_ticks_are_walked_as_the_contract_swaps_across_them(
    swap: Swap, zero: int, one: int, base: int, step_bps: float, share: Fraction
) -> None:
    curve = curve_of(swap)
    terms = terms_of(curve, (zero, one), base, swap.fee_ppm, step_bps)
    units, moneys = 10 ** terms.decimals[base], 10 ** terms.decimals[1 - base]
    is_zero = base == 0

    if bids := bids_of(curve, terms):
        sold = swap.trade(size_of(bids) * share * units, zero_for_one=is_zero, is_paid=True)
        check(bids, share, sold / moneys, terms, is_bid=True)
    if asks := asks_of(curve, terms):
        bought = swap.trade(size_of(asks) * share * units, zero_for_one=not is_zero, is_paid=False)
        check(asks, share, bought / moneys, terms, is_bid=False)


@settings(deadline=None, max_examples=40)
@given(RESERVES, FEES, st.integers(0, 1))
def test_reserves_are_ticks_over_the_full_range(pool: Reserves, fee_ppm: int, base: int) -> None:
    root, liquidity = isqrt((pool.one << 192) // pool.zero), isqrt(pool.zero * pool.one)
    ends = [(LOWEST_TICK, liquidity), (HIGHEST_TICK, -liquidity)]
    wide, curve = of_ticks(root, liquidity, _tick_of(root), ends, known=None), of_reserves(*pool)
    terms = terms_of(curve, (18, 18), base, fee_ppm, 1.0)

    for of in (bids_of, asks_of):
        one, other = of(wide, terms), of(curve, terms)

        assert len(one) == len(other)
        for (price, size), (same_price, same_size) in zip(one, other, strict=True):
            assert abs(Decimal(price) - Decimal(same_price)) <= terms.tick_size
            assert abs(Decimal(size) - Decimal(same_size)) <= Decimal(same_size) / 10**9 + 2 * terms.lot_size


def _tick_of(root: int) -> int:
    """The highest tick whose root is no higher."""
    low, high = LOWEST_TICK, HIGHEST_TICK
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if root_at(middle) <= root else (low, middle)
    return low


@settings(deadline=None, max_examples=60)
@given(swaps(), st.integers(0, 1), STEPS)
def test_ladders_are_in_order_and_never_crossed(swap: Swap, base: int, step_bps: float) -> None:
    curve = curve_of(swap)
    terms = terms_of(curve, (18, 18), base, swap.fee_ppm, step_bps)

    bids, asks = ([(Decimal(price), Decimal(size)) for price, size in of(curve, terms)] for of in (bids_of, asks_of))

    assert [price for price, _ in bids] == sorted({price for price, _ in bids}, reverse=True)
    assert [price for price, _ in asks] == sorted({price for price, _ in asks})
    assert all(size > 0 for _, size in (*bids, *asks))
    assert not bids or not asks or bids[0][0] < asks[0][0]
