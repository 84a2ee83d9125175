"""Words of a calendar to test with: indicators, schedules, figures, heartbeats, as events and as MQTT messages."""

import json
from typing import Final

from signald.model.macro import Heartbeat, Indicator, Release, ReleaseKind, ScheduledRelease, Unit
from signald.model.time import NS_PER_S, Nanos, format_rfc3339

T0: Final = 1_739_367_000 * NS_PER_S
"""2025-02-12T13:30:00Z, when January's consumer prices came out."""

DAY: Final = 86_400 * NS_PER_S


def build_indicator(
    name: str,
    unit: Unit = Unit.PERCENT,
    *,
    step: float = 0.1,
    plausible: tuple[float, float] = (-5.0, 20.0),
    sources: tuple[str, ...] = (),
) -> Indicator:
    """A monthly series of the BLS."""
    return Indicator(
        id=name,
        name=name,
        unit=unit,
        step=step,
        family="inflation",
        agency="BLS",
        time_zone="America/New_York",
        release_time="08:30",
        frequency="monthly",
        plausible=plausible,
        sources=sources,
    )


CPI: Final = build_indicator("us.cpi.yoy", sources=("bls", "wire"))
CORE_CPI: Final = build_indicator("us.core_cpi.yoy", sources=("bls", "wire"))
NFP: Final = build_indicator("us.nfp", Unit.THOUSAND_PERSONS, step=1.0, plausible=(-25_000.0, 10_000.0))
GDP: Final = build_indicator("us.gdp.qoq", plausible=(-40.0, 50.0))
INDICATORS: Final = {one.id: one for one in (CPI, CORE_CPI, NFP, GDP)}

CPI_JANUARY: Final = "us.cpi.yoy:2025-01"
CORE_CPI_JANUARY: Final = "us.core_cpi.yoy:2025-01"
NFP_JANUARY: Final = "us.nfp:2025-01"


def scheduled(release_id: str = CPI_JANUARY, **changes: object) -> ScheduledRelease:
    """A word of ``bls`` a day before T0: consensus 2.9, prior 2.9; with ``changes`` to its fields."""
    indicator, period, *_ = release_id.split(":")
    fields: dict[str, object] = {
        "release_id": release_id,
        "indicator": indicator,
        "period": period,
        "ts_scheduled": T0,
        "consensus": 2.9,
        "prior": 2.9,
        "source": "bls",
        "sequence": 1,
        "ts_event": T0 - DAY,
        "ts_ingest": T0 - DAY,
    }
    return ScheduledRelease(**(fields | changes))  # pyright: ignore[reportArgumentType] - the test's own word


def figure(actual: float | None = 3.0, release_id: str = CPI_JANUARY, **changes: object) -> Release:
    """A first figure of ``bls``, 184 ms after T0; with ``changes`` to its fields."""
    fields: dict[str, object] = {
        "release_id": release_id,
        "actual": actual,
        "kind": ReleaseKind.FIRST,
        "source": "bls",
        "sequence": 1,
        "ts_event": T0,
        "ts_ingest": T0 + 184_000_000,
    }
    return Release(**(fields | changes))  # pyright: ignore[reportArgumentType] - the test's own word


def heartbeat(
    source: str = "bls", *, at: Nanos = T0, covers: tuple[str, ...] = ("us.*",), sequence: int | None = None
) -> Heartbeat:
    """A heartbeat; its sequence is its time unless given."""
    return Heartbeat(
        source=source, sequence=at if sequence is None else sequence, ts_event=at, ts_ingest=at, covers=covers
    )


def schedule_payload(**changes: object) -> bytes:
    """The contract's message of ``bls`` on January's consumer prices; a change to ``...`` leaves the field out."""
    return _payload(
        {
            "release_id": CPI_JANUARY,
            "indicator": "us.cpi.yoy",
            "period": "2025-01",
            "ts_scheduled": format_rfc3339(T0),
            "consensus": 2.9,
            "prior": 2.9,
            "source": "bls",
            "sequence": 7,
            "ts_event": format_rfc3339(T0 - DAY),
        },
        changes,
    )


def release_payload(**changes: object) -> bytes:
    """The contract's message of ``bls`` with January's figure; a change to ``...`` leaves the field out."""
    return _payload(
        {
            "release_id": CPI_JANUARY,
            "actual": 3.0,
            "ts_event": format_rfc3339(T0),
            "source": "bls",
            "sequence": 8,
            "kind": "first",
        },
        changes,
    )


def heartbeat_payload(**changes: object) -> bytes:
    """The contract's heartbeat of ``bls``; a change to ``...`` leaves the field out."""
    return _payload({"source": "bls", "ts_event": format_rfc3339(T0), "sequence": 9, "covers": ["us.*"]}, changes)


def control_payload(**changes: object) -> bytes:
    """The contract's command of ``ops`` to halt; a change to ``...`` leaves the field out."""
    return _payload(
        {
            "command": "halt",
            "target": "*",
            "by": "ops",
            "sequence": 7,
            "reason": "venue in trouble",
            "ts_event": format_rfc3339(T0),
        },
        changes,
    )


def _payload(fields: dict[str, object], changes: dict[str, object]) -> bytes:
    return json.dumps({name: one for name, one in (fields | changes).items() if one is not ...}).encode()
