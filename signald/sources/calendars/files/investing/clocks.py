"""Whose clock a page shows: not what its label says, but what its regular releases prove.

A site's clock is either that of a place with summer time or a fixed distance from UTC, and changes seldom. Each copy of
a page gives evidence: a series that is always published at 08:30 in New York, shown at 21:30, speaks for clocks eight
hours before UTC in summer and seven... whichever its day says; a row that said "44 min" an hour ago tells the distance
by itself; a figure cannot be there before its time. The path through all copies that is best supported, with a price on
each change of clock, is found by Viterbi's algorithm (Forney, "The Viterbi Algorithm", Proc. IEEE 61, 1973).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from signald.model.macro import Indicator
from signald.model.time import NS_PER_S, Nanos
from signald.sources.calendars.files.investing.sightings import Sighting, minute_of

MINUTE_NS: Final = 60 * NS_PER_S

_PLACES: Final = ("Europe/London", "America/New_York", "Europe/Berlin")  # clocks of sites, with summer time
_STEP: Final = 30  # minutes between fixed clocks
_FURTHEST: Final = (-12 * 60, 14 * 60)  # minutes from UTC
_OFFSETS: Final = range(_FURTHEST[0], _FURTHEST[1] + _STEP, _STEP)
_CHANGE_COSTS: Final = 6.0  # pieces of evidence that it takes to believe in another clock
_LABEL_COUNTS: Final = 0.001  # where nothing else speaks, the label does
_COUNTDOWN_COUNTS: Final = 2.0
_IMPOSSIBLE_COUNTS: Final = 1.0
_MOST_IMPOSSIBLE: Final = 2.0  # a page that repeats yesterday's rows must not turn the clock
_TOLERANCE: Final = 4  # minutes by which a countdown may be off
_COUNTDOWN: Final = re.compile(r"(\d{1,3}) min")
_FIXED_LABEL: Final = re.compile(r"(?:GMT|UTC)(?: ?([+-]\d{1,2})(?::?(\d{2}))?)?")


class Clocks:
    """The clock of each copy of the page."""

    def __init__(self, clocks: Mapping[Nanos, tzinfo]) -> None:
        """Take the clock of each ``ts_seen``."""
        self._clocks = clocks

    def time_of(self, sighting: Sighting) -> Nanos | None:
        """UTC of the time shown; ``None`` if it is no time of day."""
        minute = minute_of(sighting.clock)
        return None if minute is None else to_utc(sighting.day, minute, self._clocks[sighting.ts_seen])

    def is_labelled_wrong(self, sighting: Sighting) -> bool:
        """Whether the page's label is not what its clock shows."""
        minute = minute_of(sighting.clock)
        label = zone_of_label(sighting.label)
        if minute is None or label is None:
            return False
        return self.time_of(sighting) != to_utc(sighting.day, minute, label)


def countdown(sighting: Sighting) -> Nanos | None:
    """The time that "44 min" stands for, a minute or two too late at most: the page is older than its copy."""
    found = _COUNTDOWN.fullmatch(sighting.clock)
    return sighting.ts_seen + int(found[1]) * MINUTE_NS if found else None


def to_utc(day: date, minute: int, zone: tzinfo) -> Nanos:
    """UTC of ``minute`` since midnight on a clock of ``zone``."""
    shown = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return round(shown.timestamp()) * NS_PER_S


def zone_of_label(label: str) -> tzinfo | None:
    """``GMT+8`` is eight hours before UTC; ``None``: no clock is called so."""
    found = _FIXED_LABEL.fullmatch(label)
    if found is None:
        return None
    hours = int(found[1] or 0)
    minutes = abs(hours) * 60 + int(found[2] or 0)
    offset = -minutes if hours < 0 else minutes
    return timezone(timedelta(minutes=offset)) if _FURTHEST[0] <= offset <= _FURTHEST[1] else None


def find_clocks(sightings: Sequence[Sighting], regular: Mapping[int, Indicator]) -> Clocks:
    """Find the clock of each copy.

    Args:
        sightings: In order of ``ts_seen``.
        regular: Series of those sightings, by their index, that are configured.
    """
    candidates: list[tzinfo] = [timezone(timedelta(minutes=offset)) for offset in _OFFSETS]
    candidates += map(ZoneInfo, _PLACES)
    counted = _counted_down(sightings)
    copies: defaultdict[Nanos, list[int]] = defaultdict(list)
    for index, sighting in enumerate(sightings):
        copies[sighting.ts_seen].append(index)
    supports = [_supports(sightings, copy, regular, counted) for copy in copies.values()]
    path = _best_path(supports, len(candidates))
    return Clocks({ts: candidates[state] for ts, state in zip(copies, path, strict=True)})


def _counted_down(sightings: Iterable[Sighting]) -> dict[tuple[date, str, str], Nanos]:
    counted: dict[tuple[date, str, str], Nanos] = {}
    for sighting in sightings:
        ts = countdown(sighting)
        if ts is not None:
            counted[sighting.day, sighting.currency, sighting.event] = ts
    return counted


def _supports(
    sightings: Sequence[Sighting],
    copy: Iterable[int],
    regular: Mapping[int, Indicator],
    counted: Mapping[tuple[date, str, str], Nanos],
) -> list[float]:
    """What one copy says for each candidate; rows that show the same say it once."""
    proofs: dict[tuple[date, int, int], float] = {}
    impossible: dict[tuple[date, int], Nanos] = {}
    days: dict[date, str] = {}
    for index in copy:
        sighting = sightings[index]
        days.setdefault(sighting.day, sighting.label)
        minute = minute_of(sighting.clock)
        if minute is None:
            continue
        indicator = regular.get(index)
        for offset in _offsets_proving(indicator, sighting.day, minute) if indicator else ():
            proofs.setdefault((sighting.day, minute, offset), 1.0)
        ts = counted.get((sighting.day, sighting.currency, sighting.event))
        if ts is not None and (offset := _offset_between(sighting.day, minute, ts)) is not None:
            proofs[sighting.day, minute, offset] = _COUNTDOWN_COUNTS
        if sighting.actual:
            impossible[sighting.day, minute] = sighting.ts_seen
    support = [0.0] * (len(_OFFSETS) + len(_PLACES))
    for (day, _minute, offset), weight in proofs.items():
        _add(support, day, offset, weight)
    for day, text in days.items():
        if (label := zone_of_label(text)) is not None:
            _add(support, day, _minutes(label.utcoffset(None)), _LABEL_COUNTS)
    for state, count in _impossible(impossible).items():
        support[state] -= min(count * _IMPOSSIBLE_COUNTS, _MOST_IMPOSSIBLE)
    return support


def _add(support: list[float], day: date, offset: int, weight: float) -> None:
    """Add ``weight`` to each candidate that is ``offset`` minutes from UTC on ``day``."""
    place, rest = divmod(offset - _FURTHEST[0], _STEP)
    if not rest and 0 <= place < len(_OFFSETS):
        support[place] += weight
    for state, name in enumerate(_PLACES, start=len(_OFFSETS)):
        if _offset_on(name, day) == offset:
            support[state] += weight


def _impossible(rows: Mapping[tuple[date, int], Nanos]) -> Counter[int]:
    """How many figures each candidate would have before their time."""
    found: Counter[int] = Counter()
    for (day, minute), seen in rows.items():
        least = (to_utc(day, minute, UTC) - seen) / MINUTE_NS - _TOLERANCE  # minutes from UTC that it takes
        found.update(state for state, offset in enumerate(_OFFSETS) if offset < least)
        found.update(state for state, name in enumerate(_PLACES, start=len(_OFFSETS)) if _offset_on(name, day) < least)
    return found


@lru_cache(maxsize=4096)
def _offset_on(place: str, day: date) -> int:
    """Minutes from UTC at noon: clocks change at night."""
    return _minutes(datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(place)).utcoffset())


def _offsets_proving(indicator: Indicator, day: date, minute: int) -> list[int]:
    """The distances from UTC, in minutes, at which ``minute`` on ``day`` is the series' regular time."""
    hour, past = map(int, indicator.release_time.split(":"))
    zone = ZoneInfo(indicator.time_zone)
    found: list[int] = []
    for shift in (-1, 0, 1):
        local = day + timedelta(days=shift)
        due = datetime(local.year, local.month, local.day, hour, past, tzinfo=zone)
        offset = _minutes(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute) - due)
        if _FURTHEST[0] <= offset <= _FURTHEST[1]:
            found.append(offset)
    return found


def _offset_between(day: date, minute: int, ts: Nanos) -> int | None:
    """The distance from UTC of a clock that shows ``minute`` at ``ts``; ``None`` if no clock has it."""
    exact = (to_utc(day, minute, UTC) - ts) / MINUTE_NS
    offset = round(exact / _STEP) * _STEP
    return offset if abs(exact - offset) <= _TOLERANCE and _FURTHEST[0] <= offset <= _FURTHEST[1] else None


def _minutes(span: timedelta | None) -> int:
    return (span or timedelta()) // timedelta(minutes=1)


def _best_path(supports: Sequence[Sequence[float]], states: int) -> list[int]:
    """Viterbi: the state of each step, so that support less the price of the changes is greatest."""
    score = [0.0] * states
    came_from: list[list[int]] = []
    for support in supports:
        best = max(range(states), key=score.__getitem__)
        changed = score[best] - _CHANGE_COSTS
        origin = [state if score[state] >= changed else best for state in range(states)]
        score = [max(score[state], changed) + support[state] for state in range(states)]
        came_from.append(origin)
    path: list[int] = []
    state = max(range(states), key=score.__getitem__)
    for origin in reversed(came_from):
        path.append(state)
        state = origin[state]
    return path[::-1]
