"""Collects garbage when no release is near, and says how long that took.

A full collection with numba loaded looks at more than a hundred thousand objects and takes tens of milliseconds. What
lives when the daemon is ready lives for ever and is frozen; what comes after is looked at here and at no other time.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Final

from signald.model.time import NS_PER_S, Nanos
from signald.runtime.clock import Clock

PATIENCE_NS: Final = 600 * NS_PER_S
"""After so long without a collection one is made, whatever is near: memory is bounded too."""

_YOUNG_EVERY_S: Final = 5.0
_FULL_EVERY_NS: Final = 3_600 * NS_PER_S
_YOUNG: Final = 1
_FULL: Final = 2


class Collector:
    """Python's collector, off but for when it is asked.

    Attributes:
        pauses: How often it was asked.
        full: How often for everything.
        longest_ns: The longest pause.
        total_ns: All pauses.
    """

    def __init__(self, is_near: Callable[[], bool], clock: Clock) -> None:
        """Take what says that a release is near; nothing is changed yet."""
        self._is_near = is_near
        self._clock = clock
        self._last: Nanos = clock.monotonic()
        self._last_full: Nanos = self._last
        self.pauses = 0
        self.full = 0
        self.longest_ns: Nanos = 0
        self.total_ns: Nanos = 0

    def settle(self) -> None:
        """What lives now lives for ever: it is collected once, frozen, and the collector switched off."""
        gc.collect()
        gc.freeze()
        gc.disable()

    async def run(self) -> None:
        """Collect at times, for ever; switched on again at the end."""
        try:
            while True:
                await asyncio.sleep(_YOUNG_EVERY_S)
                self.look()
        finally:
            gc.enable()

    def look(self) -> None:
        """Collect unless a release is near."""
        seen = self._clock.monotonic()
        if self._is_near() and seen - self._last < PATIENCE_NS:
            return
        is_full = seen - self._last_full >= _FULL_EVERY_NS
        gc.collect(_FULL if is_full else _YOUNG)
        self._last = self._clock.monotonic()
        if is_full:
            self._last_full = self._last
        took = self._last - seen
        self.pauses += 1
        self.full += is_full
        self.total_ns += took
        self.longest_ns = max(self.longest_ns, took)
