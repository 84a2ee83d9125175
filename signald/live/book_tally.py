"""How often each book was lost and found again, in memory that the processes which keep books may share."""

from collections.abc import Sequence
from typing import Final

from signald.model.instruments import InstrumentId

_WORDS: Final = 2
_LOST, _FOUND = range(_WORDS)


class BookTally:
    """Each book is counted by the one process that keeps it."""

    def __init__(self, instruments: Sequence[InstrumentId] = (), buffer: bytearray | memoryview | None = None) -> None:
        """Count in ``buffer``, zeros when new, or in memory of our own."""
        size = self.nbytes(len(instruments))
        self._words = memoryview(bytearray(size) if buffer is None else buffer)[:size].cast("q")
        self._places = {name: place * _WORDS for place, name in enumerate(instruments)}

    @staticmethod
    def nbytes(count: int) -> int:
        """Bytes that the counts of so many books take."""
        return 8 * _WORDS * count

    def lost(self, instrument: InstrumentId) -> None:
        """A book that was live was discarded."""
        self._count(instrument, _LOST)

    def found(self, instrument: InstrumentId) -> None:
        """A book became live."""
        self._count(instrument, _FOUND)

    def gaps(self, instrument: InstrumentId) -> int:
        """Times it was discarded."""
        return self._words[self._places[instrument] + _LOST]

    def resyncs(self, instrument: InstrumentId) -> int:
        """Times it became live again: the first time does not count."""
        return max(0, self._words[self._places[instrument] + _FOUND] - 1)

    def _count(self, instrument: InstrumentId, what: int) -> None:
        place = self._places.get(instrument)
        if place is not None:
            self._words[place + what] += 1
