"""What is due next, and whether it is covered: the calendar's part of the status."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from signald.core.liveness import FORGOTTEN_AFTER_NS, SILENT_AFTER_NS, covers
from signald.core.release_window import ReleaseWindow
from signald.model.macro import Heartbeat, ReleaseId
from signald.model.time import NS_PER_S, Nanos

SHOWN: Final = 10
"""Releases that are told of."""

_NEAR_NS: Final = 300 * NS_PER_S
_STILL_AWAITED_NS: Final = 60 * NS_PER_S  # so long after its time a release is not over


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a release: ``ts_heard`` of its newest heartbeat, ``None`` if it was never heard."""

    source: str
    alive: bool
    ts_heard: Nanos | None


class DueRelease(msgspec.Struct, frozen=True, kw_only=True):
    """One release to come; ``sources`` are those configured for its series and those that say they cover it."""

    release_id: ReleaseId
    ts_scheduled: Nanos
    state: str
    armed: bool
    consensus: float | None
    prior: float | None
    sources: tuple[Coverage, ...]


class CalendarState(msgspec.Struct, frozen=True, kw_only=True):
    """The status hash's component ``calendar``: the next releases, by time and id; all sources, by name."""

    releases: tuple[DueRelease, ...]
    sources: tuple[Coverage, ...]


def calendar_state(
    windows: Mapping[ReleaseId, ReleaseWindow], heartbeats: Mapping[str, Heartbeat], now: Nanos
) -> CalendarState:
    """What is due next at ``now``; ``heartbeats`` are each source's newest."""
    awaited = (
        (window.ts_scheduled, window.release_id)
        for window in windows.values()
        if window.ts_scheduled is not None
        and window.ts_scheduled > now - _STILL_AWAITED_NS
        and window.state in {"tentative", "scheduled", "armed"}
    )
    due = heapq.nsmallest(SHOWN, awaited)
    return CalendarState(
        releases=tuple(_due(windows[release_id], ts, heartbeats, now) for ts, release_id in due),
        sources=tuple(_coverage(name, heartbeat, now) for name, heartbeat in sorted(heartbeats.items())),
    )


def is_release_near(windows: Iterable[ReleaseWindow], now: Nanos) -> bool:
    """Whether ``now`` is within five minutes of the time of a release: nothing that can wait is done then."""
    return any(window.ts_scheduled is not None and abs(window.ts_scheduled - now) < _NEAR_NS for window in windows)


def count_silent(heartbeats: Mapping[str, Heartbeat], now: Nanos) -> int:
    """How many sources that were heard within a day are silent."""
    ages = (now - heartbeat.ts_ingest for heartbeat in heartbeats.values())
    return sum(SILENT_AFTER_NS <= age < FORGOTTEN_AFTER_NS for age in ages)


def _due(window: ReleaseWindow, ts: Nanos, heartbeats: Mapping[str, Heartbeat], now: Nanos) -> DueRelease:
    expected = window.expectation
    return DueRelease(
        release_id=window.release_id,
        ts_scheduled=ts,
        state=window.state,
        armed=window.state == "armed",
        consensus=expected.consensus,
        prior=expected.prior,
        sources=tuple(_covering(window, heartbeats, now)),
    )


def _covering(window: ReleaseWindow, heartbeats: Mapping[str, Heartbeat], now: Nanos) -> Iterator[Coverage]:
    configured = window.indicator.sources
    saying = [name for name, heartbeat in sorted(heartbeats.items()) if covers(heartbeat, window.indicator.id)]
    for name in dict.fromkeys((*configured, *saying)):
        yield _coverage(name, heartbeats.get(name), now)


def _coverage(name: str, heartbeat: Heartbeat | None, now: Nanos) -> Coverage:
    heard = None if heartbeat is None else heartbeat.ts_ingest
    return Coverage(source=name, alive=heard is not None and now - heard < SILENT_AFTER_NS, ts_heard=heard)
