"""Shows signals as they come, with what is due next below them."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, cast

from rich.console import Console, RenderableType
from rich.live import Live

from signald.app.tail_status import STATES, WORDS, Overheard
from signald.app.tail_text import day_of, footer, lines_of
from signald.client.entries import UnreadableError, entries_reply, read_entry, streams_reply
from signald.config import Config
from signald.errors import SinkError
from signald.logs import configure_logs
from signald.model.signals import Signal
from signald.runtime.clock import LiveClock
from signald.sinks import keys
from signald.transports.redis import RedisLink

_BLOCK_MS: Final = 250
_RETRY_S: Final = 0.1


class Tail:
    """Follows the stream of signals.

    Attributes:
        shown: Signals that were shown.
    """

    def __init__(self, config: Config, *, instrument: str | None, kind: str | None, count: int | None) -> None:
        """Show what is of ``instrument`` and ``kind``, all by default, until ``count`` were shown."""
        self._config = config
        self._instrument = instrument
        self._kind = kind
        self._count = count
        self._link = RedisLink(config.redis)
        self._overheard = Overheard()
        self._day = ""
        self.shown = 0

    async def run(self, console: Console, *, everything: bool) -> None:
        """Show for ever, or until there were enough: ``everything`` that is there, or what comes from now on.

        Raises:
            UnreachableError: Redis was not reached in time.
        """
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._link.run(), name="redis")
            await self._link.wait_connected(self._config.live.startup_timeout_s)
            with _below(console) as below:
                last = "0" if everything else await self._newest()
                while self._count is None or self.shown < self._count:
                    with suppress(SinkError):
                        last = await self._show(console, last)
                        await self._listen()
                        below.update(footer(self._overheard, LiveClock.monotonic()))
                        continue
                    await asyncio.sleep(_RETRY_S)
                    await self._link.connected.wait()
            running.cancel()

    async def _show(self, console: Console, last: str) -> str:
        reply = await self._link.call("XREAD", "BLOCK", _BLOCK_MS, "STREAMS", keys.SIGNALS, last)
        for entry, fields in streams_reply(reply):
            last = entry
            try:
                signal = read_entry(entry, fields or {}).signal
            except UnreadableError as error:
                console.print(str(error), style="red", markup=False)
                continue
            if self._is_wanted(signal) and (self._count is None or self.shown < self._count):
                self.shown += 1
                self._print(console, signal)
        return last

    def _print(self, console: Console, signal: Signal) -> None:
        day = day_of(signal)
        if day != self._day:
            self._day = day
            console.print(day, style="bold")
        for line in lines_of(signal, width=console.width if console.is_terminal else None):
            console.print(line, soft_wrap=True)

    async def _newest(self) -> str:
        entries = entries_reply(await self._link.call("XREVRANGE", keys.SIGNALS, "+", "-", "COUNT", 1))
        return entries[0][0] if entries else "0"

    def _is_wanted(self, signal: Signal) -> bool:
        return self._instrument in {None, signal.instrument} and self._kind in {None, signal.kind}

    async def _listen(self) -> None:
        states = await self._link.call("HMGET", keys.STATUS, *STATES)
        words = await self._link.call("HMGET", keys.LATEST, *WORDS)
        self._overheard.take(
            cast("list[bytes | None]", states), cast("list[bytes | None]", words), LiveClock.monotonic()
        )


def run_tail(
    config: Config, *, instrument: str | None, kind: str | None, count: int | None, everything: bool, to_stderr: bool
) -> int:
    """Show signals until interrupted or until there were ``count``; how many were shown."""
    configure_logs(level="error")
    tail = Tail(config, instrument=instrument, kind=kind, count=count)
    with suppress(KeyboardInterrupt):
        asyncio.run(tail.run(Console(stderr=to_stderr, highlight=False), everything=everything))
    return tail.shown


class _NoFooter:
    """Where there is no terminal nothing is redrawn."""

    def update(self, _: RenderableType) -> None:
        """Show nothing."""


@contextmanager
def _below(console: Console) -> Generator[Live | _NoFooter]:
    if not console.is_terminal:
        yield _NoFooter()
        return
    with Live(console=console, transient=True, refresh_per_second=4) as live:
        yield live
