"""Reads the list of indicators, and finds a series by the name a feed has for it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from signald.errors import UNREADABLE, ConfigError
from signald.model.macro import Indicator, IndicatorId, Unit

_ID: Final = re.compile(r"[a-z]{2}(\.[a-z0-9_]+){1,3}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Named(NamedTuple):
    """The series behind a feed's name; ``stage`` is ``None`` if the name stands for all stages, or there are none."""

    indicator: Indicator
    stage: str | None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    indicator: tuple[Indicator, ...]


def load_indicators(text: str | bytes, *, where: str = "indicators") -> dict[IndicatorId, Indicator]:
    """Read the content of an ``indicators.toml``, in its order.

    Raises:
        ConfigError: The content is not such a list, or an entry contradicts itself or another.
    """
    try:
        listed = msgspec.toml.decode(text, type=_File).indicator
    except UNREADABLE as error:
        raise ConfigError(where, str(error)) from error
    indicators: dict[IndicatorId, Indicator] = {}
    for one in listed:
        if one.id in indicators:
            raise ConfigError(where, f"{one.id} is listed twice")
        for problem in _contradictions(one):
            raise ConfigError(where, f"{one.id}: {problem}")
        indicators[one.id] = one
    return indicators


def names_of(indicators: Mapping[IndicatorId, Indicator], feed: str, *, country: str) -> dict[str, Named]:
    """The series that ``feed`` knows of one country, by its names for them.

    Raises:
        ConfigError: Two series of the country have one name.
    """
    found: dict[str, Named] = {}
    for one in indicators.values():
        names = one.aliases.get(feed, ())
        if not one.id.startswith(f"{country}."):
            continue
        stages = tuple(one.stages) if len(names) > 1 else (None,) * len(names)
        for name, stage in zip(names, stages, strict=True):
            if name in found:
                raise ConfigError(feed, f"{name!r} is both {found[name].indicator.id} and {one.id}")
            found[name] = Named(one, stage)
    return found


def stage_on(indicator: Indicator, day: date, period_start: date) -> str | None:
    """The stage of a release on ``day`` about the period that began on ``period_start``; ``None`` without stages."""
    age = (day - period_start).days
    reached = [stage for stage, first_day in indicator.stages.items() if age >= first_day]
    return reached[-1] if reached else next(iter(indicator.stages), None)


def _contradictions(one: Indicator) -> Iterator[str]:
    if _ID.fullmatch(one.id) is None:
        yield "an id is COUNTRY.NAME[.TRANSFORM] in lower case"
    if not one.step > 0.0:
        yield f"step {one.step} is not above zero"
    if not one.plausible[0] < one.plausible[1]:
        yield f"plausible {one.plausible} is empty"
    if _CLOCK.fullmatch(one.release_time) is None:
        yield f"release_time {one.release_time!r} is not HH:MM"
    if (one.currency is not None) != (one.unit is Unit.BILLION):
        yield "a currency is given for the unit billion, and only for it"
    if any(later <= earlier for earlier, later in pairwise(one.stages.values())):
        yield f"stages {one.stages} are not in order"
    for feed, names in one.aliases.items():
        if len(names) not in {1, len(one.stages)}:
            yield f"{len(names)} names in {feed} for {len(one.stages)} stages"
    try:
        ZoneInfo(one.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"time_zone {one.time_zone!r} is not known"
