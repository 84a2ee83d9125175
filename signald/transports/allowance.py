"""What one venue bears from our address: so many attempts to connect, and to be left alone when it says so.

It counts by address, whichever of our connections or requests it was; so all of them share one.
"""

from signald.model.time import NS_PER_S, Nanos
from signald.runtime.backoff import AttemptBudget
from signald.runtime.clock import Clock

TOO_MANY = frozenset({418, 429})
"""Statuses that mean: you ask too often, or are banned for having done so (418 is Binance's)."""
DEFAULT_BAN_S = 30.0
"""How long to leave a venue alone that does not say for how long."""


class Allowance:
    """One venue's patience with us, in connections and in requests."""

    def __init__(self, clock: Clock, *, attempts_per_minute: int = 30) -> None:
        """Start with all of it; ``attempts_per_minute`` are attempts to connect."""
        self._clock = clock
        self._budget = AttemptBudget(attempts=attempts_per_minute, per_s=60.0)
        self._banned_until: Nanos = 0

    def attempt_wait_s(self) -> float:
        """Seconds until the next attempt to connect is allowed; 0 if it is."""
        return max(self._budget.wait_s(self._clock.monotonic()), self.ban_left_s())

    def attempt(self) -> None:
        """An attempt to connect is made."""
        self._budget.take(self._clock.monotonic())

    def ban(self, wait_s: float) -> float:
        """The venue wants to be left alone for ``wait_s`` seconds (0: it does not say); returns for how long it is."""
        wait_s = wait_s or DEFAULT_BAN_S
        self._banned_until = max(self._banned_until, self._clock.monotonic() + round(wait_s * NS_PER_S))
        return wait_s

    def ban_left_s(self) -> float:
        """For how many more seconds it is to be left alone; 0 if it is not."""
        return max(0, self._banned_until - self._clock.monotonic()) / NS_PER_S
