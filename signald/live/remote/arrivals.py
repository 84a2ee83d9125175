"""Judges what comes of a host's rows, and writes what it believes onto this host's board.

A row is as old here as it was there when it was sent, and the way: both are known by monotonic clocks and the Redis
server's, so that neither host's wall clock needs to be right. Its own times are moved to our wall clock by that. A row
is flagged as stale if the way took too long, if a message is missing that may have changed it, if its writer was
replaced and has not sent it yet, and if nothing comes any more; the next message that has it is believed again.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from signald.core.board import Board
from signald.core.kernels.machine import WordArray
from signald.core.kernels.publish import publish
from signald.core.kernels.rows import (
    FLAG_STALE,
    FLAGS,
    ROW_USED,
    ROW_WORDS,
    STATE,
    STATE_LIVE,
    TS_DEPTH,
    TS_INGEST,
    TS_TOUCH,
)
from signald.live.book_tally import BookTally
from signald.live.remote.packing import Head, Image, layout_of
from signald.live.remote.server_time import ServerTime
from signald.model.time import NS_PER_MS, Nanos
from signald.runtime.clock import Clock

REFUSALS: Final = ("malformed", "version", "layout", "fenced", "repeated", "too_many")
"""Why a message is not believed. ``fenced``: of a writer that another has replaced; ``too_many``: of one beyond
:data:`MOST_WRITERS`."""
MOST_WRITERS: Final = 32
"""Processes of one host: a configuration that wants more is refused on both hosts."""
FORGOTTEN_AFTER_NS: Final = 5_000 * NS_PER_MS
"""Silence, of all or of one writer, after which whoever speaks next in that place is believed, whatever his number.

A fail-over may have lost the last one, and the next server's clock may be behind.
"""

_OURS: Final = (TS_INGEST, TS_TOUCH, TS_DEPTH)


class _Writer:
    """One process there."""

    def __init__(self, head: Head) -> None:
        self.run = head.run
        self.sequence = head.sequence - 1
        self.places: set[int] = set()
        self.last: Nanos = 0
        self.is_silent = False


class Arrivals:
    """The rows of one host.

    Attributes:
        messages: Those that were believed.
        missed: Messages that never came.
        gaps: Times that messages were missing.
        refused: Messages that were not believed, by reason.
        late: Messages whose way took too long.
        doubted: Times that a live row was flagged here.
        transit: How long the last message was on its way, ns.
        error: By how much that may be wrong, ns.
    """

    def __init__(
        self,
        board: Board,
        numbers: Sequence[int],
        *,
        server_time: ServerTime,
        clock: Clock,
        late_after_ns: Nanos,
        silent_after_ns: Nanos,
        tally: BookTally | None = None,
    ) -> None:
        """Believe nothing yet.

        Args:
            board: Ours; the host's rows stand on it at ``numbers``, in the host's order.
            numbers: See there.
            server_time: What the server on which the messages come says of the time.
            clock: Our own.
            late_after_ns: A way longer than that makes rows doubtful.
            silent_after_ns: So does a silence longer than that.
            tally: Where it is counted how often each book was lost and found.
        """
        self._board = board
        self._numbers = tuple(numbers)
        self._names = [board.instruments[number] for number in numbers]
        self._layout = layout_of(self._names, board.slippage_usd)
        self._time = server_time
        self._clock = clock
        self._late_after = late_after_ns
        self._silent_after = silent_after_ns
        self._tally = tally
        self._carried = [b""] * len(numbers)
        self._rows = np.zeros((len(numbers), ROW_WORDS), dtype=np.int64)
        self._doubtful = [False] * len(numbers)
        self._writers: dict[int, _Writer] = {}
        self._epoch = 0
        self._last: Nanos = 0
        self.messages = self.missed = self.gaps = self.late = self.doubted = 0
        self.refused: Counter[str] = Counter(dict.fromkeys(REFUSALS, 0))
        self.transit: Nanos = 0
        self.error: Nanos = 0

    @property
    def last(self) -> Nanos:
        """When the last believed message came, monotonic; 0: none did."""
        return self._last

    def take(self, message: bytes) -> None:
        """Believe a message, or count why not."""
        arrived = self._clock.monotonic()
        image = Image.read(message, layout=self._layout, most=len(self._numbers))
        if isinstance(image, str):
            self.refused[image] += 1
            return
        head = image.head
        writer = self._writer(head, arrived)
        if writer is None:
            return
        writer.last = self._last = arrived
        writer.is_silent = False
        self.messages += 1
        places = image.numbers
        self._follow_sequence(writer, head, places)
        writer.places.update(places)
        way = arrived + self._time.offset - head.sent - head.server_offset
        self.transit, self.error = max(way, 0), self._time.error + head.offset_error
        is_late = self.transit > self._late_after
        self.late += is_late
        shift = self._clock.now() - self.transit - head.sent_wall
        for place, row, raw in zip(places, image.rows, image.raw, strict=True):
            if self._carried[place] != raw:
                self._renew(place, row, shift=shift)
                self._carried[place] = raw
            elif self._doubtful[place] == is_late:
                continue  # the same row again is as old as it was
            self._write(place, int(row[FLAGS]), doubtful=is_late)

    def look(self) -> None:
        """Doubt what has been silent for too long; to be called several times in that time."""
        now = self._clock.monotonic()
        for writer in self._writers.values():
            if not writer.is_silent and now - writer.last > self._silent_after:
                writer.is_silent = True
                self._doubt(writer.places)

    def is_silent(self) -> bool:
        """Whether one of those who spoke does not speak any more, or none ever did."""
        return not self._writers or any(writer.is_silent for writer in self._writers.values())

    def _writer(self, head: Head, arrived: Nanos) -> _Writer | None:
        """Who sent it, if he may; a message of a later lease, or of a later run, ends what was before it."""
        if arrived - self._last > FORGOTTEN_AFTER_NS:
            self._writers.clear()
            self._epoch = 0
        if head.epoch < self._epoch or head.writer >= MOST_WRITERS:
            self.refused["fenced" if head.epoch < self._epoch else "too_many"] += 1
            return None
        if head.epoch > self._epoch:
            self._doubt(set(range(len(self._numbers))) if self._epoch else set())
            self._writers.clear()
            self._epoch = head.epoch
        writer = self._writers.get(head.writer)
        if writer is not None and head.run < writer.run and arrived - writer.last <= FORGOTTEN_AFTER_NS:
            self.refused["fenced"] += 1
            return None
        if writer is None or head.run != writer.run:
            if writer is not None:
                self._doubt(writer.places)
            writer = self._writers[head.writer] = _Writer(head)
        if head.sequence <= writer.sequence:
            self.refused["repeated"] += 1
            return None
        return writer

    def _follow_sequence(self, writer: _Writer, head: Head, places: Sequence[int]) -> None:
        missing = head.sequence - writer.sequence - 1
        writer.sequence = head.sequence
        if missing:
            self.gaps += 1
            self.missed += missing
            self._doubt(writer.places.difference(places))

    def _doubt(self, places: set[int]) -> None:
        for place in sorted(places):
            if self._carried[place] and not self._doubtful[place]:
                self._write(place, int(self._rows[place, FLAGS]), doubtful=True)

    def _renew(self, place: int, row: WordArray, *, shift: Nanos) -> None:
        """Take a row's words, its times by our clock."""
        ours = self._rows[place]
        self._count(place, int(ours[STATE]), int(row[STATE]))
        ours[:ROW_USED] = row
        now = self._clock.now()
        for word in _OURS:
            there = int(row[word])
            if there:
                ours[word] = min(there + shift, now)

    def _write(self, place: int, flags: int, *, doubtful: bool) -> None:
        """Put a row on the board."""
        ours = self._rows[place]
        ours[FLAGS] = flags | FLAG_STALE if doubtful else flags
        self.doubted += doubtful and not self._doubtful[place] and int(ours[STATE]) == STATE_LIVE
        self._doubtful[place] = doubtful
        publish(self._board.writer_row(self._numbers[place]), ours)

    def _count(self, place: int, before: int, now: int) -> None:
        if self._tally is None or (before == STATE_LIVE) == (now == STATE_LIVE):
            return
        if now == STATE_LIVE:
            self._tally.found(self._names[place])
        else:
            self._tally.lost(self._names[place])
