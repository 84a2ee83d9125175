"""One release as a file has it, and what was wrong with the file."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from signald.model.macro import IndicatorId, ReleaseId
from signald.model.time import Nanos

Fault: TypeAlias = Literal["unknown_series", "unreadable_figure", "wrong_hour", "repeated"]
"""What a row may have wrong: a series that is not configured; a figure that is none; a time off by exactly an hour from
the agency's own (corrected); a release that stands there already (the better row is kept)."""


class CalendarRow(msgspec.Struct, frozen=True, kw_only=True):
    """One release, figures in the indicator's unit; ``None``: not given, or unreadable.

    Attributes:
        release_id: ``us.gdp.qoq:2024-Q1:advance``.
        indicator: ``us.gdp.qoq``.
        period: ``2024-Q1``.
        ts_scheduled: When it was due.
        actual: The first figure published.
        consensus: As known before the release.
        prior: Last period's figure as known before the release.
        revised_prior: The same as restated at the release; ``None`` also if the file does not say.
        consensus_low: Lowest forecast, and so on; only the contract's CSV has these.
    """

    release_id: ReleaseId
    indicator: IndicatorId
    period: str
    ts_scheduled: Nanos
    actual: float | None
    consensus: float | None
    prior: float | None
    revised_prior: float | None = None
    consensus_low: float | None = None
    consensus_high: float | None = None
    consensus_std: float | None = None
    consensus_n: int | None = None


class Reading(NamedTuple):
    """The releases of one file, each once, by time and id; and how many rows had which fault."""

    rows: tuple[CalendarRow, ...]
    faults: dict[Fault, int]


def each_release_once(rows: Iterable[CalendarRow], faults: Counter[Fault]) -> Reading:
    """Keep the best row of each release: the one that lacks least of consensus and figure; of equals the earliest."""
    best: dict[ReleaseId, CalendarRow] = {}
    for row in rows:
        known = best.get(row.release_id)
        if known is not None:
            faults["repeated"] += 1
            row = min(known, row, key=_rank)  # noqa: PLW2901 - the better of the two
        best[row.release_id] = row
    ordered = sorted(best.values(), key=lambda row: (row.ts_scheduled, row.release_id))
    return Reading(tuple(ordered), {fault: faults[fault] for fault in sorted(faults) if faults[fault]})


def _rank(row: CalendarRow) -> tuple[int, int]:
    return (row.consensus is None) + (row.actual is None), row.ts_scheduled
