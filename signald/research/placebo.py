"""The same test on days without a release: it must see a response as often as chance has it, and no oftener."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from scipy import stats

from signald.model.parameters import SeriesId
from signald.model.time import NS_PER_S, Nanos
from signald.research.prices import Bars, moves_of, volatility_of
from signald.research.sample import Floats, Sample

LOOKBACK_S: Final = 86_400
"""Moves are measured in the volatility of the day before, so that every hour of it counts once."""

LEAST: Final = 15
"""Releases below which a series is not tested."""

LEAST_SURPRISING: Final = 8
"""How many of them must have surprised: on fewer the test's outcome hangs."""

ROUNDS: Final = 10
"""Most placebo days that one release lends its surprise to."""

_ZONE: Final = ZoneInfo("America/New_York")
_SATURDAY: Final = 5
_QUIET_NS: Final = 3_600 * NS_PER_S
_FARTHEST_NS: Final = 90 * 86_400 * NS_PER_S
_FLIPS: Final = 999
_DRAWS: Final = 2_000
_LEVEL: Final = 0.05


class Placebo(msgspec.Struct, frozen=True, kw_only=True):
    """How often "no response" was rejected at 5 % on days without a release.

    Attributes:
        tests: How many tests there were.
        rejections: Share rejected by the test of flipped signs; 0.05 if the test is right.
        lo: Lower end of the 90 % interval of that share; tests of one report on the same days are drawn together.
        hi: Upper end.
        rejections_hc1: Share rejected by Student's t-test with HC1 errors, which rejects too often on few releases.
    """

    tests: int
    rejections: float
    lo: float
    hi: float
    rejections_hc1: float


class PlaceboTest(NamedTuple):
    """One series on one round of placebo days."""

    series: SeriesId
    cluster: str
    p: float
    p_hc1: float


def placebo_tests(
    sample: Sample, report_of: Mapping[SeriesId, str], bars: Sequence[Bars], *, seconds: int
) -> list[PlaceboTest]:
    """Test every series' surprises against the moves of placebo days.

    A placebo day of a release is a weekday on which nothing that we know of came at that minute of New York's clock,
    in the hour before, or until the move was over. Each release gets the nearest days first, and no day serves a
    report twice, so that its rounds are apart. Moves are measured in what the day before made usual, as the walk does.
    """
    random = np.random.default_rng(0)
    tests: list[PlaceboTest] = []
    quiet = _Quiet(sample, bars, seconds)
    for report in sorted({report_of[name] for name in sample.series}):
        columns = [index for index, name in enumerate(sample.series) if report_of[name] == report]
        rows = np.flatnonzero(~np.isnan(sample.z[:, columns]).all(axis=1) & quiet.priced)
        for turn, moves in enumerate(quiet.deal(rows.tolist())):
            for column in columns:
                z = sample.z[rows, column]
                usable = ~np.isnan(z) & ~np.isnan(moves)
                if np.count_nonzero(usable) < LEAST or np.count_nonzero(z[usable]) < LEAST_SURPRISING:
                    continue
                p, p_hc1 = _test(z[usable], moves[usable], random)
                tests.append(PlaceboTest(sample.series[column], f"{report} {turn}", p, p_hc1))
    return tests


def sum_up(tests: Sequence[PlaceboTest]) -> Placebo | None:
    """The share of rejections with its interval; ``None`` without a test."""
    if not tests:
        return None
    rejected = np.array([one.p <= _LEVEL for one in tests], dtype=np.float64)
    clusters, member = np.unique([one.cluster for one in tests], return_inverse=True)
    hits = np.bincount(member, rejected)
    sizes = np.bincount(member)
    drawn = np.random.default_rng(0).multinomial(len(clusters), np.full(len(clusters), 1.0 / len(clusters)), _DRAWS)
    lo, hi = np.quantile((drawn @ hits) / (drawn @ sizes), [0.05, 0.95])
    return Placebo(
        tests=len(tests),
        rejections=float(rejected.mean()),
        lo=float(lo),
        hi=float(hi),
        rejections_hc1=float(np.mean([one.p_hc1 <= _LEVEL for one in tests])),
    )


def _test(z: Floats, moves: Floats, random: np.random.Generator) -> tuple[float, float]:
    """Probability of so large a t without a response: by flipping the moves' signs, and by Student's law.

    The first is exact, whatever the moves' variances, where they are symmetric about zero (a wild bootstrap that
    imposes the null hypothesis: Davidson & Flachaire 2008, "The wild bootstrap, tamed at last").
    """
    flips = random.choice([-1.0, 1.0], size=(_FLIPS, len(z)))
    t = _t(z, moves[None, :])[0]
    p = (1.0 + np.count_nonzero(_t(z, flips * moves) >= t * (1.0 - 1e-12))) / (_FLIPS + 1.0)
    hc1 = t * math.sqrt((len(z) - 1.0) / len(z))
    return float(p), float(2.0 * stats.t.sf(hc1, len(z) - 1))


def _t(z: Floats, moves: Floats) -> Floats:
    """``|t|`` of each row of ``moves[test, release]`` on ``z``, errors HC0."""
    squares = z @ z
    beta = moves @ z / squares
    residuals = moves - beta[:, None] * z
    return np.abs(beta) * squares / np.sqrt(residuals**2 @ z**2)


class _Quiet:
    """The weekdays without a release, minute by minute, and how prices moved then."""

    def __init__(self, sample: Sample, bars: Sequence[Bars], seconds: int) -> None:
        self._sample, self._bars, self._seconds = sample, bars, seconds
        first = min(int(one.start[0]) for one in bars)
        last = max(int(one.start[-1]) for one in bars)
        self.priced = (sample.ts >= first) & (sample.ts <= last)
        self._days = tuple(_weekdays(_local(first).date(), _local(last).date()))
        self._known: dict[time, tuple[list[Nanos], Floats]] = {}

    def deal(self, rows: Sequence[int]) -> Iterator[Floats]:
        """Rounds of moves, one of a placebo day for each of ``rows``; NaN where none is left nearby."""
        free = {
            minute: list(self._at(minute)[0]) for minute in {_local(int(self._sample.ts[row])).time() for row in rows}
        }
        for _ in range(ROUNDS):
            dealt = [self._take(int(self._sample.ts[row]), free) for row in rows]
            if np.count_nonzero(~np.isnan(dealt)) < LEAST:
                return
            yield np.array(dealt)

    def _take(self, ts: Nanos, free: Mapping[time, list[Nanos]]) -> float:
        minute = _local(ts).time()
        left = free[minute]
        nearest = min(left, key=lambda moment: abs(moment - ts), default=None)
        if nearest is None or abs(nearest - ts) > _FARTHEST_NS:
            return math.nan
        left.remove(nearest)
        moments, moves = self._at(minute)
        return float(moves[moments.index(nearest)])

    def _at(self, minute: time) -> tuple[list[Nanos], Floats]:
        """Quiet moments at that minute of New York's clock, with their moves in usual ones."""
        if minute not in self._known:
            ts = self._sample.ts
            moments = [_instant(day, minute) for day in self._days]
            begin = np.searchsorted(ts, np.array(moments) - _QUIET_NS)
            end = np.searchsorted(ts, np.array(moments) + self._seconds * NS_PER_S)
            calm = [moment for moment, none in zip(moments, begin == end, strict=True) if none]
            usual = volatility_of(self._bars, calm, lookback_s=LOOKBACK_S, seconds=self._seconds)
            moves = moves_of(self._bars, calm, self._seconds) / np.where(usual > 0.0, usual, np.nan)
            known = ~np.isnan(moves)
            self._known[minute] = [moment for moment, one in zip(calm, known, strict=True) if one], moves[known]
        return self._known[minute]


def _weekdays(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        if day.weekday() < _SATURDAY:
            yield day
        day += timedelta(days=1)


def _local(ts: Nanos) -> datetime:
    return datetime.fromtimestamp(ts // NS_PER_S, UTC).astimezone(_ZONE)


def _instant(day: date, minute: time) -> Nanos:
    return int(datetime.combine(day, minute, _ZONE).timestamp()) * NS_PER_S
