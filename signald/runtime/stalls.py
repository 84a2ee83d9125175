"""Notices when the loop did not get its turn, and whose fault that was."""

import asyncio
from typing import Final

from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.runtime.clock import Clock, ThreadWaits, thread_cpu_ns

STALL_NS: Final = 5 * NS_PER_MS
"""A turn that is so late is a stall."""

_LOOK_EVERY_NS: Final = 20 * NS_PER_MS


class StallWatch:
    """Sleeps and sees how late it wakes. It is ours if our thread worked that long, and kept itself waiting that long.

    What it waited for a processor while it was ready to work is the machine's: a neighbour's work, not ours.

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
        waits = ThreadWaits()
        try:
            while True:
                began, used, waited = self._clock.monotonic(), thread_cpu_ns(), waits.read()
                await asyncio.sleep(_LOOK_EVERY_NS / NS_PER_S)
                self.note(
                    late_ns=self._clock.monotonic() - began - _LOOK_EVERY_NS,
                    used_ns=thread_cpu_ns() - used,
                    waited_ns=waits.read() - waited,
                )
        finally:
            waits.close()

    def note(self, *, late_ns: Nanos, used_ns: Nanos, waited_ns: Nanos = 0) -> None:
        """A turn came ``late_ns`` late, while this thread worked ``used_ns`` and was kept waiting ``waited_ns``."""
        if late_ns < STALL_NS:
            return
        if used_ns < STALL_NS or late_ns - waited_ns < STALL_NS:
            self.elsewhere += 1
            return
        self.ours += 1
        self.longest_ns = max(self.longest_ns, late_ns)
