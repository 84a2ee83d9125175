"""Tells the pipeline that time has passed, exactly when something is due and never otherwise."""

import asyncio
from collections.abc import Callable

from signald.model.time import NS_PER_S, Nanos
from signald.runtime.clock import Clock

_LONGEST_WAIT_S = 0.02
"""A wall clock may be set while we wait (NTP, the demo): it is looked at again this often."""


class Ticker:
    """One deadline per channel, whoever it belongs to."""

    def __init__(self, clock: Clock, *, deadline: Callable[[], Nanos | None], fire: Callable[[], None]) -> None:
        """Watch ``deadline`` and call ``fire`` when it has come."""
        self._clock = clock
        self._deadline = deadline
        self._fire = fire

    async def run(self) -> None:
        """Fire for ever."""
        while True:
            due = self._deadline()
            wait_s = _LONGEST_WAIT_S if due is None else (due - self._clock.now()) / NS_PER_S
            if due is not None and wait_s <= 0:
                self._fire()
                await asyncio.sleep(0)  # a deadline that does not move must not starve the loop
            else:
                await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))
