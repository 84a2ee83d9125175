"""Reads copies of the site's calendar: which series each row is, whose clock it shows, and what became of it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from signald.model.indicators import Named, names_of
from signald.model.macro import Indicator, IndicatorId
from signald.model.time import NS_PER_S, Nanos
from signald.sources.calendars.files.investing.clocks import MINUTE_NS, Clocks, countdown, find_clocks, to_utc
from signald.sources.calendars.files.investing.faults import FeedFault
from signald.sources.calendars.files.investing.looks import Look
from signald.sources.calendars.files.investing.releases import FeedReading, assemble
from signald.sources.calendars.files.investing.sightings import Sighting, read_sightings
from signald.sources.periods import period_by_name

_COUNTRIES: Final = {"USD": "us", "EUR": "eu", "GBP": "gb", "JPY": "jp", "CNY": "cn"}
_SHARED: Final = frozenset({"EUR"})  # currencies of several countries, whose series may have one name
_STRANGER: Final = 45 * MINUTE_NS  # a row so far from a shared currency's regular time is another country's
_NAMED_PERIOD: Final = re.compile(
    r"(?P<name>.*?)(?: ?\((?P<period>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Q[1-4])\))?"
)
_SNAP: Final = 3 * MINUTE_NS  # how far a countdown may be from the regular time and still mean it
_ROUND: Final = 5 * MINUTE_NS


class _Series(NamedTuple):
    named: Named
    period: str | None


def read_feed(files: Sequence[tuple[str, bytes]], indicators: Mapping[IndicatorId, Indicator]) -> FeedReading:
    """Read the update stream, pages kept verbatim, or both, as releases.

    Args:
        files: Name and content of each; their order does not matter.
        indicators: The series that may be spoken of.

    Raises:
        ImportFormatError: A file is neither.
    """
    faults: Counter[FeedFault] = Counter()
    sightings = [sighting for name, content in files for sighting in read_sightings(content, name=name, faults=faults)]
    sightings = list(dict.fromkeys(sorted(sightings, key=lambda sighting: sighting.ts_seen)))
    names = {currency: _folded(indicators, country) for currency, country in _COUNTRIES.items()}
    series = {
        index: found for index, sighting in enumerate(sightings) if (found := _series(names, sighting)) is not None
    }
    faults["unknown_series"] += len(sightings) - len(series)
    clocks = find_clocks(sightings, {index: one.named.indicator for index, one in series.items()})
    looks = [
        look for index, one in series.items() if (look := _look(sightings[index], one, clocks, faults)) is not None
    ]
    copies = list(dict.fromkeys(sighting.ts_seen for sighting in sightings))
    return assemble(looks, copies, faults)


def _folded(indicators: Mapping[IndicatorId, Indicator], country: str) -> dict[str, Named]:
    return {name.casefold(): named for name, named in names_of(indicators, "investing", country=country).items()}


def _series(names: Mapping[str, Mapping[str, Named]], sighting: Sighting) -> _Series | None:
    found = _NAMED_PERIOD.fullmatch(" ".join(sighting.event.split()))
    if found is None:
        return None
    named = names.get(sighting.currency, {}).get(found["name"].casefold())
    return None if named is None else _Series(named, found["period"])


def _look(sighting: Sighting, series: _Series, clocks: Clocks, faults: Counter[FeedFault]) -> Look | None:
    indicator = series.named.indicator
    ts = clocks.time_of(sighting)
    is_exact = ts is not None
    if ts is not None:
        faults["wrong_zone"] += clocks.is_labelled_wrong(sighting)
    elif (counted := countdown(sighting)) is not None:
        faults["relative_time"] += 1
        ts = _minute_meant(counted, indicator)
    else:
        faults["no_time"] += 1
        ts = _regular_time(indicator, to_utc(sighting.day, 12 * 60, UTC))
    if sighting.currency in _SHARED and abs(ts - _regular_time(indicator, ts)) > _STRANGER:
        faults["unknown_series"] += 1
        return None
    day = datetime.fromtimestamp(ts // NS_PER_S, ZoneInfo(indicator.time_zone)).date()
    return Look(
        indicator=indicator,
        period=period_by_name(indicator, series.period, day),
        is_named=series.period is not None,
        stage=series.named.stage,
        day=day,
        ts_seen=sighting.ts_seen,
        ts_release=ts,
        is_exact=is_exact,
        is_timed=is_exact or countdown(sighting) is not None,
        texts=(sighting.actual, sighting.forecast, sighting.previous),
    )


def _minute_meant(ts: Nanos, indicator: Indicator) -> Nanos:
    """The minute that a countdown is towards: the regular one if near, else one that ends in 0 or 5, else its own."""
    regular = _regular_time(indicator, ts)
    if abs(ts - regular) <= _SNAP:
        return regular
    rounded = (ts + _ROUND // 2) // _ROUND * _ROUND
    return rounded if abs(ts - rounded) <= _ROUND // 2 else ts // MINUTE_NS * MINUTE_NS


def _regular_time(indicator: Indicator, ts: Nanos) -> Nanos:
    """The series' regular time of day on the day that has ``ts``."""
    zone = ZoneInfo(indicator.time_zone)
    day = datetime.fromtimestamp(ts // NS_PER_S, zone).date()
    hour, minute = map(int, indicator.release_time.split(":"))
    return to_utc(day, hour * 60 + minute, zone)
