"""Notices when the loop did not get its turn, and whose fault that was."""

import asyncio
from typing import Final

from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.runtime.clock import Clock, thread_cpu_ns

STALL_NS: Final = 5 * NS_PER_MS
"""A turn that is so late is a stall."""

_LOOK_EVERY_NS: Final = 20 * NS_PER_MS


class StallWatch:
    """Sleeps and sees how late it wakes. A stall in which our thread worked that long is ours, any other the machine's.

    Attributes:
        ours: Stalls in which this thread was at work.
        elsewhere: Stalls in which it waited for the processor, or for another thread.
        longest_ns: The longest of ours.
    """

    def __init__(self, clock: Clock) -> None:
        """Watch nothing yet."""
        self._clock = clock
        self.ours = 0
        self.elsewhere = 0
        self.longest_ns: Nanos = 0

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            began, used = self._clock.monotonic(), thread_cpu_ns()
            await asyncio.sleep(_LOOK_EVERY_NS / NS_PER_S)
            self.note(late_ns=self._clock.monotonic() - began - _LOOK_EVERY_NS, used_ns=thread_cpu_ns() - used)

    def note(self, *, late_ns: Nanos, used_ns: Nanos) -> None:
        """A turn came ``late_ns`` late, while this thread had worked for ``used_ns``."""
        if late_ns < STALL_NS:
            return
        if used_ns < STALL_NS:
            self.elsewhere += 1
            return
        self.ours += 1
        self.longest_ns = max(self.longest_ns, late_ns)
