"""Clocks that a test moves."""

from signald.model.time import Nanos
from signald.runtime.clock import LiveClock


class HandClock:
    """Stands still at ``ts`` until the test sets another; its monotonic time is the same number."""

    def __init__(self, ts: Nanos) -> None:
        """Start at ``ts``."""
        self.ts = ts

    def now(self) -> Nanos:
        """The time set."""
        return self.ts

    def monotonic(self) -> Nanos:
        """The time set."""
        return self.ts


class MovingClock:
    """The machine's wall time plus an offset of its own; what :class:`SharedClock` is without the file."""

    def __init__(self, ts: Nanos) -> None:
        """Start at ``ts``."""
        self._machine = LiveClock()
        self._offset_ns = 0
        self.set_now(ts)

    def now(self) -> Nanos:
        """Wall time of the simulation."""
        return self._machine.now() + self._offset_ns

    def monotonic(self) -> Nanos:
        """The machine's monotonic time."""
        return self._machine.monotonic()

    def set_now(self, ts: Nanos) -> None:
        """Let it be ``ts``."""
        self._offset_ns = ts - self._machine.now()
