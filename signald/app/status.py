"""What a running daemon says of itself in Redis, read once."""

import asyncio
from typing import Any, cast

import msgspec

from signald.config import Config
from signald.errors import UNREADABLE, SinkError
from signald.live.agenda import CalendarState
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.runtime.clock import LiveClock
from signald.runtime.supervisor import first_failure
from signald.sinks import keys
from signald.transports.redis import RedisLink, Refused

_STALE_AFTER_NS = 10 * NS_PER_S  # the daemon writes every other second


class _Calendar(CalendarState, frozen=True, kw_only=True):
    now: Nanos


class DaemonReport(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon's state.

    Attributes:
        ready: Whether it was armed when it last wrote.
        stale: Whether it has not written for ten seconds: it is down, or cut off.
        ts_written: When it last wrote of the calendar; ``None``: never.
        calendar: The next releases and the sources.
        daemon: All it says of books, latencies and the journal.
    """

    ready: bool
    stale: bool
    ts_written: Nanos | None
    calendar: CalendarState
    daemon: dict[str, Any]


def read_status(config: Config) -> DaemonReport:
    """Ask Redis; raises ``UnreachableError``, or ``SinkError`` where it does not answer as it should."""
    try:
        found = asyncio.run(_fetch(config))
    except BaseExceptionGroup as group:
        raise first_failure(group) from group
    return report_of(found, now=LiveClock.now())


def report_of(found: dict[str, bytes], *, now: Nanos) -> DaemonReport:
    """Read the components of the status hash; one that is missing is empty.

    Raises:
        SinkError: A component is not what we write.
    """
    try:
        daemon = msgspec.json.decode(found.get("daemon", b"{}"), type=dict[str, Any])
        calendar = msgspec.json.decode(found["calendar"], type=_Calendar) if "calendar" in found else None
    except UNREADABLE as error:
        msg = f"{keys.STATUS} is not as signald writes it: {error}"
        raise SinkError(msg) from error
    written = calendar.now if calendar else None
    return DaemonReport(
        ready=daemon.get("ready") is True,
        stale=written is None or now - written > _STALE_AFTER_NS,
        ts_written=written,
        calendar=CalendarState(
            releases=calendar.releases if calendar else (), sources=calendar.sources if calendar else ()
        ),
        daemon=daemon,
    )


def as_lines(report: DaemonReport) -> list[str]:
    """The state for people, a line each."""
    said = "has never written" if report.ts_written is None else f"last wrote at {format_rfc3339(report.ts_written)}"
    condition = "not running" if report.stale else "ready" if report.ready else "starting"
    lines = [f"daemon: {condition}, {said}"]
    lines += [f"degraded: {reason}" for reason in report.daemon.get("degraded", [])]
    lines += [f"source {one.source}: {'alive' if one.alive else 'SILENT'}" for one in report.calendar.sources]
    return lines


async def _fetch(config: Config) -> dict[str, bytes]:
    link = RedisLink(config.redis)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run(), name="redis-link")
        try:
            await link.wait_connected(config.live.startup_timeout_s)
            reply = await link.call("HGETALL", keys.STATUS)
        finally:
            running.cancel()
    if not isinstance(reply, list | tuple):
        msg = f"{keys.STATUS}: {reply.text if isinstance(reply, Refused) else reply!r}"
        raise SinkError(msg)
    flat = cast("list[bytes]", reply)
    return {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
