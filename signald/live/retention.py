"""Keeps a run's journal no older and no larger than the configuration says, when nobody needs the disk."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from signald.config.sections import JournalConfig
from signald.journal.retention import Trimmed, trim
from signald.model.time import NS_PER_S, Nanos
from signald.pipeline import REMEMBERED_NS
from signald.runtime.clock import Clock

EVERY_S: Final = 60.0
PROTECTED_NS: Final = 2 * REMEMBERED_NS
"""What is younger never goes: a restart reads half of it."""

_DAY_NS: Final = 86_400 * NS_PER_S

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Retention:
    """Looks at the journal once a minute.

    Attributes:
        held: Bytes that it has on the disk; 0 before the first look.
        removed: Segments that went.
        most: Bytes that it may have; 0: any number.
    """

    def __init__(self, config: JournalConfig, clock: Clock, *, is_calm: Callable[[], bool]) -> None:
        """Nothing is removed but while ``is_calm``: no release is near or open, and no signal waits for Redis."""
        self._path = Path(config.path)
        self._keep_ns: Nanos = config.keep_days * _DAY_NS
        self._clock = clock
        self._is_calm = is_calm
        self.held = self.removed = 0
        self.most = round(config.keep_gb * 1e9)

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Measure, and remove what is beyond, in a thread: a file system may take its time."""
        now = self._clock.now()
        until = now - PROTECTED_NS if self._is_calm() else 0
        older = now - self._keep_ns if self._keep_ns else 0
        try:
            done = await asyncio.to_thread(trim, self._path, older=older, beyond=self.most, until=until)
        except OSError as error:
            log.warning("journal_not_trimmed", path=str(self._path), problem=str(error))
            return
        self._take(done)

    def _take(self, done: Trimmed) -> None:
        self.held = done.held
        self.removed += done.removed
        if done.removed:
            log.info("journal_trimmed", segments=done.removed, held_bytes=done.held)
