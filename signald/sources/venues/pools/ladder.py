"""A pool as levels of a book: what it buys and sells between prices that are equal steps apart, fee included.

A level holds what the pool takes in that step, at the mean price it gives for it: after each whole level the one who
walks the ladder has what the closed form gives. Within a level it is a straight line where the pool's is curved to his
advantage, so the ladder promises no more than the pool: it is worse by at most a quarter of ``step_bps`` of the money
of that one level (an eighth where no tick is crossed in it), by one tick of price and by one lot.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from signald.sources.venues.pools.curve import FINE_BITS, Curve
from signald.sources.whole_books import Level

PPM: Final = 1_000_000


class Terms(NamedTuple):
    """How a pool's amounts become prices and sizes.

    Attributes:
        base: 0 or 1: which token is the instrument's base.
        decimals: Of each token.
        fee_ppm: Millionths of what is paid in, which the pool keeps beside its curve.
        tick_size: Of the instrument.
        lot_size: Of the instrument.
        step_bps: Price step of the levels.
        steps: Most levels a side.
    """

    base: int
    decimals: tuple[int, int]
    fee_ppm: int
    tick_size: Decimal
    lot_size: Decimal
    step_bps: float
    steps: int


def bids_of(curve: Curve, terms: Terms) -> list[Level]:
    """What the pool buys of the base, best price first; what cannot be told apart by tick is one level."""
    return _levels(curve, terms, is_bid=True)


def asks_of(curve: Curve, terms: Terms) -> list[Level]:
    """What the pool sells of the base, best price first."""
    return _levels(curve, terms, is_bid=False)


def _levels(curve: Curve, terms: Terms, *, is_bid: bool) -> list[Level]:
    lot, lots_per = (terms.lot_size * 10 ** terms.decimals[terms.base]).as_integer_ratio()
    lot <<= FINE_BITS
    kept = 0  # what the levels before held beyond whole lots is worth as much as the next one at least
    found: list[list[int]] = []
    for size, ticks in _steps(curve, terms, is_bid=is_bid):
        if ticks == 0:
            break
        lots, kept = divmod(kept + size * lots_per, lot)
        if found and found[-1][0] == ticks:
            found[-1][1] += lots
        elif lots:
            found.append([ticks, lots])
    return [(f"{terms.tick_size * ticks:f}", f"{terms.lot_size * lots:f}") for ticks, lots in found]


def _steps(curve: Curve, terms: Terms, *, is_bid: bool) -> Iterator[tuple[int, int]]:
    """Base that changes hands in each step, and its price in ticks, to the disadvantage of whoever comes."""
    rises = is_bid == (terms.base == 1)  # who sells token 1 buys token 0, which becomes dearer
    rest = PPM - terms.fee_ppm
    tick, ticks_per = terms.tick_size.as_integer_ratio()
    up, down = ticks_per * 10 ** terms.decimals[terms.base], tick * 10 ** terms.decimals[1 - terms.base]
    for amounts in curve.amounts(curve.ends(terms.step_bps, terms.steps, rises=rises), rises=rises):
        base, quote = amounts[terms.base], amounts[1 - terms.base]
        if base == 0 or quote == 0:
            continue
        if is_bid:
            yield base * PPM // rest, quote * rest * up // (base * PPM * down)
        else:
            yield base, -(-quote * PPM * up // (base * rest * down))
