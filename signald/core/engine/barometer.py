"""Looks at the board every five minutes of the hour before a release: what moves usually are just now."""

import heapq
import math
from collections.abc import Mapping
from typing import Final

from signald.core.board import BoardRows
from signald.core.kernels.rows import FLAG_STALE, FLAGS, MID
from signald.core.scoring import Scorer
from signald.core.scoring.conditions import (
    BAR_S,
    BARS,
    Conditions,
    by_asset,
    depth_factor,
    hourly_bps,
    volatility_factor,
)
from signald.core.scoring.view import Row, as_numbers, book_view, smaller_side_usd
from signald.model.parameters import Parameters
from signald.model.time import NS_PER_S, Nanos

BEFORE_NS: Final = 30 * NS_PER_S
"""The last look is so long before the release: nothing else is done when it is near."""

_BAR_NS: Final = BAR_S * NS_PER_S
_KEPT: Final = 64  # looks remembered: some hours
_MOMENTS: Final = 256  # and moments whose conditions are
_MOST: Final = 20_000  # releases that are looked forward to


class Barometer:
    """What was seen of each instrument in the last hour, and what follows for the scorers."""

    def __init__(self, *scorers: Scorer, depth_elasticity: float) -> None:
        """Nothing was seen yet; all ``scorers`` are over the same instruments."""
        self._scorers = scorers
        self._instruments = scorers[0].instruments
        self._elasticity = depth_elasticity
        self._looks: list[tuple[Nanos, Nanos]] = []
        self._expected: set[Nanos] = set()
        self._seen: dict[Nanos, tuple[list[float], list[float]]] = {}
        self._lately: list[dict[Nanos, Conditions]] = [{} for _ in scorers]
        for scorer, lately in zip(scorers, self._lately, strict=True):
            scorer.conditions = self._of(scorer, {}, [1.0] * len(self._instruments))
            scorer.lately = lately

    def expect(self, scheduled: Nanos, now: Nanos) -> None:
        """A release is due at ``scheduled``: look at the board before it, from ``now`` on."""
        first = scheduled - BEFORE_NS - BARS * _BAR_NS
        ahead = max(0, -(-(now + 1 - first) // _BAR_NS))
        if ahead <= BARS and scheduled not in self._expected and len(self._expected) < _MOST:
            self._expected.add(scheduled)
            heapq.heappush(self._looks, (first + ahead * _BAR_NS, scheduled))

    def next_ts(self) -> Nanos | None:
        """When the next look is due."""
        return self._looks[0][0] if self._looks else None

    def fire(self, rows: BoardRows) -> Nanos:
        """Take the look that is due; returns for which moment."""
        now, scheduled = heapq.heappop(self._looks)
        last = scheduled - BEFORE_NS
        if now < last:
            heapq.heappush(self._looks, (now + _BAR_NS, scheduled))
        else:
            self._expected.discard(scheduled)
        found = as_numbers(rows)
        self._seen[now] = [_mid(row, now) for row in found], [_depth(row) for row in found]
        while len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
        self._conclude(now, scheduled)
        return scheduled

    def _conclude(self, now: Nanos, scheduled: Nanos) -> None:
        """What the last hour says for the moment ``scheduled``: another's looks change nothing of it."""
        looks = [self._seen.get(now - back * _BAR_NS) for back in range(BARS, -1, -1)]
        hourly: list[float | None] = []
        depths: list[float] = []
        for place in range(len(self._instruments)):
            hourly.append(hourly_bps([math.nan if one is None else one[0][place] for one in looks]))
            known = sorted(one[1][place] for one in looks if one is not None and not math.isnan(one[1][place]))
            usual = known[len(known) // 2] if len(known) > BARS // 2 else None
            depths.append(depth_factor(self._seen[now][1][place], usual, elasticity=self._elasticity))
        found = by_asset(self._instruments, hourly)
        for scorer, lately in zip(self._scorers, self._lately, strict=True):
            lately.pop(scheduled, None)
            lately[scheduled] = self._of(scorer, found, depths)
            if len(lately) > _MOMENTS:
                del lately[next(iter(lately))]

    def _of(self, scorer: Scorer, hourly: Mapping[str, float], depth: list[float]) -> Conditions:
        depths = tuple(depth) if self._elasticity else None
        return Conditions.of(self._factors(scorer.parameters, hourly), depths)

    def _factors(self, parameters: Parameters, hourly: Mapping[str, float]) -> tuple[float | None, ...]:
        """Each instrument's factor; one that follows another asset has that one's."""
        followed = {asset: transfer.asset for asset, transfer in parameters.transfers.items()}
        return tuple(
            volatility_factor(parameters, one.base, hourly.get(followed.get(one.base, one.base)))
            for one in self._instruments
        )


def _mid(row: Row, now: Nanos) -> float:
    """Mid of a book that is fresh and can be believed, else NaN."""
    book = book_view(row, now)
    return math.nan if book is None or int(row[FLAGS]) & FLAG_STALE else row[MID]


def _depth(row: Row) -> float:
    depth = smaller_side_usd(row)
    return math.nan if depth is None else depth
