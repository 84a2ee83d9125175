"""A token bucket: so many at once, and then so many a second."""

from signald.model.time import NS_PER_S, Nanos


class TokenBucket:
    """The generic cell rate algorithm (ITU-T I.371, annex A): one number, when the bucket is full again."""

    __slots__ = ("_full_at", "_interval_ns", "_slack_ns")

    def __init__(self, *, per_s: float, at_once: int) -> None:
        """Start full: ``at_once`` tokens; ``per_s`` come back each second."""
        self._interval_ns = round(NS_PER_S / per_s)
        self._slack_ns = self._interval_ns * (at_once - 1)
        self._full_at: Nanos = 0

    def take(self, now: Nanos) -> bool:
        """Take a token at ``now`` (monotonic); False if there is none."""
        full_at = max(self._full_at, now)
        if full_at - now > self._slack_ns:
            return False
        self._full_at = full_at + self._interval_ns
        return True

    def is_full(self, now: Nanos) -> bool:
        """Whether whoever draws from it may as well begin anew."""
        return self._full_at <= now
