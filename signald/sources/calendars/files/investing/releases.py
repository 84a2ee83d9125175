"""From what was seen of each release to what was known of it, when, and what came of it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from signald.model.figures import parse_figure
from signald.model.macro import IndicatorId, ReleaseId, ReleaseKind, ScheduleState
from signald.model.time import NS_PER_S, Nanos
from signald.sources.calendars.files.investing.faults import FeedFault
from signald.sources.calendars.files.investing.looks import Look, by_series, stories_of

_MINUTE_NS: Final = 60 * NS_PER_S
_DAY_NS: Final = 86_400 * NS_PER_S
_EARLIEST: Final = 5 * _MINUTE_NS  # a figure so long before its time is not of that time
_SAME_DAY_NS: Final = 8 * 3_600 * NS_PER_S
_OUTAGE_NS: Final = 12 * 3_600 * NS_PER_S
_ECHO_NS: Final = 11 * _DAY_NS  # how long a page may go on showing a release under other days


class FeedSchedule(NamedTuple):
    """What was known of a coming release from ``ts_known`` on; figures in the indicator's unit."""

    ts_known: Nanos
    ts_scheduled: Nanos
    consensus: float | None
    prior: float | None
    state: ScheduleState


class FeedFigure(NamedTuple):
    """A figure; ``ts`` is the release's time for the first one, else when it was first seen."""

    ts: Nanos
    kind: ReleaseKind
    actual: float | None
    revised_prior: float | None


class FeedRelease(msgspec.Struct, frozen=True, kw_only=True):
    """One release: every schedule in order, then the first figure and its corrections; none if it was never seen."""

    release_id: ReleaseId
    indicator: IndicatorId
    period: str
    ts_release: Nanos
    schedules: tuple[FeedSchedule, ...]
    figures: tuple[FeedFigure, ...]


class FeedReading(NamedTuple):
    """The releases, each once, by time and id; and how often what was wrong."""

    releases: tuple[FeedRelease, ...]
    faults: dict[FeedFault, int]


class _Seen(NamedTuple):
    """A look with its figures read."""

    ts: Nanos
    ts_release: Nanos
    is_exact: bool
    is_timed: bool
    actual: float | None
    consensus: float | None
    prior: float | None


def assemble(
    looks: Iterable[Look],
    copies: Sequence[Nanos],
    faults: Counter[FeedFault],
) -> FeedReading:
    """Put together what was seen of each release.

    Args:
        looks: In order of ``ts_seen``.
        copies: When the page was copied, in order.
        faults: Counted on.
    """
    stories = stories_of(looks)
    told = _without_echoes(stories, faults)
    releases = [_release(release_id, story, copies, faults) for release_id, story in told.items()]
    ordered = sorted(releases, key=lambda release: (release.ts_release, release.release_id))
    return FeedReading(tuple(ordered), {fault: faults[fault] for fault in sorted(faults) if faults[fault]})


def _without_echoes(stories: Mapping[ReleaseId, list[Look]], faults: Counter[FeedFault]) -> dict[ReleaseId, list[Look]]:
    """Leave out releases that are others again, under a day that made them seem to be of another period.

    Such a one had its figure before its time whenever it was seen, and the same texts as one of its series shortly
    before.
    """
    all_looks = by_series(stories)
    kept: dict[ReleaseId, list[Look]] = {}
    for release_id, story in stories.items():
        others = all_looks[story[0].indicator.id]
        if all(_is_echo(look, release_id, others) for look in story):
            faults["repeated"] += 1
        else:
            kept[release_id] = story
    return kept


def _is_echo(look: Look, release_id: ReleaseId, others: Iterable[tuple[ReleaseId, Look]]) -> bool:
    if look.ts_release <= look.ts_seen + _EARLIEST:
        return False
    return any(
        other_id != release_id
        and other.texts == look.texts
        and other.ts_release < look.ts_release <= other.ts_release + _ECHO_NS
        and (bool(look.texts[0]) or other.ts_seen < look.ts_seen)
        for other_id, other in others
    )


def _release(
    release_id: ReleaseId, story: Sequence[Look], copies: Sequence[Nanos], faults: Counter[FeedFault]
) -> FeedRelease:
    seen = [_read(look, faults) for look in story]
    first = next((one for one in seen if one.actual is not None), None)
    ts_release = _time_of(seen, first, faults)
    known = [one for one in seen if one.ts < ts_release and one.actual is None and (first is None or one.ts < first.ts)]
    schedules = tuple(_schedules(known, ts_release))
    if len({schedule.ts_scheduled for schedule in schedules}) > 1:
        faults["rescheduled"] += 1
    prior = schedules[-1].prior if schedules else None
    figures = tuple(_figures(seen, first, ts_release, prior)) if first else ()
    _count(seen, first, schedules, figures, ts_release, copies, faults)
    return FeedRelease(
        release_id=release_id,
        indicator=story[0].indicator.id,
        period=story[0].period.name,
        ts_release=ts_release,
        schedules=schedules,
        figures=figures,
    )


def _read(look: Look, faults: Counter[FeedFault]) -> _Seen:
    figures: list[float | None] = []
    for text in look.texts:
        try:
            figures.append(parse_figure(text, look.indicator.unit) if text else None)
        except ValueError:
            faults["unreadable_figure"] += 1
            figures.append(None)
    return _Seen(look.ts_seen, look.ts_release, look.is_exact, look.is_timed, *figures)


def _time_of(seen: Sequence[_Seen], first: _Seen | None, faults: Counter[FeedFault]) -> Nanos:
    """When the release came, or was last said to be due; what was promised counts more than what was said after."""
    if first is None:
        timed = [one for one in seen if one.is_timed] or seen
        exact = [one for one in timed if one.is_exact] or timed
        return exact[-1].ts_release
    possible = [one for one in seen if one.is_timed and one.ts_release <= first.ts + _EARLIEST]
    before = [one for one in possible if one.ts < first.ts]
    if before:
        promised = _last_exact(before)
        told = _last_exact([one for one in possible if one.ts == first.ts] or before)
        return promised if abs(told - promised) < _SAME_DAY_NS else told  # sites backdate what they publish by hand
    if possible:
        return possible[0].ts_release
    if any(one.actual is None for one in seen if one.ts < first.ts):
        faults["early"] += 1  # it was said to come later: when it came is known to the copy only
        return first.ts // _MINUTE_NS * _MINUTE_NS
    faults["wrong_day"] += 1  # a page already turned, with the rows of the day before
    days = -(-(first.ts_release - first.ts - _EARLIEST) // _DAY_NS)
    return first.ts_release - days * _DAY_NS


def _last_exact(looks: Sequence[_Seen]) -> Nanos:
    exact = [one for one in looks if one.is_exact] or looks
    return exact[-1].ts_release


def _schedules(known: Iterable[_Seen], ts_release: Nanos) -> Iterator[FeedSchedule]:
    """Each change of what was known; a figure that was known stays known when a later copy lacks it."""
    last: FeedSchedule | None = None
    for one in known:
        # a countdown, or another time of the same few minutes, is no other time
        ts = one.ts_release if one.is_exact or last is None else last.ts_scheduled
        if not one.is_exact and abs(ts - ts_release) <= _EARLIEST:
            ts = ts_release
        state = ScheduleState.SCHEDULED if one.is_timed else ScheduleState.TENTATIVE
        if last is not None and ts != last.ts_scheduled and one.is_timed:
            state = ScheduleState.RESCHEDULED
        schedule = FeedSchedule(
            one.ts,
            ts,
            one.consensus if one.consensus is not None or last is None else last.consensus,
            one.prior if one.prior is not None or last is None else last.prior,
            state if last is None or ts != last.ts_scheduled else last.state,
        )
        if last is None or schedule[1:] != last[1:]:
            yield schedule
            last = schedule


def _figures(seen: Sequence[_Seen], first: _Seen, ts_release: Nanos, prior: float | None) -> Iterator[FeedFigure]:
    settled = next(one.prior for one in reversed(seen) if first.ts <= one.ts <= first.ts + _DAY_NS)
    revised = settled if settled != prior else None
    yield FeedFigure(ts_release, ReleaseKind.FIRST, first.actual, revised)
    actual = first.actual
    for one in seen:
        if one.ts > first.ts and one.actual is not None and one.actual != actual:
            actual = one.actual
            yield FeedFigure(one.ts, ReleaseKind.CORRECTION, actual, revised)


def _count(
    seen: Sequence[_Seen],
    first: _Seen | None,
    schedules: Sequence[FeedSchedule],
    figures: Sequence[FeedFigure],
    ts_release: Nanos,
    copies: Sequence[Nanos],
    faults: Counter[FeedFault],
) -> None:
    """Count what was wrong with one release."""
    after = bisect_left(copies, ts_release)
    silence = copies[after] - copies[after - 1] if 0 < after < len(copies) else 0
    if silence >= _OUTAGE_NS:
        faults["outage"] += 1
    if first is None:
        faults["never_seen"] += ts_release <= copies[-1]
        return
    faults["first_seen_late"] += not schedules
    faults["corrected"] += len(figures) > 1
    later = [one for one in seen if one.ts > first.ts]
    faults["repeated"] += len({one.ts_release for one in later if one.is_exact} - {ts_release})
    faults["consensus_changed_after"] += any(one.consensus != first.consensus for one in later)
    faults["prior_changed_after"] += any(one.prior != first.prior for one in later)
    faults["figure_withdrawn"] += any(one.actual is None for one in later)
