"""Writes vintages off the path: a queue in front of the store, so that nothing waits for a disk."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog

from signald.errors import VintageError
from signald.runtime.backoff import Backoff
from signald.runtime.mailbox import Mailbox, Overflow
from signald.vintages.store import Entry, VintageStore

_CAPACITY: Final = 20_000  # a calendar of months, should the disk be gone as long
_BATCH: Final = 500

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class VintageRecorder:
    """Takes entries at once, writes them when it can; what does not fit is counted and left to a rebuild.

    Attributes:
        failures: How often the store could not be written.
    """

    def __init__(self, store: VintageStore, *, capacity: int = _CAPACITY, backoff: Backoff | None = None) -> None:
        """Stand before ``store``, which is then used by nobody else."""
        self._store = store
        self._waiting = Mailbox[Entry](capacity=capacity, when_full=Overflow.DROP_OLDEST)
        self._backoff = backoff or Backoff(first_s=0.1, cap_s=30.0)
        self._writing: list[Entry] = []
        self.failures = 0

    @property
    def dropped(self) -> int:
        """Entries that were given up because too many waited; the journal has them."""
        return self._waiting.dropped

    def record(self, happened: Iterable[object]) -> None:
        """Take what is a vintage among the events and outputs of one record; never waits, never fails."""
        for one in happened:
            if isinstance(one, Entry):
                self._waiting.offer(one)

    async def run(self) -> None:
        """Write for ever; ends by cancellation, after which :meth:`flush` writes the rest."""
        while True:
            await self._write(await self._waiting.get())

    def flush(self) -> None:
        """Write what is still waiting, once; to be called when :meth:`run` has ended."""
        rest = [*self._writing, *self._taken(len(self._waiting))]
        try:
            self._store.record_all(rest)
        except VintageError as error:
            log.warning("vintages_lost", count=len(rest), reason=str(error))

    async def _write(self, first: Entry) -> None:
        batch = self._writing = [first, *self._taken(_BATCH)]
        while True:
            try:
                await asyncio.to_thread(self._store.record_all, batch)
            except VintageError as error:
                if not self.failures:
                    log.warning("vintages_not_written", reason=str(error))
                self.failures += 1
                await asyncio.sleep(self._backoff.next_delay_s())
            else:
                self._writing = []
                self._backoff.reset()
                return

    def _taken(self, most: int) -> list[Entry]:
        taken: list[Entry] = []
        while len(taken) < most and (entry := self._waiting.take()) is not None:
            taken.append(entry)
        return taken
