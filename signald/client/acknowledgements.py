"""What a desk has dealt with, kept until the server has it: sent at once, and again after a lost connection."""

import asyncio
from collections import deque
from typing import Final

import structlog

from signald.errors import SinkError
from signald.transports.redis import RedisLink

_RETRY_S: Final = 0.05

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Acknowledgements:
    """Of one group of a stream; ``in`` tells whether an entry waits here."""

    def __init__(self, link: RedisLink, *, key: str, group: str) -> None:
        """Nothing waits; ``link`` is run by somebody else."""
        self._link = link
        self._key, self._group = key, group
        self._waiting: deque[str] = deque()
        self._has_some = asyncio.Event()
        self._has_none = asyncio.Event()
        self._has_none.set()

    def __contains__(self, entry: str) -> bool:
        return entry in self._waiting

    def add(self, entry: str) -> None:
        """It goes out with the next."""
        self._waiting.append(entry)
        self._has_none.clear()
        self._has_some.set()

    async def flush(self, timeout_s: float) -> bool:
        """Wait until the server has every one; ``False`` if that took longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._has_none.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Send them; ends by cancellation only."""
        while True:
            await self._has_some.wait()
            await self._link.connected.wait()
            batch = list(self._waiting)
            try:
                await self._link.call("XACK", self._key, self._group, *batch)
            except SinkError as failure:
                log.warning("acknowledgement_not_sent", problem=str(failure))
                await asyncio.sleep(_RETRY_S)
                continue
            for _ in batch:
                self._waiting.popleft()
            if not self._waiting:
                self._has_some.clear()
                self._has_none.set()
