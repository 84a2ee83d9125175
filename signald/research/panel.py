"""Calendars → every surprise with the scale that was known before it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from signald.core.surprise import MINIMUM, WINDOW, WINSOR, scale, surprise, winsorise
from signald.model.macro import Indicator, IndicatorId, ReleaseId
from signald.model.parameters import SeriesId, series_of
from signald.model.time import Nanos
from signald.sources.calendars.files import CalendarRow, Reading


class Observed(NamedTuple):
    """One surprise.

    Attributes:
        release_id: Of which release.
        series: The series it belongs to.
        ts: When it was due.
        raw: Actual less consensus, in the indicator's unit.
        z: In standard deviations of the surprises before it, cut; ``None`` where there were too few.
    """

    release_id: ReleaseId
    series: SeriesId
    ts: Nanos
    raw: float
    z: float | None


def merge(readings: Sequence[Reading]) -> list[CalendarRow]:
    """Each release once, by time and id: from the first calendar that has both figure and consensus, else the first."""
    chosen: dict[ReleaseId, CalendarRow] = {}
    for reading in readings:
        for row in reading.rows:
            known = chosen.get(row.release_id)
            if known is None or (not _is_whole(known) and _is_whole(row)):
                chosen[row.release_id] = row
    return sorted(chosen.values(), key=lambda row: (row.ts_scheduled, row.release_id))


def observe(
    rows: Iterable[CalendarRow], indicators: Mapping[IndicatorId, Indicator], *, window: int = WINDOW
) -> list[Observed]:
    """The surprises of all releases that have figure and consensus, in order of time.

    Each is measured by those of its own series at earlier times only: what comes after a release changes nothing.
    """
    past: dict[SeriesId, list[tuple[Nanos, float]]] = {}
    observed: list[Observed] = []
    for row in rows:
        if row.actual is None or row.consensus is None:
            continue
        series = series_of(row.release_id)
        raw = surprise(row.actual, row.consensus)
        seen = past.setdefault(series, [])
        before = [one for ts, one in seen if ts < row.ts_scheduled]
        sigma = scale(before, step=indicators[row.indicator].step, window=window, minimum=MINIMUM)
        z = None if sigma is None else winsorise(raw / sigma, WINSOR)
        observed.append(Observed(row.release_id, series, row.ts_scheduled, raw, z))
        seen.append((row.ts_scheduled, raw))
    return observed


def _is_whole(row: CalendarRow) -> bool:
    return row.actual is not None and row.consensus is not None
