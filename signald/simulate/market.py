"""A market that behaves: a noisy price, a ladder of resting sizes around it, and a reaction to each surprise.

The price is a random walk plus, for each figure, a jump that approaches its target exponentially. Around a release
market makers pull their quotes: the spread widens and the depth thins towards its time and recovers after it. All of
it is a function of the seed and of the times asked for; nothing here reads a clock.
"""

import math
import random
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

import msgspec

from signald.model.time import NS_PER_MS, NS_PER_S, Nanos

STEP_NS: Final = 50 * NS_PER_MS
"""The market moves on a grid of this pace, so that how often it is asked changes nothing."""

BID: Final = 0
ASK: Final = 1
Side: TypeAlias = int

_REMEMBERED: Final = 200  # moves: seconds
_LEAP_NS: Final = 2 * NS_PER_S  # longer silences are one move, not many steps
_SHUN_NS: Final = 2 * NS_PER_S  # before a release quotes are pulled over this time
_REACH_SLACK: Final = 1.3  # levels beyond this many times the reach are cancelled
_DENSITY: Final = 1.5  # the n-th of N levels lies at reach · (n/N)^1.5: dense at the touch, sparse far out
_ADD_BELOW: Final = 0.25  # of all level updates in a step, a quarter adds one …
_CANCEL_BELOW: Final = 0.5  # … as many cancel one, the others resize one
_CROWDED: Final = 1.2  # times the usual number of levels: no more are added
_SPARSE: Final = 0.8  # times the usual number of levels: no more are cancelled


class Change(NamedTuple):
    """One level's new size, in lots; 0 removes it. The price is in ticks."""

    side: Side
    price_ticks: int
    size_lots: int


class MarketShape(msgspec.Struct, frozen=True, kw_only=True):
    """What one market looks like. The defaults resemble Binance's BTCUSDT of early 2025.

    Attributes:
        mid: Price it starts from, in quote units.
        tick_size: Smallest price step, in quote units.
        lot_size: Smallest size step, in base units.
        volatility_bps: Standard deviation of the mid over one second.
        spread_bps: Quiet spread; never below one tick.
        stressed_spread_bps: What a release adds to it at its worst.
        levels: Levels resting on each side, about.
        reach_bps: How far from the touch they go.
        depth_at_5_bps: Base units resting within 5 bps, a side.
        touch_size: Base units at the touch.
        thinned_to: Share of the depth that is left at a release's worst.
        touch_moves: Chance that the touch moves in one step.
        updates_per_step: Levels touched in one quiet step.
        response_s: Time constant with which a jump approaches its target.
        recovery_s: Time constant with which spread and depth recover.
    """

    mid: float = 95_000.0
    tick_size: float = 0.01
    lot_size: float = 0.00001
    volatility_bps: float = 0.9
    spread_bps: float = 0.001
    stressed_spread_bps: float = 1.5
    levels: int = 300
    reach_bps: float = 60.0
    depth_at_5_bps: float = 7.0
    touch_size: float = 0.8
    thinned_to: float = 0.15
    touch_moves: float = 0.3
    updates_per_step: int = 6
    response_s: float = 1.2
    recovery_s: float = 20.0


class _Jump(NamedTuple):
    ts: Nanos
    target_bps: float


class Market:
    """One instrument's participants: told the time, they say which levels changed.

    Attributes:
        mid: The price they agree on, in quote units; between the sides, not on the tick grid.
        touch: Best bid and best ask, in ticks.
    """

    def __init__(self, shape: MarketShape, *, seed: int, now: Nanos) -> None:
        """Build it as it stands at ``now``; the first :meth:`advance` gives its whole ladder."""
        self._random = random.Random(seed)
        self._now = now - now % STEP_NS
        self._walk_bps = 0.0
        self._jumps: list[_Jump] = []
        self._releases: list[Nanos] = []
        self._book: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._trail: deque[tuple[Nanos, float]] = deque(maxlen=_REMEMBERED)
        self._rungs = [shape.reach_bps * (rank / shape.levels) ** _DENSITY for rank in range(shape.levels)]
        self._stress: tuple[Nanos, float] = (-1, 0.0)
        self.shape = shape
        self.mid = shape.mid
        self.touch = (0, 0)

    def expect(self, ts_scheduled: Nanos) -> None:
        """Know of a release at ``ts_scheduled``: quotes will be pulled before it."""
        self._releases.append(ts_scheduled)
        self._stress = (-1, 0.0)

    def react(self, ts: Nanos, target_bps: float) -> None:
        """From ``ts`` on move by ``target_bps`` in all, on top of the walk."""
        self._jumps.append(_Jump(ts, target_bps))

    def advance(self, now: Nanos) -> list[Change]:
        """What changed up to ``now``, in order; each a level's new size."""
        changes: list[Change] = []
        if now - self._now > _LEAP_NS or not self._book[BID]:
            elapsed_ns = (now - self._now) // STEP_NS * STEP_NS
            self._now += elapsed_ns
            self._trail.clear()  # who follows has had the time
            self._move(elapsed_ns)
            changes.extend(self._rebuild())
        while now - self._now >= STEP_NS:
            self._now += STEP_NS
            if self._random.random() < self.shape.touch_moves + self.stress():
                self._move(STEP_NS / self.shape.touch_moves)
                changes.extend(self._follow())
            changes.extend(self._trade())
        return changes

    def stress(self) -> float:
        """How nervous the market is, 0 (quiet) to 1 (at a release)."""
        at, stress = self._stress
        if at != self._now:  # it is asked for with each level
            stress = max((self._stress_of(ts) for ts in self._releases), default=0.0)
            self._stress = (self._now, stress)
        return stress

    def _stress_of(self, ts: Nanos) -> float:
        to_go = ts - self._now
        if to_go > 0:
            return max(0.0, 1.0 - to_go / _SHUN_NS)
        return math.exp(to_go / NS_PER_S / self.shape.recovery_s)

    def _move(self, elapsed_ns: float) -> None:
        self.mid = self._agree(elapsed_ns)
        self._trail.append((self._now, self.mid))
        mid_ticks = self.mid / self.shape.tick_size
        spread_bps = self.shape.spread_bps + self.shape.stressed_spread_bps * self.stress()
        half_ticks = max(0.5, spread_bps * 0.5e-4 * mid_ticks)
        best_bid = math.floor(mid_ticks - half_ticks + 0.5)
        self.touch = (best_bid, max(best_bid + 1, math.ceil(mid_ticks + half_ticks - 0.5)))

    def _agree(self, elapsed_ns: float) -> float:
        """The price: the walk goes on by the time elapsed, the jumps to where they are now."""
        volatility_bps = self.shape.volatility_bps * (1.0 + 2.0 * self.stress())
        self._walk_bps += self._random.gauss(0.0, volatility_bps) * math.sqrt(elapsed_ns / NS_PER_S)
        jumped_bps = sum(
            jump.target_bps * -math.expm1((jump.ts - self._now) / NS_PER_S / self.shape.response_s)
            for jump in self._jumps
            if jump.ts <= self._now
        )
        return self.shape.mid * math.exp((self._walk_bps + jumped_bps) * 1e-4)

    def mid_at(self, ts: Nanos) -> float:
        """What ``mid`` was at ``ts``; the oldest of the last seconds without a leap if that is longer ago."""
        return next((mid for at, mid in reversed(self._trail) if at <= ts), self._trail[0][1])

    def _rebuild(self) -> Iterator[Change]:
        """Cancel everything and quote anew around the touch."""
        for side in (BID, ASK):
            for price in list(self._book[side]):
                yield self._put(side, price, 0)
        for side in (BID, ASK):
            yield from self._quote(side, from_bps=0.0)

    def _follow(self) -> Iterator[Change]:
        """After the touch moved: take what stands beyond it, quote up to it, keep the far end covered."""
        for side in (BID, ASK):
            touch = self.touch[side]
            levels = self._book[side]
            beyond = [price for price in levels if (price > touch if side == BID else price < touch)]
            for price in beyond:
                yield self._put(side, price, 0)
        for side in (BID, ASK):
            near, far = self._reaches(side)
            yield from self._quote(side, from_bps=0.0, to_bps=near)
            yield from self._quote(side, from_bps=far)
            limit = self.shape.reach_bps * _REACH_SLACK
            _, far = self._reaches(side)
            for price in [p for p in self._book[side] if self._distance_bps(side, p) > limit] if far > limit else ():
                yield self._put(side, price, 0)

    def _reaches(self, side: Side) -> tuple[float, float]:
        """How far behind the touch the nearest level of a side is, and the farthest."""
        levels = self._book[side]
        if not levels:
            return math.inf, 0.0
        low, high = self._distance_bps(side, min(levels)), self._distance_bps(side, max(levels))
        return (high, low) if side == BID else (low, high)

    def _quote(self, side: Side, *, from_bps: float, to_bps: float = math.inf) -> Iterator[Change]:
        """Put levels from a distance (inclusive) to another, dense near the touch."""
        shape, rungs = self.shape, self._rungs
        for rank in range(bisect_left(rungs, from_bps), bisect_left(rungs, to_bps)):
            jitter = self._random.random() * shape.reach_bps / shape.levels**_DENSITY if rank else 0.0
            distance = rungs[rank]
            yield self._put(side, self._price_at(side, distance + jitter), self._draw_size(distance))

    def _trade(self) -> Iterator[Change]:
        """Resize, cancel and add a few levels; more of them the more nervous the market is."""
        shape = self.shape
        for _ in range(round(shape.updates_per_step * (1.0 + 9.0 * self.stress()))):
            side = self._random.randrange(2)
            levels = self._book[side]
            draw = self._random.random()
            if draw < _ADD_BELOW and len(levels) < _CROWDED * shape.levels:
                distance = shape.reach_bps * self._random.random() ** _DENSITY
                yield self._put(side, self._price_at(side, distance), self._draw_size(distance))
                continue
            price = self._random.choice(list(levels))
            may_go = price != self.touch[side] and len(levels) > _SPARSE * shape.levels
            size = self._draw_size(self._distance_bps(side, price))
            yield self._put(side, price, 0 if may_go and draw < _CANCEL_BELOW else size)

    def _put(self, side: Side, price: int, size: int) -> Change:
        if size:
            self._book[side][price] = size
        else:
            self._book[side].pop(price, None)
        return Change(side, price, size)

    def _distance_bps(self, side: Side, price: int) -> float:
        """How far behind the touch of its side a price is; negative: beyond it."""
        ticks = self.touch[BID] - price if side == BID else price - self.touch[ASK]
        return ticks * self.shape.tick_size / self.mid * 1e4

    def _price_at(self, side: Side, distance_bps: float) -> int:
        ticks = round(distance_bps * 1e-4 * self.mid / self.shape.tick_size)
        return self.touch[BID] - ticks if side == BID else self.touch[ASK] + ticks

    def _draw_size(self, distance_bps: float) -> int:
        """A size for a level at a distance: log-normal around what makes the depth grow evenly with distance."""
        shape = self.shape
        typical = shape.touch_size
        if distance_bps > 0:
            reached = max(distance_bps / shape.reach_bps, shape.levels**-_DENSITY)
            spacing_bps = _DENSITY * shape.reach_bps / shape.levels * reached ** (1.0 - 1.0 / _DENSITY)
            typical = shape.depth_at_5_bps / 5.0 * spacing_bps
        thinned = 1.0 - (1.0 - shape.thinned_to) * self.stress()
        size = typical * thinned * self._random.lognormvariate(-0.32, 0.8)  # of mean 1
        return max(1, round(size / shape.lot_size))


class Follower(Market):
    """The same asset on another venue: its price goes where the first one's went, a moment later.

    Bring the one that leads up to a moment before this one.
    """

    def __init__(self, shape: MarketShape, leader: Market, *, lag_ns: Nanos, seed: int, now: Nanos) -> None:
        """Follow ``leader`` by ``lag_ns``, at the ratio of the two shapes' prices."""
        super().__init__(shape, seed=seed, now=now)
        self._leader = leader
        self._lag_ns = lag_ns

    def stress(self) -> float:
        """As nervous as the one that leads."""
        return self._leader.stress()

    def _agree(self, elapsed_ns: float) -> float:
        del elapsed_ns  # it has no will of its own
        return self._leader.mid_at(self._now - self._lag_ns) * self.shape.mid / self._leader.shape.mid
