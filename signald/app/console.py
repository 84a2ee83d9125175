"""Runs the console beside the daemon: a process of its own, begun again when it ends, gone when the daemon goes."""

import asyncio
import contextlib
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final

import structlog

from signald.app.control import send_control
from signald.config import Config, ConsoleConfig, find_file
from signald.console.server import ConsolePlan, read_token, serve
from signald.logs import configure_logs
from signald.model.control import Command
from signald.model.indicators import load_indicators
from signald.model.signals import Signal
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock, LiveClock, SharedClock
from signald.runtime.privileges import give_precedence
from signald.sinks.exposition import listen

_ENDS_WITHIN_S: Final = 3.0
_NICENESS: Final = 10  # whatever else wants the processor comes first

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@contextlib.contextmanager
def console_beside(config: Config) -> Generator[None]:
    """Inside, the console runs, if it is wanted; that it ends is never a reason for the daemon to stop.

    Raises:
        ConfigError: Its address cannot be listened on, or the token's file can be neither read nor made.
    """
    if not config.console.enabled:
        yield
        return
    with listen(config.console.host, config.console.port, section="console") as listener:
        read_token(Path(config.console.token_file))
        _read_token(config.console)
        ends = threading.Event()
        keeper = threading.Thread(target=_keep, args=(config, listener, ends), name="console-keeper", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ends.set()
            keeper.join()


def serve_console(
    config: Config, listener: socket.socket, parent: int = 0, *, on_started: Callable[[], None] = lambda: None
) -> None:
    """Serve the console on ``listener`` in this process until it is told to end, or until ``parent`` is gone."""
    configure_logs()
    give_precedence(_NICENESS)
    indicators = find_file(config.calendar.indicators)
    plan = ConsolePlan(
        host=config.console.host,
        token=read_token(Path(config.console.token_file)),
        read_token=_read_token(config.console),
        redis=config.redis,
        metrics_url=f"http://{config.metrics.host}:{config.metrics.port}",
        names={name: one.name for name, one in load_indicators(indicators.read_bytes()).items()},
        venues={instrument: venue.name for venue in config.venues for instrument in venue.instruments},
        consumers=tuple(consumer.name for consumer in config.consumers),
        parent=parent,
    )
    clock: Clock = SharedClock(Path(config.live.clock_file)) if config.live.clock_file else LiveClock()

    async def send(command: Command, target: str, reason: str) -> str:
        return await asyncio.to_thread(
            send_control, config, command, target=target, reason=reason, by="console", clock=clock
        )

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(plan, listener, clock, send=send, on_started=on_started, report=_show_report))


def _show_report(signals: Sequence[Signal], release_id: str) -> str | None:
    from signald.app.report_page import report_of  # noqa: PLC0415 - what it takes is loaded once somebody asks

    return report_of(signals, release_id)


def _read_token(config: ConsoleConfig) -> str:
    return read_token(Path(config.read_token_file), key="console.read_token_file") if config.read_token_file else ""


def _keep(config: Config, listener: socket.socket, ends: threading.Event) -> None:
    """Begin the process, and begin it again when it ended by itself."""
    backoff = Backoff(first_s=0.5, cap_s=30.0)
    context = multiprocessing.get_context("spawn")  # forking a process with threads and kernels ends badly
    while not ends.is_set():
        began = LiveClock.monotonic()
        process = context.Process(
            target=serve_console, args=(config, listener, os.getpid()), name="signald-console", daemon=True
        )
        process.start()
        while process.is_alive() and not ends.wait(0.2):
            pass
        if ends.is_set():
            process.terminate()
            process.join(_ENDS_WITHIN_S)
            process.kill()
            return
        backoff.note_lifetime((LiveClock.monotonic() - began) / 1e9)
        log.error("console_ended", code=process.exitcode)
        ends.wait(backoff.next_delay_s())
