"""What was seen on the site's pages and when: rows of the update stream and of pages kept verbatim."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from signald.errors import UNREADABLE, ImportFormatError
from signald.model.time import Nanos, parse_rfc3339
from signald.sources.calendars.files.investing.faults import FeedFault
from signald.sources.calendars.files.reader import text_of

UPDATES: Final = frozenset(
    {"commit_utc", "page_date", "time_shown", "tz_label", "currency", "event", "actual", "forecast", "previous"}
)
"""Columns of the update stream."""

_HEADING: Final = re.compile(r"## +(\d{1,2} \w+ \d{4})\b.*")
_LABEL: Final = re.compile(r"\| *Time \(([^)]*)\) *\|.*")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_CELLS: Final = 7


class Sighting(NamedTuple):
    """One row as one copy of the page had it.

    Attributes:
        ts_seen: When the copy was made.
        day: The day under which it stood.
        clock: Time as shown: ``08:30``, ``44 min``, ``Tentative``.
        label: The time zone the page claims.
        currency: ``USD``.
        event: ``CPI (YoY) (Dec)``.
        actual: As shown, ``""`` before it is out; so ``forecast`` and ``previous``.
    """

    ts_seen: Nanos
    day: date
    clock: str
    label: str
    currency: str
    event: str
    actual: str
    forecast: str
    previous: str


class _Page(msgspec.Struct, frozen=True):
    commit_utc: str
    text: str


_PAGES: Final = msgspec.json.Decoder(tuple[_Page, ...])


def minute_of(clock: str) -> int | None:
    """Minutes since midnight of a time such as ``08:30``; ``None`` if ``clock`` is none."""
    found = _CLOCK.fullmatch(clock)
    return int(found[1]) * 60 + int(found[2]) if found else None


def read_sightings(content: bytes, *, name: str, faults: Counter[FeedFault]) -> list[Sighting]:
    """Read one file: the update stream as CSV, or a list of pages as JSON.

    A row that makes no sense is counted; so is a page without a date.

    Raises:
        ImportFormatError: The file is neither.
    """
    if content.lstrip()[:1] == b"[":
        return list(_pages(content, name, faults))
    return list(_updates(content, name, faults))


# The columns are commit_utc,commit,page_date,time_shown,tz_label,currency,importance,event,actual,forecast,previous
# 2024-01-11T14:15:45Z,a0353ac9a2,2024-01-11,21:30,GMT+8,USD,High,CPI (YoY) (Dec),3.4%,3.2%,3.1%
def _updates(content: bytes, name: str, faults: Counter[FeedFault]) -> Iterator[Sighting]:
    lines = csv.DictReader(io.StringIO(text_of(content, name), newline=""))
    try:
        header = frozenset(lines.fieldnames or ())
        if not header >= UPDATES:
            raise ImportFormatError(name, 1, f"the header {sorted(header)} is of no update stream")
        for fields in lines:
            sighting = _update(fields)
            if sighting is None:
                faults["unreadable_row"] += 1
            else:
                yield sighting
    except csv.Error as error:
        raise ImportFormatError(name, lines.line_num, str(error)) from error


def _update(fields: Mapping[str, str | None]) -> Sighting | None:
    cells = {column: (fields.get(column) or "").strip() for column in UPDATES}
    try:
        ts_seen = parse_rfc3339(cells["commit_utc"])
        day = date.fromisoformat(cells["page_date"])
    except ValueError:
        return None
    if not cells["event"]:
        return None
    return Sighting(
        ts_seen,
        day,
        cells["time_shown"],
        cells["tz_label"],
        cells["currency"],
        cells["event"],
        cells["actual"],
        cells["forecast"],
        cells["previous"],
    )


# A list of pages: [{"commit": "…", "commit_utc": "2024-05-25T00:20:58Z", "text": "## 19 May 2024 - News\n\n| …"}]
def _pages(content: bytes, name: str, faults: Counter[FeedFault]) -> Iterator[Sighting]:
    try:
        pages = _PAGES.decode(content)
    except UNREADABLE as error:
        raise ImportFormatError(name, 0, str(error)) from error
    for page in pages:
        try:
            ts_seen = parse_rfc3339(page.commit_utc)
        except ValueError as error:
            raise ImportFormatError(name, 0, str(error)) from error
        yield from _page(page.text.splitlines(), ts_seen, faults)


def _page(lines: Sequence[str], ts_seen: Nanos, faults: Counter[FeedFault]) -> Iterator[Sighting]:
    """The rows of one page.

    They stand in order of time. A page that was not turned for days goes on below with the days that followed: where
    the time falls back, a new day begins.
    """
    day: date | None = None
    label = ""
    last = 0
    for line in lines:
        if heading := _HEADING.fullmatch(line.strip()):
            day = _long_date(heading[1])
            if day is None:
                faults["unreadable_row"] += 1
        elif head := _LABEL.fullmatch(line.strip()):
            label, last = head[1], 0
        elif day is not None and line.startswith("|") and not line.startswith(("|-", "| -")):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) != _CELLS:
                faults["unreadable_row"] += 1
                continue
            minute = minute_of(cells[0])
            if minute is not None:
                if minute < last:
                    day += timedelta(days=1)
                    faults["page_of_days"] += 1
                last = minute
            clock, currency, _importance, event, actual, forecast, previous = cells
            yield Sighting(ts_seen, day, clock, label, currency, event, actual, forecast, previous)


def _long_date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d %B %Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
