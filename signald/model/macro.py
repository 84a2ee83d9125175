"""The calendar's words: indicators, scheduled releases, figures, heartbeats."""

import enum
from typing import Annotated, Literal, TypeAlias

import msgspec

from signald.model.time import Nanos

IndicatorId: TypeAlias = str
"""``COUNTRY.NAME[.TRANSFORM]``, lower case: ``us.cpi.yoy``."""

ReleaseId: TypeAlias = str
"""``INDICATOR:PERIOD[:STAGE]``: ``us.cpi.yoy:2025-01``, ``us.gdp.qoq:2025-Q1:advance``."""


class Unit(enum.StrEnum):
    """What one unit of a figure is: 2.9 ``percent`` is 2.9 %, 256 ``thousand_persons`` is 256,000."""

    PERCENT = "percent"
    THOUSAND_PERSONS = "thousand_persons"
    MILLION_UNITS = "million_units"
    INDEX = "index"
    BILLION = "billion"


class Indicator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One series of figures.

    Attributes:
        id: ``us.cpi.yoy``.
        name: What people call it.
        unit: Unit of actual, consensus and prior.
        step: Smallest step in which the agency publishes, in ``unit``.
        family: Group whose responses are pooled: ``inflation``, ``labour``, ``activity``, ``policy``.
        agency: Who publishes it.
        time_zone: tzdata name of the agency's zone.
        release_time: Local clock time of a regular release, ``HH:MM``.
        frequency: How often a figure comes.
        plausible: Lowest and highest figure that may be scored, in ``unit``.
        sources: Feeds in order of trust, whose word counts first; those not named come after them, by name.
        quorum: How many sources must agree on a figure before it is scored.
        currency: Of a ``billion``.
        aliases: Feed name → names under which that feed knows the series: one for all stages, or one for each in order.
        report: The publication it comes in, ``us.employment``; figures of one report come at one minute.
        stages: Stage → first day, counted from the start of the reference period, on which a release is of that stage;
            in order. Empty: there is one release a period.
        lag_days: The day of a regular release less this lies in the reference period.
    """

    id: IndicatorId
    name: str
    unit: Unit
    step: float
    family: Literal["inflation", "labour", "activity", "policy"]
    agency: str
    time_zone: str
    release_time: str
    frequency: Literal["weekly", "monthly", "quarterly", "irregular"]
    plausible: tuple[float, float]
    sources: tuple[str, ...] = ()
    quorum: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    currency: str | None = None
    aliases: dict[str, tuple[str, ...]] = {}
    report: str = ""
    stages: dict[str, int] = {}
    lag_days: int = 0


class ScheduleState(enum.StrEnum):
    """What the calendar promises about a release."""

    TENTATIVE = "tentative"
    SCHEDULED = "scheduled"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"


class ScheduledRelease(msgspec.Struct, frozen=True, kw_only=True):
    """One source's word on when a release is due and what is expected; figures in the indicator's unit."""

    release_id: ReleaseId
    indicator: IndicatorId
    period: str
    ts_scheduled: Nanos
    consensus: float | None
    prior: float | None
    source: str
    sequence: int
    ts_event: Nanos
    ts_ingest: Nanos
    state: ScheduleState = ScheduleState.SCHEDULED
    consensus_low: float | None = None
    consensus_high: float | None = None
    consensus_std: float | None = None
    consensus_n: int | None = None


class ReleaseKind(enum.StrEnum):
    """What a figure is to the one before it."""

    FIRST = "first"
    CORRECTION = "correction"
    RETRACTION = "retraction"
    TEST = "test"


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One figure as one source gave it, in the indicator's unit.

    ``actual`` is ``None`` only in a retraction. ``components`` are named parts of the figure. ``unsigned``: its source
    is to sign, and did not.
    """

    release_id: ReleaseId
    actual: float | None
    kind: ReleaseKind
    source: str
    sequence: int
    ts_event: Nanos
    ts_ingest: Nanos
    revised_prior: float | None = None
    components: dict[str, float] = {}
    unsigned: bool = False


class SettledFigure(msgspec.Struct, frozen=True, kw_only=True):
    """What counted as a release's figure from ``ts_known`` on, in the indicator's unit; ``None``: it was taken back.

    ``components`` are those that were said with it, of several words on one figure all of them.
    """

    release_id: ReleaseId
    actual: float | None
    ts_scheduled: Nanos
    ts_known: Nanos
    ts_ingest: Nanos
    components: dict[str, float] = {}


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """A source is alive; ``covers`` are indicators, each may end in ``*``."""

    source: str
    sequence: int
    ts_event: Nanos
    ts_ingest: Nanos
    covers: tuple[str, ...]
