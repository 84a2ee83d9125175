"""Frames that lie one behind the other in one piece of memory, as a journal has them."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.machine import WordArray
from signald.core.kernels.records import CHANNEL, LENGTH, START, TS
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.sources.protocol import EMPTY, Step, Taken


class Frames(NamedTuple):
    """Some frames of some connections, in the order in which they came.

    Attributes:
        memory: The bytes they lie in; a journal's reader uses them again for what follows.
        rows: One for each, (n, ROW_WORDS), contiguous; see :mod:`signald.core.kernels.records`.
        channels: The connections' names, by the number in the rows.
    """

    memory: NDArray[np.uint8]
    rows: NDArray[np.int64]
    channels: tuple[str, ...]

    @property
    def times(self) -> NDArray[np.int64]:
        """When each was ingested, ns."""
        return self.rows[:, TS]

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The connection of each."""
        return self.rows[:, CHANNEL]

    def between(self, first: int, last: int) -> "Frames":
        """Those from ``first`` up to ``last``."""
        return self._replace(rows=self.rows[first:last])

    def copied(self, first: int, last: int) -> "Frames":
        """Those from ``first`` up to ``last``, at least one, in memory of their own."""
        rows = self.rows[first:last].copy()
        start, end = int(rows[0, START]), int(rows[-1, START] + rows[-1, LENGTH])
        rows[:, START] -= start
        return Frames(self.memory[start:end].copy(), rows, self.channels)

    def words(self) -> WordArray:
        """The rows as kernels take them."""
        return self.rows.reshape(-1)

    def frame(self, place: int) -> bytes:
        """The bytes of one frame."""
        start, length = self.rows[place, START], self.rows[place, LENGTH]
        return self.memory[start : start + length].tobytes()

    def record(self, place: int) -> Record:
        """One frame as the record it was."""
        channel = self.channels[int(self.rows[place, CHANNEL])]
        return Record(RecordKind.FRAME, int(self.rows[place, TS]), channel, "", self.frame(place))


class _TakesFrames(Protocol):
    def on_frame(self, frame: bytes, now: Nanos) -> Step: ...


def take_each(source: _TakesFrames, frames: Frames, number: int, first: int, last: int) -> Taken:
    """Hand ``source`` the frames of connection ``number`` one by one, up to the first from which something follows."""
    for place in np.flatnonzero(frames.numbers[first:last] == number).tolist():
        at = first + place
        step = source.on_frame(frames.frame(at), int(frames.rows[at, TS]))
        if step is not EMPTY:
            return Taken(at + 1, step)
    return Taken(last, EMPTY)
