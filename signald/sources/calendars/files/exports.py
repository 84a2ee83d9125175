"""The exports of two sites, row by row."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from signald.model.figures import parse_figure
from signald.model.indicators import Named, names_of
from signald.model.macro import Indicator, IndicatorId, Unit
from signald.model.time import Nanos, parse_rfc3339
from signald.sources.calendars.files.rows import CalendarRow, Fault
from signald.sources.periods import (
    at_regular_hour,
    period_before,
    period_by_lag,
    period_by_name,
    release_id_of,
)

Fields: TypeAlias = Mapping[str, str]
Lines: TypeAlias = Iterable[Fields]
Format: TypeAlias = Callable[[Lines, Mapping[IndicatorId, Indicator], Counter[Fault]], Iterator[CalendarRow]]

FOREXFACTORY: Final = frozenset({"DateTime", "Currency", "Event", "Actual", "Forecast", "Previous"})
INVESTING: Final = frozenset({"release_utc", "event", "actual_first", "forecast_before", "previous_before"})

_COUNTRIES: Final = {"USD": "us", "EUR": "eu", "GBP": "gb", "JPY": "jp", "CNY": "cn"}
_NAMED_PERIOD: Final = re.compile(
    r"(?P<name>.*?)(?: \((?P<period>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Q[1-4])\))?"
)


# DateTime,Currency,Impact,Event,Actual,Forecast,Previous,Detail
# 2020-01-10T13:30:00+00:00,USD,High Impact Expected,Non-Farm Employment Change,145K,162K,256K,
def read_forexfactory(
    lines: Lines, indicators: Mapping[IndicatorId, Indicator], faults: Counter[Fault]
) -> Iterator[CalendarRow]:
    """Rows of a ForexFactory export; its ``Previous`` is the revised one, so prior is last period's newest figure."""
    names = {country: names_of(indicators, "forexfactory", country=country) for country in _COUNTRIES.values()}
    figures: dict[tuple[IndicatorId, str], float | None] = {}
    for fields in lines:
        named = names.get(_COUNTRIES.get(fields["Currency"], ""), {}).get(fields["Event"])
        if named is None:
            faults["unknown_series"] += 1
            continue
        indicator = named.indicator
        time = _regular(indicator, fields["DateTime"], faults)
        period = period_by_lag(indicator, time.date())
        actual = _figure(fields["Actual"], indicator.unit, faults)
        yield CalendarRow(
            release_id=release_id_of(indicator, period, time.date(), stage=named.stage),
            indicator=indicator.id,
            period=period.name,
            ts_scheduled=_nanos(time),
            actual=actual,
            consensus=_figure(fields["Forecast"], indicator.unit, faults),
            prior=figures.get((indicator.id, period_before(indicator, period).name)),
            revised_prior=_figure(fields["Previous"], indicator.unit, faults),
        )
        figures[indicator.id, period.name] = actual


# release_utc,event,importance,actual_first,actual_final,forecast_before,forecast_final,previous_before,previous_final,…
# 2024-01-11T13:30:00Z,CPI (MoM) (Dec),High,0.3%,0.3%,0.2%,0.2%,0.1%,0.1%,…
def read_investing(
    lines: Lines, indicators: Mapping[IndicatorId, Indicator], faults: Counter[Fault]
) -> Iterator[CalendarRow]:
    """Rows of an investing.com export; what it knew before the release stands beside what it says now."""
    names = names_of(indicators, "investing", country="us")
    for fields in lines:
        named, period_name = _investing_name(names, fields["event"])
        if named is None:
            faults["unknown_series"] += 1
            continue
        indicator = named.indicator
        time = _regular(indicator, fields["release_utc"], faults)
        period = period_by_name(indicator, period_name, time.date())
        yield CalendarRow(
            release_id=release_id_of(indicator, period, time.date(), stage=named.stage),
            indicator=indicator.id,
            period=period.name,
            ts_scheduled=_nanos(time),
            actual=_figure(fields["actual_first"], indicator.unit, faults),
            consensus=_figure(fields["forecast_before"], indicator.unit, faults),
            prior=_figure(fields["previous_before"], indicator.unit, faults),
            revised_prior=_figure(fields.get("previous_final", ""), indicator.unit, faults),
        )


def _investing_name(names: Mapping[str, Named], event: str) -> tuple[Named | None, str | None]:
    found = _NAMED_PERIOD.fullmatch(event)
    if found is None:
        return None, None
    return names.get(found["name"]), found["period"]


def _regular(indicator: Indicator, text: str, faults: Counter[Fault]) -> datetime:
    told = datetime.fromisoformat(text)
    if told.tzinfo is None:
        msg = f"{text!r} says no offset from UTC"
        raise ValueError(msg)
    time, moved = at_regular_hour(indicator, told)
    faults["wrong_hour"] += moved
    return time


def _figure(text: str, unit: Unit, faults: Counter[Fault]) -> float | None:
    if not text:
        return None
    try:
        return parse_figure(text, unit)
    except ValueError:
        faults["unreadable_figure"] += 1
        return None


def _nanos(time: datetime) -> Nanos:
    return parse_rfc3339(time.isoformat())
