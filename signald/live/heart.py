"""Says of a process that it lives, and tells its numbers to the one that serves them."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Final

from signald.live.family_state import FamilyState
from signald.runtime.clock import Clock
from signald.sinks.metrics import Metrics

_BEATS_EVERY_S: Final = 0.1


class Heart:
    """One process's part in the family."""

    def __init__(
        self,
        family: FamilyState,
        name: str,
        *,
        metrics: Metrics,
        clock: Clock,
        is_striking: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take the process's name; it has not said anything yet. While ``is_striking`` no number is told unasked."""
        self._roster = family.roster
        self._page = family.page(name)
        self._name = name
        self._metrics = metrics
        self._is_striking = is_striking
        self._clock = clock
        self._parent = os.getppid()

    def ready(self) -> None:
        """The process does its work from now on."""
        self._roster.ready(self._name)
        self.tell()

    def ends(self) -> None:
        """The process was asked to end."""
        self._roster.ends(self._name)

    def tell(self) -> None:
        """Tell the numbers as they stand."""
        self._metrics.tell(self._page)

    async def run(self) -> None:
        """Beat for ever, or until there is no parent any more: nobody is left behind."""
        while True:
            self._roster.beat(self._name, self._clock.monotonic())
            if os.getppid() != self._parent:
                os.kill(os.getpid(), signal.SIGKILL)
            if not self._is_striking():
                self.tell()
            await asyncio.sleep(_BEATS_EVERY_S)
