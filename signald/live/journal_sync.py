"""Brings the journal to the disk, at most one interval behind, in a thread that the loop has no part in."""

import asyncio
import threading
from collections.abc import Callable

from signald.errors import JournalError
from signald.journal.writer import JournalWriter
from signald.model.time import Nanos
from signald.runtime.clock import Clock
from signald.runtime.faults import reach


class JournalSync:
    """Waits for the disk where nobody else has to.

    A thread taken from the loop's pool for each sync, two hundred times a second, would wake the loop each time.
    """

    def __init__(
        self,
        journal: JournalWriter,
        *,
        clock: Clock,
        interval_s: float,
        on_failure: Callable[[JournalError], None],
    ) -> None:
        """Keep ``journal`` at most ``interval_s`` behind; ``on_failure`` is told in the loop when the disk fails."""
        self._journal = journal
        self._clock = clock
        self._safe_at = clock.monotonic()
        self._interval_s = interval_s
        self._on_failure = on_failure
        self._ended = threading.Event()

    def lag_ns(self) -> Nanos:
        """For how long at most something has waited for the disk; any thread may ask."""
        return self._clock.monotonic() - self._safe_at if self._journal.needs_sync() else 0

    async def run(self) -> None:
        """Sync for ever; ends by cancellation, or by whatever the journal raises but a failing disk: that is a bug."""
        loop = asyncio.get_running_loop()
        bug: asyncio.Future[None] = loop.create_future()
        thread = threading.Thread(target=self._work, args=(loop, bug), name="journal-sync")
        thread.start()
        try:
            await bug
        finally:
            self._ended.set()
            await asyncio.to_thread(thread.join)

    def _work(self, loop: asyncio.AbstractEventLoop, bug: asyncio.Future[None]) -> None:
        try:
            while not self._ended.wait(self._interval_s):
                began = self._clock.monotonic()
                if self._journal.needs_sync():
                    self._sync(loop, began)
                else:
                    self._safe_at = began
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever runs us is to stop for it
            loop.call_soon_threadsafe(_fail, bug, error)

    def _sync(self, loop: asyncio.AbstractEventLoop, began: Nanos) -> None:
        reach("sync.due")
        try:
            self._journal.sync()
            if not self._journal.status().failing:
                self._safe_at = began  # what came meanwhile waits for the next
        except JournalError as error:
            loop.call_soon_threadsafe(self._on_failure, error)
        reach("sync.done")


def _fail(bug: asyncio.Future[None], error: Exception) -> None:
    if not bug.done():
        bug.set_exception(error)
