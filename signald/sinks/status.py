"""What others may read of our state: the status hash, the audit stream of decisions, the stream of notices.

It has a connection of its own, so that nothing of it ever stands before a signal.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping

import msgspec
import structlog

from signald.errors import SinkError
from signald.model.time import Nanos
from signald.runtime.backoff import Backoff
from signald.sinks import keys
from signald.transports.redis import RedisLink
from signald.transports.settings import RedisConfig

_AUDIT_LENGTH = 10_000
_NOTICES_LENGTH = 1_000
_ENCODER = msgspec.json.Encoder()

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class StatusBoard:
    """Keeps the server's copy of each component's state, and its lists of decisions and notices, up to date.

    A state that changes faster than the server takes it is written less often, the newest always. A decision is
    written in order, and again if it is not known to have arrived; beyond ten thousand waiting the oldest is given up,
    of notices beyond a thousand.

    Attributes:
        failures: How often the server refused or was lost.
    """

    def __init__(self, config: RedisConfig, *, backoff: Backoff | None = None) -> None:
        """Build a board that is not connected yet.

        Raises:
            ConfigError: ``config`` cannot be used.
        """
        self._link = RedisLink(config, on_up=self._write_all_again, backoff=backoff)
        self._states: dict[str, bytes] = {}
        self._changed: dict[str, bytes] = {}
        self._decisions = _Unsent(keys.AUDIT, _AUDIT_LENGTH)
        self._notices = _Unsent(keys.NOTICES, _NOTICES_LENGTH)
        self._work = asyncio.Event()
        self._retry = Backoff(first_s=0.05, cap_s=2.0)
        self.failures = 0

    async def run(self) -> None:
        """Write for ever; ends by cancellation only."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run(), name="status-link")
            group.create_task(self._write(), name="status-write")

    def put(self, component: str, state: object) -> None:
        """``state`` is what ``component`` is in now; anything that msgspec writes as JSON."""
        encoded = _ENCODER.encode(state)
        self._states[component] = encoded
        self._changed[component] = encoded
        self._work.set()

    def audit(self, action: str, details: Mapping[str, str]) -> None:
        """``action`` was decided: one entry with the field ``action`` and those of ``details``."""
        self._decisions.entries.append(("action", action, *(part for item in details.items() for part in item)))
        self._work.set()

    def notice(self, level: str, event: str, ts: Nanos, details: Mapping[str, object]) -> None:
        """A fact about ourselves was logged: one entry, its ``details`` as JSON."""
        encoded = _ENCODER.encode(details).decode()
        self._notices.entries.append(("ts", str(ts), "level", level, "event", event, "details", encoded))
        self._work.set()

    def unsent(self) -> Iterator[tuple[str, int, Callable[[], int]]]:
        """Of each list its name, how much of it may wait to be written, and what tells how much does."""
        for name, list_ in (("decisions", self._decisions), ("notices", self._notices)):
            yield name, list_.length, list_.entries.__len__

    async def _write_all_again(self) -> None:
        """A server we come back to may have forgotten what it was told."""
        self._changed = dict(self._states)
        if self._changed:
            self._work.set()

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            await self._link.connected.wait()
            try:
                await self._write_states()
                await self._write_entries(self._decisions)
                await self._write_entries(self._notices)
            except SinkError as failure:
                self.failures += 1
                log.warning("status_not_written", problem=str(failure))
                await asyncio.sleep(self._retry.next_delay_s())
            else:
                self._retry.reset()

    async def _write_states(self) -> None:
        self._work.clear()
        changed, self._changed = self._changed, {}
        if changed:
            try:
                await self._link.call("HSET", keys.STATUS, *(part for item in changed.items() for part in item))
            except SinkError:
                self._changed = changed | self._changed  # what came meanwhile is newer
                self._work.set()
                raise

    async def _write_entries(self, unsent: "_Unsent") -> None:
        while unsent.entries:
            entry = unsent.entries[0]
            try:
                await self._link.call("XADD", unsent.key, "MAXLEN", "=", unsent.length, "*", *entry)
            except SinkError:
                self._work.set()
                raise
            if unsent.entries and unsent.entries[0] is entry:  # it may have been pushed out meanwhile
                unsent.entries.popleft()


class _Unsent:
    """What a stream has not been told yet; beyond its length the oldest is given up."""

    def __init__(self, key: str, length: int) -> None:
        self.key = key
        self.length = length
        self.entries: deque[tuple[str, ...]] = deque(maxlen=length)
