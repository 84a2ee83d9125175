"""Consumers, controls, readiness, memory, and the console itself."""

import contextlib
import resource
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from signald.console.gauges.gauge import Gauge, Told, Values

_PAGE_BYTES: Final = resource.getpagesize()


def _lags(which: int) -> Callable[[Told], Values]:
    def values(told: Told) -> Values:
        return ((place, float(lag[which])) for place, lag in told.facts.lags.items())

    return values


def _daemon(told: Told) -> Mapping[str, Any]:
    return told.parts.get("daemon", {})


def _controls(command: str) -> Callable[[Told], Values]:
    def values(told: Told) -> Values:
        holds = _daemon(told).get("controls") or ()
        yield (), float(sum(one["command"] == command for one in holds))

    return values


def _resident(told: Told) -> Values:
    for name, pid in told.processes.items():
        with contextlib.suppress(OSError):
            yield (name,), float(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


OPERATIONS: Final[tuple[Gauge, ...]] = (
    Gauge("signald_consumer_lag_entries", "Entries a group was not handed yet.", ("stream", "group"), _lags(0)),
    Gauge("signald_consumer_pending_entries", "Entries it has not acknowledged.", ("stream", "group"), _lags(1)),
    Gauge("signald_halted", "Whether all signals are halted.", (), _controls("halt")),
    Gauge("signald_mutes", "Mutes that hold.", (), _controls("mute")),
    Gauge(
        "signald_ready",
        "Whether the daemon is ready.",
        (),
        lambda told: [((), float(bool(_daemon(told).get("ready"))))],
    ),
    Gauge(
        "signald_degraded",
        "How many things readiness lacks.",
        (),
        lambda told: [((), float(len(_daemon(told).get("degraded") or ())))],
    ),
    Gauge("signald_resident_bytes", "Memory that a process holds.", ("process",), _resident),
    Gauge(
        "signald_console_refused",
        "Requests that showed a wrong token, or came from an address that did so too often.",
        (),
        lambda told: [((), float(told.refused))],
    ),
    Gauge(
        "signald_console_limits",
        "Requests that were refused because they were beyond a limit.",
        ("limit",),
        lambda told: (((limit,), float(n)) for limit, n in told.beyond.items()),
    ),
    Gauge("signald_console_pages", "Open pages of the console.", (), lambda told: [((), float(told.pages))]),
    Gauge(
        "signald_console_redis_up", "Whether the console reads Redis.", (), lambda told: [((), float(told.redis_up))]
    ),
)
