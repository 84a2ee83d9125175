"""Runs the console until it is told to end, or the daemon that began it is gone."""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
import uvicorn

from signald.console.doorkeeper import Doorkeeper
from signald.console.feed import Feed
from signald.console.gauges.exposition import exposition
from signald.console.gauges.gauge import Told
from signald.console.hub import Hub, frame_of
from signald.console.idle import end_idle
from signald.console.latency import watch_latency
from signald.console.state import ConsoleState
from signald.console.views import ms
from signald.console.web import Pages, SendCommand
from signald.errors import ConfigError
from signald.model.instruments import InstrumentId
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.runtime.clock import Clock
from signald.transports.http_client import HttpClient
from signald.transports.settings import RedisConfig

_LOOK_S: Final = 0.05
_CLOCK_EVERY_NS: Final = NS_PER_S
_JUMP_NS: Final = 5 * NS_PER_MS
_LAST_WORDS_S: Final = 1
_CONNECTIONS: Final = 256
"""Beyond these whoever asks is told 503: more than a desk has pages, less than a process may have files open."""

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]", "::1")
_OURS_ALONE: Final = 0o600
_WHERE: Final = "console.token_file"

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ConsolePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the console is told.

    Attributes:
        host: Where it is listened for pages.
        token: What a command must show.
        read_token: What a page must show; ``""``: nothing.
        redis: Where the daemon writes.
        metrics_url: Where its metrics are.
        names: What people call each indicator.
        venues: Which venue each instrument is of.
        consumers: Whose streams are looked after.
        parent: The process whose end is ours; 0: none.
    """

    host: str
    token: str
    read_token: str = ""
    redis: RedisConfig
    metrics_url: str
    names: Mapping[str, str]
    venues: Mapping[InstrumentId, str]
    consumers: tuple[str, ...] = ()
    parent: int = 0


async def serve(
    plan: ConsolePlan,
    listener: socket.socket,
    clock: Clock,
    *,
    send: SendCommand,
    on_started: Callable[[], None],
    report: Callable[[Sequence[Signal], str], str | None] = lambda _signals, _release: None,
) -> None:
    """Serve on ``listener`` until SIGINT or SIGTERM.

    ``send`` sends commands on, ``on_started`` is told once, ``report`` makes a page of the documents about a release.
    """
    hub, state = Hub(), ConsoleState(plan.names)
    feed = Feed(plan.redis, state, hub, names=plan.names, venues=plan.venues, consumers=plan.consumers)

    def snapshot() -> dict[str, Any]:
        return {"clock": _time(clock), "redis": feed.is_up, **state.snapshot()}

    door = Doorkeeper(control=plan.token, read=plan.read_token)

    def metrics(accept: str) -> tuple[bytes, str]:
        beyond = {**pages.beyond, "slow_page": hub.sent_away}
        processes = _processes(state, plan.parent)
        told = Told(clock.now(), state.facts, state.parts, hub.pages, feed.is_up, processes, door.refused, beyond)
        return exposition(told, accept)

    pages = Pages(
        metrics=metrics,
        follow=lambda: hub.follow(lambda: frame_of("hello", snapshot())),
        snapshot=snapshot,
        door=door,
        send=send,
        report=lambda release: report(tuple(state.documents), release),
        is_full=lambda: len(server.server_state.connections) >= _CONNECTIONS,
        hosts=[*_LOOPBACK, plan.host] if plan.host in _LOOPBACK else ["*"],
    )
    server = _server_of(pages)

    def tell_latency(view: Mapping[str, Any]) -> None:
        for one in state.take_part("latency", dict(view)):
            hub.send(one.event, one.payload)

    async with asyncio.TaskGroup() as tasks:
        client = HttpClient("console", plan.metrics_url, clock, timeout_s=2.0)
        running = [
            tasks.create_task(feed.run(), name="console-feed"),
            tasks.create_task(_tell_time(clock, hub, feed), name="console-clock"),
            tasks.create_task(_tell_started(server, on_started), name="console-started"),
            tasks.create_task(_end_in_time(server, hub, plan.parent), name="console-end"),
            tasks.create_task(end_idle(server, clock.monotonic), name="console-idle"),
            tasks.create_task(
                watch_latency(client, is_wanted=lambda: hub.pages > 0, tell=tell_latency), name="console-latency"
            ),
        ]
        try:
            await server.serve(sockets=[listener])
        finally:
            for task in running:
                task.cancel()


def _server_of(pages: Pages) -> uvicorn.Server:
    """A server that logs nothing of its own, says nothing of itself, and soon lets go of open pages."""
    return uvicorn.Server(
        uvicorn.Config(
            pages.app,
            http="h11",
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=_LAST_WORDS_S,
        )
    )


def _processes(state: ConsoleState, parent: int) -> dict[str, int]:
    """The family's processes by name, this one and the parent with them."""
    daemon: dict[str, Any] = state.parts.get("daemon", {})
    shared: dict[str, dict[str, int]] = daemon.get("processes") or {}
    processes = {name: one["pid"] for name, one in shared.items()} | {"console": os.getpid()}
    return processes | {"daemon": parent} if parent else processes


def read_token(path: Path, *, key: str = _WHERE) -> str:
    """The token in ``path``; where there is no such file it is made, for its owner's eyes alone.

    Raises:
        ConfigError: It can be neither read nor made, or holds nothing.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OURS_ALONE), "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(key, f"{path}: {error}") from error
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(key, f"{path}: {error}") from error
    if not token:
        raise ConfigError(key, f"{path} is empty")
    return token


async def _tell_time(clock: Clock, hub: Hub, feed: Feed) -> None:
    """Say what time it is once a second, and at once when the clock was moved, as the demo's is."""
    said: Nanos = 0
    offset: Nanos = 0
    while True:
        monotonic = clock.monotonic()
        moved = abs(clock.now() - monotonic - offset) > _JUMP_NS
        if moved or monotonic - said >= _CLOCK_EVERY_NS:
            said, offset = monotonic, clock.now() - monotonic
            hub.send("clock", {**_time(clock), "redis": feed.is_up})
        await asyncio.sleep(_LOOK_S)


async def _tell_started(server: uvicorn.Server, on_started: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - the server sets no event
        await asyncio.sleep(_LOOK_S)
    on_started()


async def _end_in_time(server: uvicorn.Server, hub: Hub, parent: int) -> None:
    while not server.should_exit:
        if parent and os.getppid() != parent:
            log.warning("console_orphaned")
            server.should_exit = True
        await asyncio.sleep(_LOOK_S)
    hub.close()  # otherwise the server waits for pages that never end


def _time(clock: Clock) -> dict[str, Any]:
    return {"now": ms(clock.now())}
