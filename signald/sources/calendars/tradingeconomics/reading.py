"""Rows of the table and messages of the stream, which has the same fields in lower case.

Fields as documented at docs.tradingeconomics.com, "Economic Calendar, Response Fields": all values are strings;
``Date`` is UTC without an offset; ``Previous`` is the last figure *after* its revision and ``Revised`` the same
*before* it, so that the prior is ``Revised`` where there is one; ``DateSpan`` is ``1`` where the time of day is not
known; ``Forecast`` is the consensus, ``TEForecast`` the vendor's own, which is none.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from signald.errors import UNREADABLE, MalformedFrameError
from signald.model.indicators import Named, names_of
from signald.model.macro import Indicator, IndicatorId
from signald.model.time import NS_PER_S, Nanos, parse_rfc3339
from signald.sources.calendars.tradingeconomics.config import TradingEconomicsConfig
from signald.sources.feed_rows import FeedRow, FeedRows, read_vendor_figure
from signald.sources.periods import Period, period_by_lag, period_containing, release_id_of

NAME: Final = "tradingeconomics"

_COUNTRIES: Final = {
    "united states": "us",
    "euro area": "eu",
    "united kingdom": "gb",
    "japan": "jp",
    "china": "cn",
}
_Fields: TypeAlias = Mapping[str, Any]
_TABLE: Final = msgspec.json.Decoder(list[dict[str, Any]])
_CHANGE: Final = msgspec.json.Decoder(dict[str, Any])


def subscription() -> bytes:
    """What is sent when the stream is open."""
    return b'{"topic":"subscribe","to":"calendar"}'


def table_path(config: TradingEconomicsConfig, key: str, now: Nanos) -> str:
    """What to ask for: yesterday's releases, today's, and those of the days to come."""
    today = datetime.fromtimestamp(now // NS_PER_S, UTC).date()
    countries = quote(",".join(config.countries), safe=",")
    begin, end = today - timedelta(days=1), today + timedelta(days=config.days_ahead)
    return f"/calendar/country/{countries}/{begin}/{end}?c={quote(key, safe=':')}&f=json"


# [{"CalendarID":"87220","Date":"2016-12-02T13:30:00","Country":"United States","Event":"Non Farm Payrolls",…}]
def read_table(body: bytes, indicators: Mapping[IndicatorId, Indicator]) -> FeedRows:
    """Read an answer; rows that cannot be read are counted.

    Raises:
        MalformedFrameError: It is no table.
    """
    try:
        table = _TABLE.decode(body)
    except UNREADABLE as error:
        raise MalformedFrameError(NAME, "", str(error)) from error
    faults: Counter[str] = Counter()
    rows = [row for fields in table if (row := _counted(fields, indicators, faults)) is not None]
    return FeedRows(tuple(rows), dict(faults))


# {"topic":"calendar","country":"United States","event":"Non Farm Payrolls","actual":"178K",…}
def read_change(frame: bytes, indicators: Mapping[IndicatorId, Indicator]) -> FeedRows:
    """Read a message of the stream; one that is not of the calendar, such as a keepalive, has no rows.

    Raises:
        MalformedFrameError: It is no message.
    """
    try:
        fields = _CHANGE.decode(frame)
    except UNREADABLE as error:
        raise MalformedFrameError(NAME, "", str(error)) from error
    if fields.get("topic") != "calendar":
        return FeedRows((), {})
    faults: Counter[str] = Counter()
    row = _counted(fields, indicators, faults)
    return FeedRows(() if row is None else (row,), dict(faults))


def _counted(fields: _Fields, indicators: Mapping[IndicatorId, Indicator], faults: Counter[str]) -> FeedRow | None:
    folded = {name.casefold(): value for name, value in fields.items()}
    country = _COUNTRIES.get(str(folded.get("country", "")).casefold(), "")
    named = names_of(indicators, NAME, country=country).get(str(folded.get("event", ""))) if country else None
    if named is None:
        faults["unknown_series"] += 1
        return None
    try:
        return _row(folded, named)
    except (ValueError, TypeError, OverflowError):
        faults["unreadable_row"] += 1
        return None


def _row(fields: _Fields, named: Named) -> FeedRow:
    indicator = named.indicator
    ts = parse_rfc3339(f"{fields['date']}Z" if "date" in fields else "")
    day = datetime.fromtimestamp(ts // NS_PER_S, ZoneInfo(indicator.time_zone)).date()
    period = _period(indicator, fields.get("referencedate"), day)
    previous, before, consensus, actual = (
        read_vendor_figure(fields.get(name), indicator.unit) for name in ("previous", "revised", "forecast", "actual")
    )
    return FeedRow(
        release_id=release_id_of(indicator, period, day, stage=named.stage),
        indicator=indicator.id,
        period=period.name,
        ts_scheduled=ts,
        is_tentative=str(fields.get("datespan", "0")) == "1",
        consensus=consensus,
        prior=previous if before is None else before,
        actual=actual,
        revised_prior=None if before is None else previous,
    )


def _period(indicator: Indicator, reference: object, day: date) -> Period:
    if not isinstance(reference, str) or not reference or indicator.frequency == "irregular":
        return period_by_lag(indicator, day)
    return period_containing(indicator, datetime.fromisoformat(reference).date())
