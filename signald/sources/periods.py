"""Which period a release is about, from the day it came and what its feed says; and the hour it must have come at."""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from signald.model.indicators import stage_on
from signald.model.macro import Indicator, ReleaseId

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOUR: Final = timedelta(hours=1)


class Period(NamedTuple):
    """A reference period: as release ids spell it, and its first day."""

    name: str
    start: date


def period_by_lag(indicator: Indicator, day: date) -> Period:
    """The period a regular release on local ``day`` is about; of an irregular one the day itself."""
    return period_containing(indicator, day - timedelta(days=indicator.lag_days))


def period_containing(indicator: Indicator, inside: date) -> Period:
    """The period that holds the day ``inside``; of an irregular series the day itself."""
    match indicator.frequency:
        case "weekly":
            year, week, _ = inside.isocalendar()
            return Period(f"{year}-W{week:02d}", date.fromisocalendar(year, week, 1))
        case "monthly":
            return _month(inside.year, inside.month)
        case "quarterly":
            return _quarter(inside.year, (inside.month + 2) // 3)
        case "irregular":
            return Period(inside.isoformat(), inside)


def period_before(indicator: Indicator, period: Period) -> Period:
    """The period that ended when ``period`` began."""
    return period_by_lag(indicator, period.start + timedelta(days=indicator.lag_days - 1))


def period_by_name(indicator: Indicator, named: str | None, day: date) -> Period:
    """The newest period called ``named`` (``Jan``, ``Q2``) that had begun on ``day``; without a name by lag."""
    if named in MONTHS and indicator.frequency == "monthly":
        month = MONTHS.index(named) + 1
        return _month(day.year if month <= day.month else day.year - 1, month)
    if named is not None and named[0] == "Q" and indicator.frequency == "quarterly":
        quarter = int(named[1])
        return _quarter(day.year if quarter <= (day.month + 2) // 3 else day.year - 1, quarter)
    return period_by_lag(indicator, day)


def release_id_of(indicator: Indicator, period: Period, day: date, *, stage: str | None) -> ReleaseId:
    """The id of a release on ``day``; its stage as the feed named it, else by the day."""
    stage = stage or stage_on(indicator, day, period.start)
    return f"{indicator.id}:{period.name}:{stage}" if stage else f"{indicator.id}:{period.name}"


def at_regular_hour(indicator: Indicator, time: datetime) -> tuple[datetime, bool]:
    """``time``, moved onto the agency's own if it is off by exactly an hour; and whether it was.

    Sites that misjudge the change of clocks are an hour off. Releases that really come at another time (the PCE before
    Thanksgiving at 10:00 instead of 08:30) are not, in all the files we have seen.
    """
    zone = ZoneInfo(indicator.time_zone)
    local = time.astimezone(zone)
    hour, minute = map(int, indicator.release_time.split(":"))
    regular = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if abs(regular.replace(tzinfo=None) - local.replace(tzinfo=None)) == _HOUR:
        return regular, True
    return local, False


def _month(year: int, month: int) -> Period:
    return Period(f"{year}-{month:02d}", date(year, month, 1))


def _quarter(year: int, quarter: int) -> Period:
    return Period(f"{year}-Q{quarter}", date(year, 3 * quarter - 2, 1))
