"""Clocks that a test moves."""

from signald.model.time import Nanos


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
