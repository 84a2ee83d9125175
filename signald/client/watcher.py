"""Follows the whole stream beside the deliveries, so that guard and ladder are right however busy the desk is.

Every worker of a group sees here what all of them are delivered. On each connection the newest entries are read again:
nothing is kept anywhere but in the consumer's own stream.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import structlog

from signald.client.entries import Raw, SchemaError, UnreadableError, entries_reply, entry_ms, read_entry, streams_reply
from signald.client.guard import GuardBook
from signald.errors import SinkError
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.runtime.clock import LiveClock
from signald.transports.redis import RedisLink
from signald.transports.settings import RedisConfig

BLOCK_MS: Final = 500
_HISTORY: Final = 5_000  # entries from which guard and ladder are rebuilt
_CHECK_S: Final = 0.1
_RETRY_S: Final = 0.05
_COMPARE_EVERY_NS: Final = 5 * NS_PER_S
_NS_PER_US: Final = 1_000

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Watcher:
    """Keeps a :class:`GuardBook` up to date, and says when signals stop.

    Attributes:
        book: Guidance and scenarios.
        unreadable: Entries that could not be read.
    """

    def __init__(
        self, config: RedisConfig, key: str, *, silent_after_s: float, on_silence: Callable[[str], None] | None
    ) -> None:
        """Build a watcher that is not connected yet; ``on_silence`` is told why signals stopped, once each time."""
        self._link = RedisLink(config, on_up=self._begin)
        self._key = key
        self._silent_after: Nanos = round(silent_after_s * NS_PER_S)
        self._on_silence = on_silence
        self._last = "0"
        self._server_less_ours: Nanos = 0
        self._compared: Nanos = 0
        self._heard: Nanos = LiveClock.monotonic()
        self._is_silent = False
        self.book: GuardBook = GuardBook()
        self.unreadable: int = 0

    async def run(self) -> None:
        """Follow for ever; ends by cancellation only."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run(), name="desk-watcher-link")
            group.create_task(self._follow(), name="desk-watcher")
            group.create_task(self._listen_for_silence(), name="desk-silence")

    async def wait_ready(self) -> None:
        """Wait until the stream's newest entries were read once."""
        await self._link.connected.wait()

    async def _begin(self) -> None:
        await self._compare_clocks()
        newest = entries_reply(await self._link.call("XREVRANGE", self._key, "+", "-", "COUNT", _HISTORY))
        self.book.forget()
        self._last = newest[0][0] if newest else "0"
        for raw in reversed(newest):
            self._take(raw)

    async def _compare_clocks(self) -> None:
        """The server's clock may be set at any time, so this is done often."""
        asked = LiveClock.monotonic()
        seconds, micros = cast("tuple[bytes, bytes]", await self._link.call("TIME"))
        # As if the server had answered at once: what is counted from its clock then ends too soon, never too late.
        self._server_less_ours = int(seconds) * NS_PER_S + int(micros) * _NS_PER_US - asked
        self._compared = asked

    async def _follow(self) -> None:
        while True:
            await self._link.connected.wait()
            try:
                if LiveClock.monotonic() - self._compared >= _COMPARE_EVERY_NS:
                    await self._compare_clocks()
                reply = await self._link.call("XREAD", "BLOCK", BLOCK_MS, "STREAMS", self._key, self._last)
            except SinkError:
                await asyncio.sleep(_RETRY_S)  # the link comes back by itself
                continue
            self._heard = LiveClock.monotonic()
            for raw in streams_reply(reply):
                self._last = raw[0]
                self._take(raw)

    def _take(self, raw: Raw) -> None:
        entry, fields = raw
        if fields is None:
            return
        try:
            received = read_entry(entry, fields)
        except (SchemaError, UnreadableError) as error:  # who is delivered it says so; here the guard runs out
            self.unreadable += 1
            log.warning("entry_not_read", problem=str(error))
            return
        taken = entry_ms(entry) * NS_PER_MS - self._server_less_ours
        self.book.take(received, taken=min(taken, LiveClock.monotonic()))  # its clock may have been set since we asked

    async def _listen_for_silence(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_S)
            now = LiveClock.monotonic()
            why = [f"nothing holds any more for {instrument}" for instrument in self.book.newly_expired(now)]
            if now - self._heard >= self._silent_after:
                if not self._is_silent:
                    why.append(f"no connection for {self._silent_after / NS_PER_S:g} s")
                self._is_silent = True
            else:
                self._is_silent = False
            for reason in why:
                self._tell(reason)

    def _tell(self, reason: str) -> None:
        log.warning("signals_stopped", reason=reason)
        if self._on_silence is None:
            return
        try:
            self._on_silence(reason)
        except Exception:
            log.exception("on_silence_failed")
