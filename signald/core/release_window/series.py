"""One series' figures that counted, and from them the prior of a release that no source told, as known before its time.

Only what was settled before a release's own time counts, and nothing that was due at the same moment: so the order in
which the messages of that moment come changes nothing, and nothing is known that came later.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import msgspec

from signald.model.macro import ReleaseId, SettledFigure
from signald.model.time import Nanos

_MOST_PERIODS: Final = 6
_MOST_FIGURES: Final = 16  # of one period: stages, corrections, retractions

_SPELLED: Final = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})|-Q(?P<quarter>\d)|-W(?P<week>\d{2}))?")


class Series:
    """The figures of the periods that were spoken of last."""

    def __init__(self, *, most_periods: int | None = _MOST_PERIODS) -> None:
        """Know none yet, and keep ``most_periods`` at a time (``None``: all)."""
        self._most_periods = most_periods
        self._periods: dict[str, list[SettledFigure]] = {}

    def __iter__(self) -> Iterator[SettledFigure]:
        """All that is kept, by period as they were first settled, then by time."""
        for figures in self._periods.values():
            yield from figures

    def settle(self, figure: SettledFigure) -> None:
        """Take what counts from now on; of one release at one moment the last word."""
        period = _period_of(figure.release_id)
        known = self._periods.get(period)
        if known and known[-1].ts_known < figure.ts_known:  # the way that must be short
            known.append(figure)
            del known[:-_MOST_FIGURES]
            return
        said = (figure.release_id, figure.ts_known)
        kept = [one for one in self._periods.get(period, ()) if (one.release_id, one.ts_known) != said]
        kept.append(figure)
        kept.sort(key=lambda one: one.ts_known)
        self._periods[period] = kept[-_MOST_FIGURES:]
        if self._most_periods is not None and len(self._periods) > self._most_periods:
            oldest = min(self._periods, key=lambda name: self._periods[name][-1].ts_known)
            del self._periods[oldest]

    def newest(self, period: str) -> SettledFigure | None:
        """What counts of a period, with all components that were said with that figure; ``None``: nothing does."""
        figures = self._periods.get(period, ())
        if not figures or figures[-1].actual is None:
            return None
        same = [one.components for one in figures if one.actual == figures[-1].actual]
        return msgspec.structs.replace(figures[-1], components={name: part for of in same for name, part in of.items()})

    def prior(self, release_id: ReleaseId, ts_scheduled: Nanos | None) -> float | None:
        """The figure of the period before as it was known at ``ts_scheduled``, of its newest stage; ``None``: unknown.

        Of a series without regular periods it is the newest period before that was spoken of.
        """
        period = _period_of(release_id)
        before = _preceding(period)
        if before is None:
            before = max((name for name in self._periods if name < period), default="")
        if ts_scheduled is None or before not in self._periods:
            return None
        counts: dict[ReleaseId, float | None] = {}
        for figure in self._periods[before]:
            if figure.ts_known < ts_scheduled and figure.ts_scheduled < ts_scheduled:
                counts[figure.release_id] = figure.actual
        return next((actual for actual in reversed(counts.values()) if actual is not None), None)


def _period_of(release_id: ReleaseId) -> str:
    return release_id.split(":")[1]


def _preceding(period: str) -> str | None:
    """The period that ended when ``period`` began; ``None`` for a day, which follows upon no other; ``""``: none."""
    spelled = _SPELLED.fullmatch(period)
    if spelled is None:
        return None
    year = int(spelled["year"])
    if spelled["month"]:
        month = int(spelled["month"]) - 1
        return f"{year:04d}-{month:02d}" if month else f"{year - 1:04d}-12"
    if spelled["quarter"]:
        quarter = int(spelled["quarter"]) - 1
        return f"{year:04d}-Q{quarter}" if quarter else f"{year - 1:04d}-Q4"
    if spelled["week"]:
        return _week_before(year, int(spelled["week"]))
    return f"{year - 1:04d}"


def _week_before(year: int, week: int) -> str:
    try:
        then = date.fromisocalendar(year, week, 1) - timedelta(days=7)
    except (ValueError, OverflowError):  # no such week: not every year has a fifty-third
        return ""
    before = then.isocalendar()
    return f"{before.year:04d}-W{before.week:02d}"
