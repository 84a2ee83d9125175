"""Keeps the loop from sleeping around a release: a thread that must be woken is late by tens of microseconds."""

import asyncio
from typing import Final

from signald.core.engine import Engine
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.clock import Clock

_LOOK_EVERY_S: Final = 0.25


class Vigil:
    """Polls without rest from so long before each release until so long after it, and sleeps otherwise.

    It takes a processor for itself meanwhile: where there is none to spare, it makes everything slower.

    Attributes:
        turns: How often the loop was kept from sleeping.
    """

    def __init__(self, engine: Engine, clock: Clock, *, around_s: float) -> None:
        """Watch ``around_s`` before and after each release; 0: never."""
        self._engine = engine
        self._clock = clock
        self._around_ns = round(around_s * NS_PER_S)
        self.turns = 0

    async def run(self) -> None:
        """Keep watch for ever."""
        while self._around_ns:
            until = self._ends()
            while self._clock.now() < until:
                self.turns += 1
                await asyncio.sleep(0)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _ends(self) -> Nanos:
        """When the release that is near is over; 0 if none is near."""
        now, around = self._clock.now(), self._around_ns
        return max((ts + around for ts in self._engine.bundles if ts - around <= now < ts + around), default=0)
