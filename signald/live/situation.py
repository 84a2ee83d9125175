"""Whether a release is near: known to the process that has the calendar, and told to those that keep the books."""

import asyncio
from typing import Final, Protocol

from signald.core.engine import Engine
from signald.live.agenda import is_release_near
from signald.model.time import NS_PER_S
from signald.runtime.clock import Clock

BEFORE_NS: Final = 5 * NS_PER_S
AFTER_NS: Final = 60 * NS_PER_S
"""So long around each release nothing is done that can wait a minute: no garbage is collected."""
STRIKE_NS: Final = NS_PER_S
"""So long before and after nothing is done that can wait a second: no number is copied for those who read them."""

_LOOK_EVERY_S: Final = 0.25
_CLOSE, _NEAR, _OPEN = range(3)
_AT_REST: Final = frozenset({"unscheduled", "tentative", "scheduled", "cancelled", "closed"})


class Situation(Protocol):
    """What whoever has something to do that can wait asks first."""

    def is_close(self) -> bool:
        """Whether a release is due within seconds, or came within the last minute."""
        ...

    def is_near(self) -> bool:
        """Whether a release is within five minutes: nothing that can wait is done then."""
        ...


class KnownSituation:
    """As the engine knows it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        """Ask this engine."""
        self._engine = engine
        self._clock = clock

    def is_close(self) -> bool:
        """As :class:`Situation` has it."""
        now = self._clock.now()
        return any(ts - BEFORE_NS <= now <= ts + AFTER_NS for ts in self._engine.bundles)

    def is_striking(self) -> bool:
        """Whether a release is due within a second, or was due a second ago."""
        now = self._clock.now()
        return any(abs(ts - now) <= STRIKE_NS for ts in self._engine.bundles)

    def is_near(self) -> bool:
        """As :class:`Situation` has it."""
        return is_release_near(self._engine.windows.values(), self._clock.now())

    def is_open(self) -> bool:
        """Whether a release is armed, or out or missed and not closed yet, or near."""
        return self.is_near() or any(window.state not in _AT_REST for window in self._engine.windows.values())


class SharedSituation:
    """As it was last told through shared memory: at most a quarter of a second ago."""

    SIZE: Final = 24
    """Bytes that it takes."""

    def __init__(self, buffer: memoryview) -> None:
        """Read it there, and write it for whoever knows it."""
        self._words = buffer[: self.SIZE].cast("q")

    def is_close(self) -> bool:
        """As :class:`Situation` has it."""
        return bool(self._words[_CLOSE])

    def is_near(self) -> bool:
        """As :class:`Situation` has it."""
        return bool(self._words[_NEAR])

    def is_open(self) -> bool:
        """As :class:`KnownSituation` has it."""
        return bool(self._words[_OPEN])

    async def follow(self, known: KnownSituation) -> None:
        """Tell for ever what ``known`` says."""
        while True:
            self._words[_CLOSE] = known.is_close()
            self._words[_NEAR] = known.is_near()
            self._words[_OPEN] = known.is_open()
            await asyncio.sleep(_LOOK_EVERY_S)
