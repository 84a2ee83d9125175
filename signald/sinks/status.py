"""What others may read of our state: the status hash, and the audit stream of decisions.

It has a connection of its own, so that nothing of it ever stands before a signal.
"""

import asyncio
from collections import deque
from collections.abc import Mapping

import msgspec
import structlog

from signald.errors import SinkError
from signald.runtime.backoff import Backoff
from signald.sinks import keys
from signald.transports.redis import RedisLink
from signald.transports.settings import RedisConfig

_AUDIT_LENGTH = 10_000
_ENCODER = msgspec.json.Encoder()

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class StatusBoard:
    """Keeps the server's copy of each component's state, and its list of decisions, up to date.

    A state that changes faster than the server takes it is written less often, the newest always. A decision is
    written in order, and again if it is not known to have arrived; beyond ten thousand waiting the oldest is given up.

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
        self._decisions: deque[tuple[str, ...]] = deque(maxlen=_AUDIT_LENGTH)
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
        self._decisions.append(("action", action, *(part for item in details.items() for part in item)))
        self._work.set()

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
                await self._write_decisions()
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

    async def _write_decisions(self) -> None:
        while self._decisions:
            decision = self._decisions[0]
            try:
                await self._link.call("XADD", keys.AUDIT, "MAXLEN", "=", _AUDIT_LENGTH, "*", *decision)
            except SinkError:
                self._work.set()
                raise
            if self._decisions and self._decisions[0] is decision:  # it may have been pushed out meanwhile
                self._decisions.popleft()
