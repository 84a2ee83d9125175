"""Reads prices of futures on the federal funds rate, and says what they expect of the next decisions."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from signald.core.fed_funds import Month, decisions, implied_cuts
from signald.errors import ConfigError, ImportFormatError
from signald.research.tables import read_table

HEADER: Final = ("month", "price")
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_DECEMBER: Final = 12
_PRICES: Final = (50.0, 110.0)
"""What a price may be: the rate was never above 25 percent, nor below −5."""


class MeetingOdds(msgspec.Struct, frozen=True, kw_only=True):
    """One meeting; the fields of ``expectations/fed_funds`` and what they rest on.

    Attributes:
        meeting: Its last day.
        p_cut: Probability of a cut.
        p_hold: Of none.
        p_hike: Of a hike.
        before: Effective rate before it, percent.
        after: Expected effective rate after it.
        levels: Steps of 25 basis points from the rate now, as text → probability of standing there after it.
    """

    meeting: date
    p_cut: float
    p_hold: float
    p_hike: float
    before: float
    after: float
    levels: dict[str, float]


class FedFunds(msgspec.Struct, frozen=True, kw_only=True):
    """All meetings that prices reach, and cuts of 25 basis points priced by the end of the first one's year.

    ``implied_cuts_year_end`` is ``None`` without a rate now, or where prices do not reach December. ``silent`` are the
    meetings of which nothing can be said, each with the reason.
    """

    meetings: tuple[MeetingOdds, ...]
    implied_cuts_year_end: float | None
    silent: dict[str, str]


def read_fed_funds(path: Path, meetings: Sequence[str], *, rate: float | None) -> FedFunds:
    """Odds of each meeting from a file of ``month,price``.

    Args:
        path: The file; a month as ``2025-03``.
        meetings: Last days, as ``2025-03-19``, those in the months before among them.
        rate: Effective rate now, percent; ``None``: only months without a meeting tell.

    Raises:
        ConfigError: There is no such file, or a meeting is no day, or shares its month with another.
        ImportFormatError: A line is not what it should be.
    """
    days = [_day(one) for one in meetings]
    if len({(day.year, day.month) for day in days}) < len(days):
        where, problem = "--meeting", "two meetings are in one month: the method has no word for that"
        raise ConfigError(where, problem)
    prices = _read(path)
    found = decisions(prices, days, rate=rate)
    cuts = None
    if rate is not None and found:
        cuts = implied_cuts(prices, days, year=found[0].meeting.year, rate=rate)
    return FedFunds(
        meetings=tuple(
            MeetingOdds(
                meeting=one.meeting,
                p_cut=one.p_cut,
                p_hold=one.p_hold,
                p_hike=one.p_hike,
                before=one.before,
                after=one.after,
                levels={str(level): p for level, p in one.levels.items()},
            )
            for one in found
        ),
        implied_cuts_year_end=cuts,
        silent={
            str(day): _why_silent(day, days, prices, has_rate=rate is not None)
            for day in sorted(days)
            if day not in {one.meeting for one in found}
        },
    )


def _why_silent(day: date, days: Sequence[date], prices: Mapping[Month, float], *, has_rate: bool) -> str:
    """Why the method says nothing of a meeting."""
    if (day.year, day.month) not in prices:
        return f"there is no price of {day:%Y-%m}"
    earlier = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, _DECEMBER)
    is_known = earlier in prices and earlier not in {(one.year, one.month) for one in days}
    if not is_known and not (has_rate and day == min(days)):
        return "the rate before it is not known: give the price of the month before it, of the one after it, or --rate"
    return f"so few days of {day:%Y-%m} are left after it that the month's price cannot tell: give that of the next"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        where, problem = "--meeting", f"{text!r} is no day such as 2025-03-19"
        raise ConfigError(where, problem) from None


def _read(path: Path) -> dict[Month, float]:
    prices: dict[Month, float] = {}
    for line, row in enumerate(read_table(path, HEADER), start=2):
        month, price = _read_row(row, path=path, line=line)
        if month in prices:
            raise ImportFormatError(str(path), line, f"{row[0]} stands there twice")
        prices[month] = price
    return prices


def _read_row(row: Sequence[str], *, path: Path, line: int) -> tuple[Month, float]:
    found = _MONTH.fullmatch(row[0]) if len(row) == len(HEADER) else None
    try:
        price = float(row[-1]) if row else 0.0
    except ValueError:
        price = 0.0
    if found is None or not _PRICES[0] <= price <= _PRICES[1]:
        raise ImportFormatError(str(path), line, f"{','.join(row)!r} is no month and price such as 2025-03,95.67")
    return (int(found[1]), int(found[2])), price
