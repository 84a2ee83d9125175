"""The week's export. It has no figures; its ``previous`` is last period's figure as it stands, restated or not."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from signald.errors import UNREADABLE, MalformedFrameError
from signald.model.indicators import Named, names_of
from signald.model.macro import Indicator, IndicatorId
from signald.model.time import NS_PER_S, parse_rfc3339
from signald.sources.feed_rows import COUNTRY_OF_CURRENCY, FeedRow, FeedRows, read_vendor_figure
from signald.sources.periods import period_by_lag, release_id_of

NAME: Final = "forexfactory"
PATH: Final = "/ff_calendar_thisweek.json"


class _Event(msgspec.Struct, frozen=True):
    title: str
    country: str
    date: str
    impact: str = ""
    forecast: str = ""
    previous: str = ""


_WEEK: Final = msgspec.json.Decoder(list[msgspec.Raw])
_EVENT: Final = msgspec.json.Decoder(_Event)


# [{"title":"CPI m/m","country":"USD","date":"2024-05-15T08:30:00-04:00","impact":"High","forecast":"0.4%",…}]
def read_week(body: bytes, indicators: Mapping[IndicatorId, Indicator]) -> FeedRows:
    """Read the export; events that cannot be read are counted.

    Raises:
        MalformedFrameError: It is no export.
    """
    try:
        week = _WEEK.decode(body)
    except UNREADABLE as error:
        raise MalformedFrameError(NAME, "", str(error)) from error
    names = {currency: names_of(indicators, NAME, country=country) for currency, country in COUNTRY_OF_CURRENCY.items()}
    faults: Counter[str] = Counter()
    rows: list[FeedRow] = []
    for raw in week:
        try:
            event = _EVENT.decode(raw)
            named = names.get(event.country, {}).get(event.title)
            if named is None:
                faults["unknown_series"] += 1
            else:
                rows.append(_row(event, named))
        except (msgspec.DecodeError, ValueError, OverflowError):
            faults["unreadable_row"] += 1
    return FeedRows(tuple(rows), dict(faults))


def _row(event: _Event, named: Named) -> FeedRow:
    indicator = named.indicator
    ts = parse_rfc3339(event.date)
    day = datetime.fromtimestamp(ts // NS_PER_S, ZoneInfo(indicator.time_zone)).date()
    period = period_by_lag(indicator, day)
    return FeedRow(
        release_id=release_id_of(indicator, period, day, stage=named.stage),
        indicator=indicator.id,
        period=period.name,
        ts_scheduled=ts,
        consensus=read_vendor_figure(event.forecast, indicator.unit),
        prior=read_vendor_figure(event.previous, indicator.unit),
    )
