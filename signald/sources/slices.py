"""Snapshots too long to be read at once: a slice with each tick of their connection, so that no other book waits long.

Megabytes take milliseconds to read. Such a frame is counted when it comes and read from then on, and what comes for its
book meanwhile is kept and applied behind it. A tick is a record like any other, so a replay reads the same slices
between the same frames.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.model.time import Nanos
from signald.sources.desk import Desk

FROM_BYTES: Final = 1 << 18
"""Frames that are longer may be snapshots that are read in slices."""
_SLICE_BYTES: Final = 1 << 18
"""Half a millisecond's reading."""
_MOST_KEPT: Final = 4_096
"""Frames for a book that may wait for its snapshot; then it is read to the end at once."""
_MOST_WAITING: Final = 2
"""Snapshots of each book: one that was asked for, and one that its venue sent besides."""

ReadSlice: TypeAlias = Callable[[bytes, int, WordArray], int]
"""Told a frame, how many bytes of it to read on, and the words; see ``Slicing``."""


class Slicing(NamedTuple):
    """How a venue's frames are read in slices; nothing of it changes a book but ``take``.

    Attributes:
        read: Gives ``left`` while there is more, APPLIED when a snapshot is whole, else why it is none.
        take: Puts the snapshot that was read whole into its book.
        left: What ``read`` gives while there is more to read.
        left_at: The wire word that holds where that is; 0: at the beginning.
        number: The wire word that holds the frame's number.
        taken: The wire word that holds the same if the frame, or part of one, is no repetition.
        bare: Writes a frame of the same number, and nothing else to it, for the venue's kernel to count.
        again: Writes a frame that was counted so that the venue's kernel takes it once more; told its number.
    """

    read: ReadSlice
    take: Callable[[Nanos, WordArray], int]
    left: int
    left_at: int
    number: int
    taken: int
    bare: Callable[[int], bytes]
    again: Callable[[bytes, int, WordArray], bytes]


class Long:
    """One snapshot that is being read, or waits to be."""

    def __init__(self, frame: bytes, number: int, counted: int) -> None:
        """``number`` is its book's; ``counted`` the frame's own."""
        self.frame = frame
        self.number = number
        self.counted = counted
        self.kept: list[tuple[bytes, int]] = []
        """What came for the book since, each with its own number."""


class Slices:
    """The long snapshots of one connection, in the order in which they came.

    Attributes:
        due: When the next slice is to be read; None: nothing is.
    """

    def __init__(self, slicing: Slicing, books: Sequence[Book], *, room: int) -> None:
        """Nothing is read; ``room`` is for so many levels a side."""
        self.slicing = slicing
        self.due: Nanos | None = None
        self._books = books
        self._room = room
        self._head = Desk(books, room=2)
        self._desk: Desk | None = None  # megabytes, for moments
        self._queue: deque[Long] = deque()

    def forget(self) -> None:
        """Whatever is being read is void."""
        self._queue.clear()
        self._desk = None
        self.due = None

    def look(self, frame: bytes) -> Long | None:
        """The frame as what may be read in slices; ``None`` if it does not begin as a snapshot of a book of ours."""
        words = self._head.words
        words[self.slicing.left_at] = 0
        outcome = self.slicing.read(frame, 0, words)
        number = self._head.current()
        if outcome != self.slicing.left or number is None:
            return None
        return Long(frame, number, int(words[self.slicing.number]))

    def begin(self, long: Long, now: Nanos) -> None:
        """Read it after those that came before it."""
        self._queue.append(long)
        self.due = now + 1

    @property
    def is_full(self) -> bool:
        """Whether two snapshots a book wait: the eldest is to be read at once, to its end, before another is begun."""
        return len(self._queue) >= _MOST_WAITING * len(self._books)

    def keep(self, number: int | None, frame: bytes, counted: int) -> bool:
        """Keep a frame for a book whose snapshot is being read; False if it is not, so that nothing was kept."""
        long = next((one for one in reversed(self._queue) if one.number == number), None)
        if long is None:
            return False
        long.kept.append((frame, counted))
        return True

    def advance(self, now: Nanos) -> tuple[Long, int] | None:
        """Read one slice; once a snapshot is whole, or turns out to be none, it and what became of it."""
        if not self._queue:
            self.due = None
            return None
        long = self._queue[0]
        words = self._words()
        whole = self.is_full or len(long.kept) >= _MOST_KEPT
        outcome = self.slicing.read(long.frame, len(long.frame) if whole else _SLICE_BYTES, words)
        self.due = now + 1
        if outcome == self.slicing.left:
            return None
        self._queue.popleft()
        return long, outcome

    def read_again(self, long: Long) -> int:
        """Read a snapshot once more, all of it: its book is kept in finer steps now."""
        words = self._words()
        words[self.slicing.left_at] = 0
        return self.slicing.read(long.frame, len(long.frame), words)

    def take(self, now: Nanos) -> int:
        """Put the snapshot that was read whole into its book; returns what became of it."""
        return self.slicing.take(now, self._words())

    def next(self) -> None:
        """The one that was read is done with."""
        self._words()[self.slicing.left_at] = 0
        if not self._queue:
            self._desk = None
            self.due = None

    def _words(self) -> WordArray:
        if self._desk is None:
            self._desk = Desk(self._books, room=self._room)
        return self._desk.words
