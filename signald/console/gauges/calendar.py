"""Releases that are due, the sources that cover them, and what the guard does about them."""

from collections.abc import Iterator
from typing import Any, Final

from signald.console.facts import indicator_of
from signald.console.gauges.gauge import Gauge, Told, Values
from signald.model.time import NS_PER_MS

_GUARD_STATES: Final = ("normal", "widen", "hold", "released", "recover")


def _due(told: Told) -> Iterator[tuple[tuple[str], dict[str, Any]]]:
    seen: set[str] = set()
    for release in told.parts.get("calendar", {}).get("releases", ()):
        name = indicator_of(release["release"])
        if name not in seen:  # the next one of each series
            seen.add(name)
            yield (name,), release


def _sources(told: Told) -> Iterator[tuple[tuple[str], dict[str, Any]]]:
    for source in told.parts.get("calendar", {}).get("sources", ()):
        yield (source["source"],), source


def _guard(told: Told) -> Values:
    for instrument, step in told.facts.guards.items():
        state = step.state if told.now < step.ts_expires else "widen"
        for name in _GUARD_STATES:
            yield (instrument, name), float(name == state)


CALENDAR: Final[tuple[Gauge, ...]] = (
    Gauge(
        "signald_source_heartbeat_age_seconds",
        "Since a calendar source was last heard.",
        ("source",),
        lambda told: (
            (name, max(0.0, told.now / NS_PER_MS - one["heard"]) / 1_000)
            for name, one in _sources(told)
            if one["heard"]
        ),
    ),
    Gauge(
        "signald_source_alive",
        "Whether a calendar source sends heartbeats.",
        ("source",),
        lambda told: ((name, float(one["alive"])) for name, one in _sources(told)),
    ),
    Gauge(
        "signald_release_due_seconds",
        "Until the next release of a series; below zero it is awaited.",
        ("indicator",),
        lambda told: ((name, (one["ts"] - told.now / NS_PER_MS) / 1_000) for name, one in _due(told)),
    ),
    Gauge(
        "signald_release_armed",
        "Whether the next release of a series is armed.",
        ("indicator",),
        lambda told: ((name, float(one["armed"])) for name, one in _due(told)),
    ),
    Gauge(
        "signald_release_sources_alive",
        "How many sources that cover the next release of a series are alive.",
        ("indicator",),
        lambda told: ((name, float(sum(each["alive"] for each in one["sources"]))) for name, one in _due(told)),
    ),
    Gauge("signald_guard_state", "1 for the state that the guard is in.", ("instrument", "state"), _guard),
)
