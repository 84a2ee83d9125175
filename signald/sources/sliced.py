"""A connection of books in band whose snapshots may be megabytes: they are read in slices, as slices.py has it."""

from typing import Any, Final

from signald.core.kernels import outcomes
from signald.core.kernels.desk import CURRENT, CURRENT_NUMBER
from signald.model.time import Nanos
from signald.sources.finer import take_finer
from signald.sources.inband import InBandSource
from signald.sources.protocol import EMPTY, Step, join
from signald.sources.slices import FROM_BYTES, Long, Slices, Slicing
from signald.sources.upkeep import Reason

_BEGUN: Final = Step()
"""Nothing follows yet, but something is due: not :data:`EMPTY`, so that whoever keeps deadlines asks again."""


class SlicedSource(InBandSource):
    """The books of one connection.

    Args:
        slicing: How frames are read in slices.
        room: Levels a side that may come in one frame.
    """

    def __init__(self, *args: Any, slicing: Slicing, room: int, **rest: Any) -> None:  # noqa: ANN401  # as its parent's
        super().__init__(*args, room=room, **rest)
        self._slicing = slicing
        self._slices = Slices(slicing, self.books, room=room)

    @property
    def is_reading(self) -> bool:
        """Whether a slice is to be read at once."""
        return self._slices.due is not None

    def on_connected(self, now: Nanos) -> Step:
        """Begin with nothing, and ask for every book."""
        self._slices.forget()
        return super().on_connected(now)

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        """One frame; a long snapshot is begun, and read on by :meth:`advance`."""
        if len(frame) > FROM_BYTES and (long := self._slices.look(frame)) is not None:
            return join(self._read_on(now), self._begin(long, now)) if self._slices.is_full else self._begin(long, now)
        if self._slices.due is None:
            return super().on_frame(frame, now)
        outcome = self._apply(frame, now, self._words)
        return self._asked(self._follow(self._finer(outcome, frame, now), frame, now), now)

    def on_disconnected(self, now: Nanos) -> Step:
        """Believe no book any more."""
        self._slices.forget()
        return super().on_disconnected(now)

    def advance(self, now: Nanos) -> Step:
        """Read a slice, if there is one to be read; besides, as its parent."""
        step = super().advance(now)
        due = self._slices.due
        return step if due is None or now < due else join(step, self._read_on(now))

    def next_deadline(self) -> Nanos | None:
        """When the next slice is due, or as its parent."""
        due, other = self._slices.due, super().next_deadline()
        return other if due is None else due if other is None else min(due, other)

    def _read_on(self, now: Nanos) -> Step:
        """Read a slice, or all that is left of a snapshot where too many wait."""
        read = self._slices.advance(now)
        return EMPTY if read is None else self._asked(self._finish(*read, now), now)

    def _begin(self, long: Long, now: Nanos) -> Step:
        """Count a long snapshot, and begin to read it if it is its turn in the count."""
        head = self._slicing.bare(long.counted)
        counted = self._apply(head, now, self._words)
        if counted != outcomes.OTHER_KIND:
            return self._asked(self._follow(counted, head, now), now)
        self._slices.begin(long, now)
        return _BEGUN

    def _finish(self, long: Long, outcome: int, now: Nanos) -> Step:
        """Put a snapshot into its book, and what came for the book meanwhile behind it."""
        self._words[CURRENT] = self.books[long.number].address
        self._words[CURRENT_NUMBER] = long.number
        self._words[self._slicing.number] = long.counted
        if outcome == outcomes.APPLIED:
            outcome = self._slices.take(now)
        elif outcome in outcomes.FINER:
            outcome = take_finer(self.books[long.number], outcome, lambda: self._take_again(long, now), self.counts)
        self._slices.next()
        step = self._reject(outcome, now) if outcome == outcomes.NOT_PLAIN else self._follow(outcome, long.frame, now)
        for frame, counted in long.kept:
            part = self._slicing.again(frame, counted, self._words)
            became = self._finer(self._apply(part, now, self._words), part, now)
            step = join(step, self._follow(became, part, now))
        return step

    def _take_again(self, long: Long, now: Nanos) -> int:
        outcome = self._slices.read_again(long)
        return self._slices.take(now) if outcome == outcomes.APPLIED else outcome

    def _follow(self, outcome: int, frame: bytes, now: Nanos) -> Step:
        """As its parent, but a frame for a book whose snapshot is being read is kept for it."""
        if outcome == outcomes.QUIET and self._slices.due is not None:
            counted = int(self._words[self._slicing.number])
            if counted == self._words[self._slicing.taken]:
                self._slices.keep(self._desk.current(), frame, counted)
            return EMPTY
        return super()._follow(outcome, frame, now)

    def _lose_all(self, reason: Reason, now: Nanos) -> Step:
        """Frames are missing: what is being read will be asked for again too."""
        self._slices.forget()
        return super()._lose_all(reason, now)
