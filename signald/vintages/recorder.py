"""Writes vintages off the path: a queue in front of the store, so that nothing waits for a disk."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from signald.errors import VintageError
from signald.runtime.backoff import Backoff
from signald.runtime.mailbox import Mailbox, Overflow
from signald.vintages.store import Entry, VintageStore

_CAPACITY: Final = 20_000  # a calendar of months, should the disk be gone as long
_BATCH: Final = 500
_SETTLE_S: Final = 1.0  # figures of one minute come within it: they are on their way before a thread of ours wakes

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class VintageRecorder:
    """Takes entries at once, writes them when it can; what does not fit is counted and left to a rebuild.

    Attributes:
        failures: How often the store could not be opened or written.
        written: Entries that were written, those included that it had already.
    """

    def __init__(
        self,
        open_store: Callable[[], VintageStore],
        *,
        capacity: int = _CAPACITY,
        backoff: Backoff | None = None,
        settle_s: float = _SETTLE_S,
    ) -> None:
        """Stand before a store that is opened when there is something to write, and then used by nobody else.

        Args:
            open_store: Opens it, in a thread of its own.
            capacity: Entries that may wait.
            backoff: Between attempts.
            settle_s: How long the first entry of a batch waits for others.
        """
        self._open = open_store
        self._store: VintageStore | None = None
        self._capacity = capacity
        self._waiting = Mailbox[Entry](capacity=capacity, when_full=Overflow.DROP_OLDEST)
        self._backoff = backoff or Backoff(first_s=0.1, cap_s=30.0)
        self._settle_s = settle_s
        self._writing: list[Entry] = []
        self._is_failing = False
        self.failures = 0
        self.written = 0

    @property
    def waiting(self) -> int:
        """Entries that are not written yet, but for the batch that is being written."""
        return len(self._waiting)

    @property
    def capacity(self) -> int:
        """How many of them there may be."""
        return self._capacity

    @property
    def dropped(self) -> int:
        """Entries that were given up because too many waited; the journal has them."""
        return self._waiting.dropped

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._is_failing

    def record(self, happened: Iterable[object]) -> None:
        """Take what is a vintage among the events and outputs of one record; never waits, never fails."""
        for one in happened:
            if isinstance(one, Entry):
                self._waiting.offer(one)

    async def run(self) -> None:
        """Write for ever; ends by cancellation, after which :meth:`flush` writes the rest."""
        while True:
            self._writing = [await self._waiting.get()]
            await asyncio.sleep(self._settle_s)
            self._writing += self._taken(_BATCH - 1)
            await self._write(self._writing)

    def flush(self) -> None:
        """Write what is still waiting, once, and close the store; to be called when :meth:`run` has ended."""
        rest = [*self._writing, *self._taken(len(self._waiting))]
        try:
            self._put(rest)
        except VintageError as error:
            log.warning("vintages_lost", count=len(rest), reason=str(error))
        if self._store is not None:
            self._store.close()

    async def _write(self, batch: list[Entry]) -> None:
        while True:
            try:
                await asyncio.to_thread(self._put, batch)
            except VintageError as error:
                if not self._is_failing:
                    log.warning("vintages_not_written", reason=str(error))
                self._is_failing = True
                self.failures += 1
                await asyncio.sleep(self._backoff.next_delay_s())
            else:
                if self._is_failing:
                    log.info("vintages_written_again")
                self._is_failing = False
                self._writing = []
                self._backoff.reset()
                return

    def _put(self, batch: list[Entry]) -> None:
        """Write in the calling thread; raises ``VintageError``."""
        if not batch:
            return
        if self._store is None:
            self._store = self._open()
        self._store.record_all(batch)
        self.written += len(batch)

    def _taken(self, most: int) -> list[Entry]:
        taken: list[Entry] = []
        while len(taken) < most and (entry := self._waiting.take()) is not None:
            taken.append(entry)
        return taken
