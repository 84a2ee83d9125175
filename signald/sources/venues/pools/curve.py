"""What a pool gives for a change of its price: closed forms, in whole numbers.

A price here is token 1 per token 0 in their smallest units; its root is in steps of 2^-160, liquidity L and amounts in
steps of 2^-64. While the root goes from a to b without passing a tick, x = L (1/a - 1/b) and y = L (b - a) change hands
(Uniswap v3 Core, 6.16 and 6.14). x*y = k is the same with one L for all prices, the root of k. Every quotient is cut
off below 2^-64 of a smallest unit, and the root of a pool of reserves below 2^-160: relative to prices between 2^-112
and 2^112 that is less than 2^-104.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import isqrt
from typing import Final, NamedTuple

from signald.sources.venues.pools.ticks import HIGHEST_ROOT, HIGHEST_TICK, LOWEST_ROOT, LOWEST_TICK, root_at

ROOT_BITS: Final = 160
FINE_BITS: Final = 64
"""Amounts are in 2^-64 of a token's smallest unit."""

_X96: Final = 96
_FINER: Final = ROOT_BITS - _X96
_STEP_BITS: Final = 128


class Edge(NamedTuple):
    """Where liquidity changes: a root, and by how much when the price leaves the pool's own past it."""

    root: int
    change: int


class Curve(NamedTuple):
    """A pool at one price.

    Attributes:
        root: Of the price.
        liquidity: There.
        below: Edges below it, nearest first.
        above: Edges above it, nearest first.
        lowest: Nothing is known below this root.
        highest: Nothing is known above this root.
    """

    root: int
    liquidity: int
    below: Sequence[Edge]
    above: Sequence[Edge]
    lowest: int
    highest: int

    def amounts(self, ends: Iterable[int], *, rises: bool) -> Iterator[tuple[int, int]]:
        """How much of token 0 and of token 1 changes hands while the root goes on from one of ``ends`` to the next."""
        at, liquidity = self.root, self.liquidity
        edges = iter(self.above if rises else self.below)
        edge = next(edges, None)
        for end in ends:
            zero = one = 0
            while edge is not None and (edge.root <= end if rises else edge.root >= end):
                zero, one = _more(zero, one, at, edge.root, liquidity)
                at, liquidity = edge.root, liquidity + edge.change
                edge = next(edges, None)
            zero, one = _more(zero, one, at, end, liquidity)
            at = end
            yield zero, one

    def ends(self, step_bps: float, steps: int, *, rises: bool) -> Iterator[int]:
        """Roots of prices that are each ``step_bps`` away from the one before, to where nothing is known any more."""
        step = isqrt((1 << 2 * _STEP_BITS) + round(step_bps * 1e6) * (1 << 2 * _STEP_BITS) // 10**10)
        last = self.highest if rises else self.lowest
        at = self.root
        for _ in range(steps):
            if at == last:
                return
            at = min(at * step >> _STEP_BITS, last) if rises else max((at << _STEP_BITS) // step, last)
            yield at


def of_reserves(zero: int, one: int) -> Curve:
    """A pool x*y = k with so much of each token, in smallest units."""
    return Curve(
        root=isqrt((one << 2 * ROOT_BITS) // zero),
        liquidity=isqrt(zero * one << 2 * FINE_BITS),
        below=(),
        above=(),
        lowest=1,
        highest=1 << 2 * ROOT_BITS,
    )


def of_ticks(
    root_x96: int, liquidity: int, tick: int, ticks: Sequence[tuple[int, int]], known: tuple[int, int] | None
) -> Curve:
    """A pool of concentrated liquidity.

    Args:
        root_x96: Root of its price, times 2^96.
        liquidity: At its price.
        tick: It stands in: ticks up to this one are below it, though their root may be that of the price.
        ticks: Initialised ones and the liquidity that each adds when the price rises through it, in order.
        known: The lowest and highest tick between which these are all; None: they are all there are.
    """
    lowest, highest = known or (LOWEST_TICK, HIGHEST_TICK)
    root = root_x96 << _FINER
    return Curve(
        root=root,
        liquidity=liquidity << FINE_BITS,
        below=[Edge(min(_root(at), root), -(net << FINE_BITS)) for at, net in reversed(ticks) if at <= tick],
        above=[Edge(max(_root(at), root), net << FINE_BITS) for at, net in ticks if at > tick],
        lowest=max(min(_root(lowest), root), LOWEST_ROOT << _FINER),
        highest=min(max(_root(highest), root), HIGHEST_ROOT << _FINER),
    )


def _root(tick: int) -> int:
    return root_at(tick) << _FINER


def _more(zero: int, one: int, at: int, to: int, liquidity: int) -> tuple[int, int]:
    """What has changed hands, and what does on the way from one root to another without an edge between them."""
    low, high = (at, to) if at < to else (to, at)
    if low == high or liquidity == 0:
        return zero, one
    more = liquidity * (high - low)
    return zero + (more << ROOT_BITS) // (low * high), one + (more >> ROOT_BITS)
