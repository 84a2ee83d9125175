"""Events of an iCalendar file (RFC 5545): only what a schedule of releases has, nothing that recurs.

Lines are folded (section 3.1); text is escaped (3.3.11); ``DTSTART`` is UTC, local to a ``TZID``, or a day (3.3.5).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from signald.errors import MalformedFrameError
from signald.model.macro import Indicator, IndicatorId
from signald.model.time import NS_PER_S, Nanos
from signald.sources.feed_rows import FeedRow, FeedRows
from signald.sources.periods import MONTHS, Period, period_by_lag, period_containing, release_id_of

NAME: Final = "ics"

_ALIASES: Final = {
    "US-Eastern": "America/New_York",
    "US/Eastern": "America/New_York",
    "Eastern Standard Time": "America/New_York",
}
"""Names of zones in schedules that tzdata does not have, or not for ever."""

_LINE: Final = re.compile(r"(?P<name>[A-Za-z-]+)(?P<parameters>(?:;[^:]*)?):(?P<content>.*)", re.DOTALL)
_MONTH: Final = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (\d{4})\b")
_ESCAPED: Final = {r"\,": ",", r"\;": ";", r"\n": "\n", r"\N": "\n", r"\\": "\\"}


class _Start(NamedTuple):
    ts: Nanos | None
    day: date


def read_schedule(body: bytes, indicators: Mapping[IndicatorId, Indicator], reports: Mapping[str, str]) -> FeedRows:
    """Read one schedule: a row for each series of each publication that is known.

    Args:
        body: The file.
        indicators: The series that may be spoken of.
        reports: How the titles of publications begin, and which they are.

    Raises:
        MalformedFrameError: It is no iCalendar file.
    """
    try:
        lines = _unfolded(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MalformedFrameError(NAME, "", str(error)) from error
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        raise MalformedFrameError(NAME, "", "does not begin with BEGIN:VCALENDAR")
    faults: Counter[str] = Counter()
    rows: dict[str, FeedRow] = {}
    for event in _events(lines):
        try:
            for row in _rows(event, indicators, reports, faults):
                rows[row.release_id] = row
        except (ValueError, KeyError, OverflowError, OSError, ZoneInfoNotFoundError):  # a name too long is an OSError
            faults["unreadable_row"] += 1
    return FeedRows(tuple(rows.values()), dict(faults))


def _unfolded(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if line[:1] in {" ", "\t"} and lines:
            lines[-1] += line[1:]
        elif line:
            lines.append(line)
    return lines


def _events(lines: Sequence[str]) -> Iterator[dict[str, tuple[str, str]]]:
    """Each event's properties: name → parameters and content."""
    event: dict[str, tuple[str, str]] | None = None
    for line in lines:
        match line.strip().upper():
            case "BEGIN:VEVENT":
                event = {}
            case "END:VEVENT" if event is not None:
                yield event
                event = None
            case _ if event is not None and (found := _LINE.fullmatch(line)) is not None:
                event[found["name"].upper()] = (found["parameters"], found["content"])
            case _:
                pass


def _rows(
    event: Mapping[str, tuple[str, str]],
    indicators: Mapping[IndicatorId, Indicator],
    reports: Mapping[str, str],
    faults: Counter[str],
) -> Iterator[FeedRow]:
    title = re.sub(r"\\[,;nN\\]", lambda found: _ESCAPED[found[0]], event["SUMMARY"][1])
    report = next((report for begin, report in reports.items() if title.startswith(begin)), None)
    series = [one for one in indicators.values() if one.report == report]
    if report is None or not series:
        faults["unknown_series"] += 1
        return
    start = _start(*event["DTSTART"])
    for indicator in series:
        ts, day = _moment(start, indicator)
        period = _named_period(indicator, title) or period_by_lag(indicator, day)
        yield FeedRow(
            release_id=release_id_of(indicator, period, day, stage=None),
            indicator=indicator.id,
            period=period.name,
            ts_scheduled=ts,
            is_tentative=start.ts is None or event.get("STATUS", ("", ""))[1].upper() == "TENTATIVE",
        )


def _start(parameters: str, content: str) -> _Start:
    """``DTSTART;TZID=US-Eastern:20250212T083000``, ``DTSTART:20250212T133000Z`` or ``DTSTART;VALUE=DATE:20250212``."""
    if "T" not in content:
        return _Start(None, datetime.strptime(content, "%Y%m%d").replace(tzinfo=UTC).date())
    zone_name = next((part[5:].strip('"') for part in parameters.split(";") if part.upper().startswith("TZID=")), "")
    zone = UTC if content.endswith("Z") else ZoneInfo(_ALIASES.get(zone_name, zone_name))
    moment = datetime.strptime(content.rstrip("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    return _Start(round(moment.timestamp()) * NS_PER_S, moment.date())


def _moment(start: _Start, indicator: Indicator) -> tuple[Nanos, date]:
    """When it is due; where only the day is known, at the series' regular time."""
    zone = ZoneInfo(indicator.time_zone)
    if start.ts is not None:
        return start.ts, datetime.fromtimestamp(start.ts // NS_PER_S, zone).date()
    hour, minute = map(int, indicator.release_time.split(":"))
    due = datetime(start.day.year, start.day.month, start.day.day, hour, minute, tzinfo=zone)
    return round(due.timestamp()) * NS_PER_S, start.day


def _named_period(indicator: Indicator, title: str) -> Period | None:
    """``Consumer Price Index for January 2025``."""
    found = _MONTH.search(title)
    if found is None or indicator.frequency != "monthly":
        return None
    return period_containing(indicator, date(int(found[2]), MONTHS.index(found[1]) + 1, 1))
