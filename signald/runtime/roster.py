"""Who of a family of processes is there: written by its supervisor and by each of them, read by all."""

from collections.abc import Sequence
from typing import Final

from signald.model.time import Nanos

_WORDS: Final = 8
"""One cache line each: nobody's beat slows down another's."""
_PID, _STARTS, _BEAT, _READY = range(4)
_IS_READY, _WAS_READY = 1, 2


class Roster:
    """A line for each process, by name.

    Attributes:
        names: Of the processes, in order.
    """

    def __init__(self, names: Sequence[str], buffer: bytearray | memoryview | None = None) -> None:
        """Keep it in ``buffer``, zeros when new; by default in memory of our own."""
        self.names = tuple(names)
        size = self.nbytes(len(names))
        self._words = memoryview(bytearray(size) if buffer is None else buffer)[:size].cast("q")
        self._places = {name: place * _WORDS for place, name in enumerate(self.names)}

    @staticmethod
    def nbytes(count: int) -> int:
        """Bytes that the lines of ``count`` processes take."""
        return 8 * _WORDS * count

    def began(self, name: str, pid: int) -> None:
        """A process was started, and may have said something already."""
        place = self._places[name]
        self._words[place + _STARTS] += 1
        self._words[place + _PID] = pid

    def ended(self, name: str) -> None:
        """It is gone."""
        place = self._places[name]
        self._words[place + _PID] = self._words[place + _BEAT] = self._words[place + _READY] = 0

    def beat(self, name: str, now: Nanos) -> None:
        """It lives at ``now``, monotonic."""
        self._words[self._places[name] + _BEAT] = now

    def ready(self, name: str) -> None:
        """It does its work."""
        self._words[self._places[name] + _READY] = _IS_READY

    def ends(self, name: str) -> None:
        """It has been asked to end: whoever asks for something is to ask another."""
        place = self._places[name] + _READY
        self._words[place] = _WAS_READY if self._words[place] else 0

    def pid(self, name: str) -> int:
        """Its process id; 0 while it is not there."""
        return self._words[self._places[name] + _PID]

    def restarts(self, name: str) -> int:
        """How often it was started again."""
        return max(0, self._words[self._places[name] + _STARTS] - 1)

    def is_ready(self, name: str) -> bool:
        """Whether it does its work."""
        return self._words[self._places[name] + _READY] == _IS_READY

    def was_ready(self, name: str) -> bool:
        """Whether it has done its work since it was started, ending or not."""
        return bool(self._words[self._places[name] + _READY])

    def last_beat(self, name: str) -> Nanos:
        """When it last said that it lives, monotonic; 0: not since it was started."""
        return self._words[self._places[name] + _BEAT]
