"""How long to wait before trying again, and how often one may try."""

import random
from collections import deque
from collections.abc import Callable

from signald.model.time import NS_PER_S, Nanos


class Backoff:
    """Full-jitter capped exponential delays: uniform between 0 and ``min(cap, first · 2^failures)``.

    Full jitter spreads clients that lost one server at one moment better than jitter around the exponential does
    (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """

    __slots__ = ("_cap_s", "_draw", "_first_s", "_settled_s", "failures")

    def __init__(
        self,
        *,
        first_s: float = 0.25,
        cap_s: float = 30.0,
        settled_s: float = 5.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Start with no failure.

        Args:
            first_s: Longest delay after the first failure.
            cap_s: Longest delay of all.
            settled_s: How long a connection must have lived to count as a success.
            draw: Gives a number in [0, 1).
        """
        if not 0 < first_s <= cap_s:
            msg = f"first_s must be above 0 and at most cap_s, got {first_s} and {cap_s}"
            raise ValueError(msg)
        self._first_s = first_s
        self._cap_s = cap_s
        self._settled_s = settled_s
        self._draw = draw
        self.failures: int = 0

    def next_delay_s(self) -> float:
        """Count one failure and say how many seconds to wait before the next attempt."""
        # 2^64 seconds are past any cap; the bound keeps the power a finite float however long a server is away.
        ceiling = min(self._cap_s, self._first_s * 2.0 ** min(self.failures, 64))
        self.failures += 1
        return self._draw() * ceiling

    def note_lifetime(self, lived_s: float) -> None:
        """Forget the failures if a connection lived long enough; one that is dropped at once is a failure too."""
        if lived_s >= self._settled_s:
            self.reset()

    def reset(self) -> None:
        """Forget the failures: the server is fine."""
        self.failures = 0


class AttemptBudget:
    """At most ``attempts`` in any window of ``per_s`` seconds, as venues limit connections per address."""

    __slots__ = ("_attempts", "_per_ns", "_taken")

    def __init__(self, *, attempts: int, per_s: float) -> None:
        """Start with the whole budget."""
        self._attempts = attempts
        self._per_ns = round(per_s * NS_PER_S)
        self._taken: deque[Nanos] = deque(maxlen=attempts)

    def wait_s(self, now: Nanos) -> float:
        """Seconds from ``now`` (monotonic) until an attempt is allowed; 0 if it is."""
        if len(self._taken) < self._attempts:
            return 0.0
        return max(0, self._taken[0] + self._per_ns - now) / NS_PER_S

    def take(self, now: Nanos) -> None:
        """Count an attempt made at ``now`` (monotonic)."""
        self._taken.append(now)
