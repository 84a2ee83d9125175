"""Reads a calendar file of any of the three forms."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from signald.errors import ImportFormatError
from signald.model.figures import parse_figure
from signald.model.macro import Indicator, IndicatorId
from signald.model.time import parse_rfc3339
from signald.sources.calendars.files.exports import FOREXFACTORY, INVESTING, Fields, read_forexfactory, read_investing
from signald.sources.calendars.files.rows import CalendarRow, Fault, Reading, each_release_once

CONTRACTED: Final = frozenset({"ts_scheduled", "indicator", "period", "actual", "consensus", "prior"})
"""Columns the contract's own CSV must have."""

_OPTIONAL: Final = ("revised_prior", "consensus_low", "consensus_high", "consensus_std")


def read_calendar(content: bytes, indicators: Mapping[IndicatorId, Indicator], *, name: str) -> Reading:
    """Read one file; a byte order mark is skipped.

    A fault of a site's export is counted and the rest of the file read; the contract's own CSV must be right.

    Args:
        content: The file.
        indicators: The series that may be spoken of.
        name: What to call the file in errors.

    Raises:
        ImportFormatError: The header is none of the three, or a line cannot be read.
    """
    lines = csv.DictReader(io.StringIO(text_of(content, name), newline=""), strict=True)
    try:
        header = frozenset(lines.fieldnames or ())
        faults: Counter[Fault] = Counter()
        if header >= CONTRACTED:
            return each_release_once(_contracted(lines, indicators, name), faults)
        for columns, read in ((FOREXFACTORY, read_forexfactory), (INVESTING, read_investing)):
            if header >= columns:
                return each_release_once(read(_whole(lines, name), indicators, faults), faults)
    except (csv.Error, ValueError, OverflowError) as error:
        raise ImportFormatError(name, lines.line_num, str(error)) from error
    raise ImportFormatError(name, 1, f"the header {sorted(header)} is of no calendar we know")


def text_of(content: bytes, name: str) -> str:
    """A file's text without a byte order mark; raises ``ImportFormatError`` with the line where it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFormatError(name, content.count(b"\n", 0, error.start) + 1, str(error)) from error


def _whole(lines: "csv.DictReader[str]", name: str) -> Iterator[Fields]:
    """Each line's fields; raises ``ImportFormatError`` where a line has more or fewer than the header."""
    for fields in lines:
        if None in fields or None in fields.values():
            raise ImportFormatError(name, lines.line_num, f"not {len(lines.fieldnames or ())} fields")
        yield fields


# ts_scheduled,indicator,period,actual,consensus,prior
# 2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9
def _contracted(
    lines: "csv.DictReader[str]", indicators: Mapping[IndicatorId, Indicator], name: str
) -> Iterator[CalendarRow]:
    for fields in _whole(lines, name):
        indicator = indicators.get(fields["indicator"])
        if indicator is None:
            raise ImportFormatError(name, lines.line_num, f"indicator {fields['indicator']!r} is not configured")
        yield _row(fields, indicator)


def _row(fields: Fields, indicator: Indicator) -> CalendarRow:
    def figures(columns: Sequence[str]) -> dict[str, float | None]:
        given = {column: fields.get(column, "") for column in columns}
        return {column: parse_figure(text, indicator.unit) if text else None for column, text in given.items()}

    period = fields["period"]
    if not all(period.split(":")):
        msg = f"{period!r} is no period"
        raise ValueError(msg)
    required = figures(("actual", "consensus", "prior"))
    optional = figures(_OPTIONAL)
    count = fields.get("consensus_n", "")
    return CalendarRow(
        release_id=f"{indicator.id}:{period}",
        indicator=indicator.id,
        period=period.partition(":")[0],
        ts_scheduled=parse_rfc3339(fields["ts_scheduled"]),
        actual=required["actual"],
        consensus=required["consensus"],
        prior=required["prior"],
        revised_prior=optional["revised_prior"],
        consensus_low=optional["consensus_low"],
        consensus_high=optional["consensus_high"],
        consensus_std=optional["consensus_std"],
        consensus_n=int(count) if count else None,
    )
