"""What a book that needs a snapshot waits for: the frames kept meanwhile, and when to ask again."""

from collections import deque
from typing import Final, NamedTuple

from signald.model.time import NS_PER_S, Nanos

_MOST_FRAMES: Final = 4_096
MOST_BYTES: Final = 16 << 20
_FIRST_PAUSE_NS: Final = NS_PER_S
_LONGEST_PAUSE_NS: Final = 60 * NS_PER_S


class Kept(NamedTuple):
    """A frame that came too early, and when it came."""

    frame: bytes
    ts_ingest: Nanos


class KeptFrames:
    """The newest frames of one book, bounded in number and bytes."""

    def __init__(self) -> None:
        self._frames: deque[Kept] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._frames)

    def keep(self, frame: bytes, now: Nanos) -> None:
        """Keep one frame; what no longer fits is forgotten from the oldest on."""
        self._frames.append(Kept(frame, now))
        self._bytes += len(frame)
        while len(self._frames) > _MOST_FRAMES or self._bytes > MOST_BYTES:
            self._bytes -= len(self._frames.popleft().frame)

    def take(self) -> list[Kept]:
        """Give all of them away, in the order they came."""
        taken = list(self._frames)
        self.clear()
        return taken

    def clear(self) -> None:
        """Forget them."""
        self._frames.clear()
        self._bytes = 0


class Patience:
    """How long to wait before asking again: a second after the first failure, twice as long after each further one.

    Success alone does not make it short again, only success that lasts: a book that is lost as soon as it is found
    must not be asked for every second.
    """

    def __init__(self) -> None:
        self._pause_ns = 0
        self._granted: Nanos = 0

    def pause(self, now: Nanos) -> Nanos:
        """The earliest time to ask, being told at ``now`` that it is needed (again)."""
        if now - self._granted > _LONGEST_PAUSE_NS:
            self._pause_ns = 0
        self._granted = now + self._pause_ns
        self._pause_ns = min(max(2 * self._pause_ns, _FIRST_PAUSE_NS), _LONGEST_PAUSE_NS)
        return self._granted


class Budget:
    """So many requests a minute, half of them at once.

    Args:
        per_minute: How many.
    """

    def __init__(self, per_minute: int) -> None:
        self._each_ns = 60 * NS_PER_S // per_minute
        self._burst_ns = max(0, per_minute // 2 - 1) * self._each_ns
        self._next: Nanos = 0

    def spend(self, not_before: Nanos) -> Nanos:
        """The earliest time at or after ``not_before`` that the budget allows for one more."""
        self._next = max(self._next, not_before - self._burst_ns)
        granted = max(not_before, self._next)
        self._next += self._each_ns
        return granted


class Strikes:
    """Tells when something happens too often.

    Args:
        limit: How often within a minute is bearable.
    """

    def __init__(self, limit: int) -> None:
        self._times: deque[Nanos] = deque(maxlen=limit + 1)

    def strike(self, now: Nanos) -> bool:
        """It happened; whether that is more often than bearable. If so, counting begins anew."""
        times = self._times
        times.append(now)
        if len(times) == times.maxlen and now - times[0] < 60 * NS_PER_S:
            times.clear()
            return True
        return False
