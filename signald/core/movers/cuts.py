"""How far a release moves the cuts that are priced by the end of the year, against days without one.

What counts as before is the newest word of the same source that had come before T0; as after, one that came, and says
it is of, within a window after T0. The threshold is what the farthest change within as long a window stayed within at
the same clock time of weekdays without a release: the k-th smallest of n, k = ⌈(n + 1) level⌉ (see ``recovery.py``).
Its error is the interval of two other order statistics around that quantile (Clopper & Pearson's binomial bounds;
David & Nagaraja 2003, "Order Statistics", ch. 7.1), which needs no law either.
"""

import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from signald.core.movers.moments import DAY, Moments, is_weekend
from signald.core.movers.recovery import conformal
from signald.core.movers.rules import CutsRules
from signald.model.expectations import CutsThreshold, Expectations, QuietDay, ThresholdFrom
from signald.model.time import NS_PER_S, Nanos

SURE: Final = 0.05
"""Of missing the quantile on either side."""

HEARD_NS: Final[Nanos] = 3_600 * NS_PER_S
"""A source that says nothing for so long after a moment may be cut: of that day nothing is known."""

_MOST_SOURCES: Final = 16
_YEARS: Final = 3  # that one source may speak of at a time
_SHIFTS: Final = 64  # releases whose change is remembered


class Shift(NamedTuple):
    """What a release did, by one source's two words."""

    before: Expectations
    after: Expectations
    threshold: CutsThreshold | None
    threshold_from: ThresholdFrom | None

    @property
    def cuts(self) -> float:
        """More cuts that are priced than before."""
        return self.after.implied_cuts_year_end - self.before.implied_cuts_year_end

    @property
    def is_beyond(self) -> bool:
        """Whether that is more than on days without a release."""
        return self.threshold is not None and abs(self.cuts) > self.threshold.cuts


@dataclass(slots=True)
class _Window:
    """What one source said after the last moment of one clock time.

    ``before`` is what it had said until then, ``farthest`` the largest change since within the window; ``is_heard``:
    it said something soon enough, so that no change is none; ``is_counted``: its day is among the quiet ones.
    """

    moment: Nanos
    before: Expectations
    farthest: float = 0.0
    is_heard: bool = False
    is_counted: bool = False


class Cuts:
    """The newest words, the windows that are open, and the days without a release."""

    def __init__(self, rules: CutsRules) -> None:
        """Nothing was heard."""
        self.rules = rules
        self._moments = Moments()
        self._sequences: dict[str, int] = {}
        self._newest: OrderedDict[tuple[str, str], Expectations] = OrderedDict()
        self._windows: dict[tuple[str, str, Nanos], _Window] = {}
        self._days: dict[tuple[Nanos, str], deque[QuietDay]] = {}
        self._shifts: OrderedDict[Nanos, Shift] = OrderedDict()
        self._told: OrderedDict[Nanos, None] = OrderedDict()

    # -- releases ----------------------------------------------------------------------------------------------------

    def expect(self, scheduled: Nanos) -> None:
        """A release is due then."""
        self._moments.expect(scheduled)

    def call_off(self, scheduled: Nanos) -> None:
        """No release is due then any more."""
        self._moments.call_off(scheduled)

    # -- words -------------------------------------------------------------------------------------------------------

    def refuses(self, word: Expectations) -> Literal["too_many_sources", "repeated"] | None:
        """Why a word is not taken: it is not newer than what its source said, or of one source too many."""
        known = self._sequences.get(word.source)
        if known is None and len(self._sequences) >= _MOST_SOURCES:
            return "too_many_sources"
        return "repeated" if known is not None and word.sequence <= known else None

    def hear(self, word: Expectations) -> list[tuple[Nanos, Shift]]:
        """Take a word that is not refused; of each release whose window it is in, what has changed since before it."""
        self._sequences[word.source] = word.sequence
        found: list[tuple[Nanos, Shift]] = []
        for clock in sorted(self._moments.clocks):
            moment = word.ts_ingest - (word.ts_ingest - clock) % DAY  # what comes at T0 had not come before it
            shift = self._follow(word, clock, moment)
            if shift is not None:
                found.append((moment, shift))
                self._shifts.pop(moment, None)
                self._shifts[moment] = shift
        self._newest[word.source, _year(word)] = word
        self._newest.move_to_end((word.source, _year(word)))
        while len(self._newest) > _MOST_SOURCES * _YEARS:
            (source, year), _ = self._newest.popitem(last=False)
            for clock in self._moments.clocks:
                self._windows.pop((source, year, clock), None)
        while len(self._shifts) > _SHIFTS:
            self._shifts.popitem(last=False)
        return found

    def tells(self, moment: Nanos, shift: Shift) -> bool:
        """Whether a change is to be told: beyond the threshold, and the first of its release."""
        if not shift.is_beyond or moment in self._told:
            return False
        self._told[moment] = None
        if len(self._told) > _SHIFTS:
            self._told.popitem(last=False)
        return True

    def since(self, scheduled: Nanos | None) -> Shift | None:
        """What a release has changed so far; ``None``: nothing is known."""
        return None if scheduled is None else self._shifts.get(scheduled)

    def is_disputed(self, moment: Nanos, shift: Shift) -> bool:
        """Whether another source knows of a release and has it change cuts by something else, beyond the threshold."""
        if shift.threshold is None:
            return False
        others = (
            window.farthest
            for (source, year, _), window in self._windows.items()
            if window.moment == moment and source != shift.after.source and year == _year(shift.after)
            if self._newest.get((source, year), window.before).ts_event > moment
        )
        return any(abs(other - shift.cuts) > shift.threshold.cuts for other in others)

    # -- memory ------------------------------------------------------------------------------------------------------

    @property
    def newest(self) -> Iterator[Expectations]:
        """What each source said last, to be said again to a later run."""
        yield from self._newest.values()

    def memory(self) -> dict[str, tuple[QuietDay, ...]]:
        """The quiet days, for a later run."""
        return {f"{clock}|{source}": tuple(days) for (clock, source), days in sorted(self._days.items())}

    def recall(self, memory: Mapping[str, Iterable[QuietDay]]) -> None:
        """Know the quiet days of an earlier run too; those this one saw itself count as it saw them."""
        for key, days in memory.items():
            clock, _, source = key.partition("|")
            at = int(clock), source
            known = {day: (day, farthest) for day, farthest in (*days, *self._days.get(at, ()))}
            self._days[at] = deque((known[day] for day in sorted(known)), maxlen=self.rules.days)

    # -- windows -----------------------------------------------------------------------------------------------------

    def _follow(self, word: Expectations, clock: Nanos, moment: Nanos) -> Shift | None:
        """Take a word into the window of one clock time; what a release has changed, if one was due at its moment."""
        place = word.source, _year(word), clock
        window = self._windows.get(place)
        if window is not None and word.ts_ingest > window.moment + self.rules.window_ns:
            self._conclude(word, window, clock)
        if window is None or window.moment != moment:
            before = self._newest.get(place[:2])
            if before is None or before.ts_ingest >= moment or before.ts_event < moment - self.rules.stale_after_ns:
                self._windows.pop(place, None)
                return None
            window = self._windows[place] = _Window(moment, before)
        window.is_heard |= word.ts_ingest - moment <= HEARD_NS
        if word.ts_ingest > moment + self.rules.window_ns or word.ts_event <= moment:
            return None
        change = word.implied_cuts_year_end - window.before.implied_cuts_year_end
        window.farthest = max(window.farthest, change, key=abs)
        if moment not in self._moments:
            return None
        return Shift(window.before, word, *self._threshold(clock, word.source))

    def _conclude(self, word: Expectations, window: _Window, clock: Nanos) -> None:
        """A window is over: if its day was quiet and its source was heard, it counts."""
        moment = window.moment
        window.is_heard |= word.ts_ingest - moment <= HEARD_NS
        if (
            is_weekend(moment)
            or not window.is_heard
            or window.is_counted
            or not self._moments.is_quiet(moment - self.rules.window_ns, moment + self.rules.window_ns)
        ):
            return
        window.is_counted = True
        day, farthest = moment // DAY, round(abs(window.farthest), 4)
        known = dict(self._days.get((clock, word.source), ()))  # of another year: the farther one counts
        known[day] = max(known.get(day, 0.0), farthest)
        self._days[clock, word.source] = deque(sorted(known.items()), maxlen=self.rules.days)

    def _threshold(self, clock: Nanos, source: str) -> tuple[CutsThreshold | None, ThresholdFrom | None]:
        rules = self.rules
        window_s = rules.window_ns / NS_PER_S
        if rules.threshold is not None:
            return CutsThreshold(cuts=rules.threshold, low=None, high=None, days=0, window_s=window_s), "configured"
        if rules.estimated is not None and rules.estimated.window_s == window_s:
            return rules.estimated, "model"
        seen = [farthest for _, farthest in self._days.get((clock, source), ())]
        found = threshold_of(seen, level=rules.level, window_s=window_s)
        return (None, None) if found is None else (found, "quiet_days")


def threshold_of(farthest: Sequence[float], *, level: float, window_s: float) -> CutsThreshold | None:
    """What the next of such days stays within with probability ``level``, and how surely that is known.

    ``None``: so few days have no such bound.
    """
    cuts = conformal(farthest, level)
    if cuts is None:
        return None
    rising = sorted(farthest)
    low, high = quantile_ranks(len(rising), level)
    return CutsThreshold(
        cuts=cuts,
        low=None if low is None else rising[low - 1],
        high=None if high is None else rising[high - 1],
        days=len(rising),
        window_s=window_s,
    )


def quantile_ranks(n: int, level: float) -> tuple[int | None, int | None]:
    """Ranks of the order statistics that bound the quantile at ``level``, each missed with 5 % at most."""
    hit, miss, all_orders = math.log(level), math.log1p(-level), math.lgamma(n + 1)  # binomial coefficients overflow
    masses = [
        math.exp(all_orders - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * hit + (n - k) * miss)
        for k in range(n + 1)
    ]
    low = sum(mass <= SURE for mass in itertools.accumulate(masses[:-1]))  # of the ranks from 1 on
    high = sum(mass <= SURE for mass in itertools.accumulate(masses[:0:-1]))  # of those from n down
    return low or None, n + 1 - high if high else None


def _year(word: Expectations) -> str:
    return word.meeting[:4]
