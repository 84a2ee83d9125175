"""What has moved before a figure, against the same clock time on days without a release.

The move and the mean order flow of a second since ``from_ns`` before T0 are looked at ``at_ns`` before it, and at the
same moments of the weekdays before. The band is the k-th smallest |move| of n quiet days, k = ⌈(n + 1) level⌉: a move
as of those days is beyond it with probability 1 − level at most (see ``recovery.py``), whatever its law; with few days
there is none. A clock time is one of UTC: when New York changes its clock, the days before are an hour off.
"""

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from signald.core.movers.moments import DAY, MOST_CLOCKS, Moments, is_weekend
from signald.core.movers.recovery import conformal
from signald.core.movers.rules import DriftRules
from signald.model.movers import Begun, Day
from signald.model.time import Nanos

MOST_LOOKS: Final = 8_192
"""Looks that may be planned."""


class Snapshot(NamedTuple):
    """What one look saw, by place.

    Attributes:
        mids: In dollars; ``None`` where there was no book.
        flows: Order flow summed up over the seconds that were seen, base units; NaN where it is not known.
        seconds: How many those were.
    """

    mids: tuple[float | None, ...]
    flows: tuple[float, ...]
    seconds: int


class Moved(NamedTuple):
    """Of one instrument, since ``from_ns`` before a moment; ``None`` is unknown."""

    bps: float | None
    flow: float | None
    band_bps: float | None
    flow_band: float | None

    @property
    def is_beyond(self) -> bool:
        """Whether the move is larger than on quiet days."""
        return self.bps is not None and self.band_bps is not None and abs(self.bps) > self.band_bps


class Look(NamedTuple):
    """One look: of which moment, how long before it; ``from_ns`` before it is where a move begins."""

    ts: Nanos
    moment: Nanos
    before: Nanos


class Drifts:
    """Looks at what moves before releases and at the same times of quiet days."""

    def __init__(self, rules: DriftRules, instruments: Sequence[str]) -> None:
        """Nothing is expected; ``instruments`` are those that are looked at, in order."""
        self._moments = Moments()
        self.rules = rules
        self._names = tuple(instruments)
        self._heap: list[Look] = []
        self._planned: set[tuple[Nanos, Nanos]] = set()
        self._begun: dict[Nanos, Snapshot] = {}
        self._days: dict[tuple[Nanos, Nanos, str], deque[Day]] = {}
        self._last: dict[Nanos, tuple[Moved, ...]] = {}

    def __len__(self) -> int:
        """How many looks are planned."""
        return len(self._heap)

    def expect(self, scheduled: Nanos, now: Nanos) -> None:
        """A release is due then: look before it, and at its clock time on the weekdays before it."""
        if scheduled <= now or not self._moments.expect(scheduled):
            return
        first = now - now % DAY + scheduled % DAY
        begin = max(first, scheduled - 2 * self.rules.days * DAY)
        for moment in range(begin, scheduled + 1, DAY):
            if moment == scheduled or not is_weekend(moment):
                self._plan(moment, now)

    def call_off(self, scheduled: Nanos) -> None:
        """No release is due then any more."""
        self._moments.call_off(scheduled)
        self._last.pop(scheduled, None)

    def next_ts(self) -> Nanos | None:
        """When the next look is due."""
        return self._heap[0].ts if self._heap else None

    def pop(self) -> Look:
        """Take the look that is due."""
        look = heapq.heappop(self._heap)
        self._planned.discard((look.moment, look.before))
        return look

    def see(self, look: Look, seen: Snapshot) -> tuple[Moved, ...]:
        """Note what a look saw; of each instrument what has moved if a release is due at its moment, else nothing."""
        if look.before == self.rules.from_ns:
            self._begun[look.moment] = seen
            for old in [moment for moment in self._begun if moment <= look.ts]:
                del self._begun[old]
            return ()
        begun = self._begun.get(look.moment)
        if begun is None:
            return ()
        if look.before == min(self.rules.at_ns):
            del self._begun[look.moment]  # that was the last look
        moved = [(_bps(a, b), flow) for a, b, flow in zip(begun.mids, seen.mids, _flows(begun, seen), strict=True)]
        if look.moment in self._moments:
            found = tuple(
                self._judged(look, name, bps, flow) for name, (bps, flow) in zip(self._names, moved, strict=True)
            )
            self._last.pop(look.moment, None)
            self._last[look.moment] = found
            if len(self._last) > MOST_CLOCKS:
                del self._last[next(iter(self._last))]
            return found
        if self._moments.is_quiet(look.moment - self.rules.from_ns, look.moment):
            for name, (bps, flow) in zip(self._names, moved, strict=True):
                if bps is not None:
                    day = look.moment // DAY, round(bps, 3), None if flow is None else round(flow, 4)
                    at = look.moment % DAY, look.before, name
                    self._days.setdefault(at, deque(maxlen=self.rules.days)).append(day)
        return ()

    def at(self, scheduled: Nanos | None) -> tuple[Moved, ...]:
        """What had moved at the last look before a release, by instrument; nothing if it was not looked at."""
        return () if scheduled is None else self._last.get(scheduled, ())

    def memory(self) -> Iterator[dict[str, tuple[Day, ...]]]:
        """The quiet days, for a later run: those of one time of the day at once."""
        for clock, before in sorted({(clock, before) for clock, before, _ in self._days}):
            yield {
                f"{clock}|{before}|{name}": tuple(self._days[clock, before, name])
                for name in self._names
                if (clock, before, name) in self._days
            }

    def recall(self, memory: Mapping[str, Iterable[Day]]) -> None:
        """Know the quiet days of an earlier run too; those this one saw itself count as it saw them."""
        for key, days in memory.items():
            clock, before, name = key.split("|", 2)
            at = int(clock), int(before), name
            if name in self._names:
                known = {day: (day, bps, flow) for day, bps, flow in (*days, *self._days.get(at, ()))}
                self._days[at] = deque((known[day] for day in sorted(known)), maxlen=self.rules.days)

    def begun(self, now: Snapshot) -> Iterator[dict[str, Begun]]:
        """Where the moves that are under way began, for a later run: those before one moment at once.

        ``now`` has the flows of this moment, from which another run goes on.
        """
        for moment, seen in sorted(self._begun.items()):
            places = zip(self._names, seen.mids, seen.flows, now.flows, strict=True)
            yield {
                f"{moment}|{name}": (mid, flow - before, now.seconds - seen.seconds)
                for name, mid, before, flow in places
                if not math.isnan(before)
            }

    def resume(self, begun: Mapping[str, Begun], now: Snapshot, ts: Nanos) -> None:
        """Go on with the moves that began in an earlier run: the looks that are left are taken, as of ``ts``."""
        told: dict[Nanos, dict[str, Begun]] = {}
        for key, one in begun.items():
            moment, name = key.split("|", 1)
            told.setdefault(int(moment), {})[name] = one
        for moment, by_name in told.items():
            if moment in self._begun or moment <= ts:
                continue
            known = [by_name.get(name) for name in self._names]
            self._begun[moment] = Snapshot(
                tuple(None if one is None else one[0] for one in known),
                tuple(math.nan if one is None else flow - one[1] for one, flow in zip(known, now.flows, strict=True)),
                now.seconds - next(iter(by_name.values()))[2],
            )
            self._look_at(moment, [before for before in self.rules.at_ns if moment - before > ts])

    def _plan(self, moment: Nanos, now: Nanos) -> None:
        if moment - self.rules.from_ns > now:  # else where it would begin is past
            self._look_at(moment, (self.rules.from_ns, *self.rules.at_ns))

    def _look_at(self, moment: Nanos, befores: Iterable[Nanos]) -> None:
        for before in befores:
            if (moment, before) not in self._planned and len(self._heap) < MOST_LOOKS:
                self._planned.add((moment, before))
                heapq.heappush(self._heap, Look(moment - before, moment, before))

    def _judged(self, look: Look, name: str, bps: float | None, flow: float | None) -> Moved:
        days = self._days.get((look.moment % DAY, look.before, name), ())
        flows = [abs(one) for _, _, one in days if one is not None]
        return Moved(
            bps, flow, conformal([abs(one) for _, one, _ in days], self.rules.level), conformal(flows, self.rules.level)
        )


def share_gone(moved_bps: float, predicted_bps: float) -> float:
    """How much of an adjustment was over before the figure: d/(d + m), 0 where they differ in sign.

    The share of Kurov, Sancetta, Strasser & Halova Wolfe (2019, "Price drift before U.S. macroeconomic news", Journal
    of Financial and Quantitative Analysis 54), with the predicted move m in the place of the one still to come.
    """
    if moved_bps * predicted_bps <= 0.0:
        return 0.0
    return moved_bps / (moved_bps + predicted_bps)


def _bps(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else (now / before - 1.0) * 1e4


def _flows(begun: Snapshot, seen: Snapshot) -> tuple[float | None, ...]:
    seconds = seen.seconds - begun.seconds
    if seconds <= 0:
        return (None,) * len(seen.flows)
    means = ((b - a) / seconds for a, b in zip(begun.flows, seen.flows, strict=True))
    return tuple(None if math.isnan(mean) else mean for mean in means)
