"""Feeds one pipeline: records, frames in strides, and the ticks and board rows that a recording does not have."""

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.ticks import QUIET_NS
from signald.errors import ConfigError
from signald.model.notices import ModelLearnt
from signald.model.parameters import Parameters
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.pipeline import NOTHING, Fed, Pipeline
from signald.sources.frames import Frames
from signald.sources.protocol import Among
from signald.sources.succession import SPARE

WHERE = "venues"
"""The section of the configuration that does not fit the journals."""


class Replayed(NamedTuple):
    """Records that were fed, and what followed.

    Attributes:
        record: The last of them.
        fed: What followed from it; nothing did from those before.
        records: How many they are: frames that only change books are fed many at a time, and ticks among them.
    """

    record: Record
    fed: Fed
    records: int = 1


_Followed: TypeAlias = tuple[tuple[int, int], Replayed]
"""What followed, by its place among the frames; a tick comes before the frame of its place."""


class Feeding:
    """One pipeline, and when what is due on it.

    Args:
        pipeline: It.
        derives: Whether ticks have to be made: the journals do not have them.
        before: What was fed before a restart; ``None``: nothing was.

    Attributes:
        pipeline: As given.
        heard: When the last frame or answer of a venue came.
        learnt: The models that were learnt, by id, those from before a restart too.
    """

    def __init__(self, pipeline: Pipeline, *, derives: bool, before: "Feeding | None" = None) -> None:
        self.pipeline = pipeline
        self.heard: Nanos = before.heard if before else 0
        self.learnt: dict[str, Parameters] = before.learnt if before else {}
        self._derives = derives
        self._due: dict[str, Nanos | None] = dict.fromkeys((*pipeline.venues, ""))

    def feed(self, record: Record) -> Fed:
        """Feed one record, before which all that was due has been made."""
        if record.kind is RecordKind.FRAME:
            self._require(record.channel)
        if record.channel in self.pipeline.venues:
            self.heard = record.ts_ingest
        return self._feed(record)

    def feed_frames(self, frames: Frames) -> Iterator[Replayed]:
        """Feed frames that lie one behind the other: the same as one by one, in compiled strides.

        Between two deadlines of the engine it sees no book, so that each connection may take its frames by itself;
        what follows from them is given back in their order. But where ticks are made, and those of one connection may
        look at another's rows, these must be of that time; and where one connection succeeds another, both count.
        """
        numbers = _connections(frames)
        channels = [frames.channels[number] for number in numbers]
        for channel in channels:
            self._require(channel)
        apart = {channel.removesuffix(SPARE) for channel in channels}
        if len(apart) < len(channels) or (self._derives and len(apart | self._awaited()) > 1):
            yield from self._feed_each(frames)
            return
        first, times = 0, Times(frames.times)
        while first < len(frames.rows):
            yield from self.advance(times[first])
            last = times.place_of(first, len(frames.rows), self._due[""])
            some = numbers if len(numbers) == 1 else _connections(frames.between(first, last))
            followed = [each for number in some for each in self._feed_connection(frames, times, number, first, last)]
            for _, replayed in sorted(followed, key=itemgetter(0)):
                yield replayed
            self.heard = times[last - 1]
            first = last

    def advance(self, now: Nanos) -> Iterator[Replayed]:
        """Fire what is due up to ``now``, each deadline at its own time, where the journals do not have the ticks.

        What is due since time 0 waited to be told the time: it is due now, as it is for a run that begins.
        """
        while self._derives and (due := self._next_due()) is not None and due[0] <= now:
            ts, channel = due[0] or now, due[1]
            if channel and self.heard + QUIET_NS < ts < now:
                self._due[channel] = now
                continue
            if not channel:
                self.show_board(ts)
            yield self._tick(ts, channel)

    def show_board(self, now: Nanos) -> None:
        """Let the engine see the rows as the frames have built them so far."""
        self.pipeline.feed(Record(RecordKind.ROWS, now, "", "", self.pipeline.board.read().tobytes()))

    def _feed_each(self, frames: Frames) -> Iterator[Replayed]:
        for number in range(len(frames.rows)):
            record = frames.record(number)
            yield from self.advance(record.ts_ingest)
            yield Replayed(record, self.feed(record))

    def _feed_connection(
        self, frames: Frames, times: "Times", number: int, first: int, last: int
    ) -> Iterator[_Followed]:
        """Feed the frames of one connection, and what is due on it in between."""
        channel = frames.channels[number]
        begin = quiet = first
        while first < last:
            due = self._due[channel]
            until = times.place_of(first, last, due)
            heard = times[first - 1] if first > begin else self.heard
            if until == first and due is not None:
                replayed = self._tick(due if due <= heard + QUIET_NS else times[first], channel)
                if replayed.fed is not NOTHING:
                    yield from _stretch(frames, number, quiet, first, NOTHING)
                    quiet = first
                yield (first, 0), replayed
                continue
            among = Among(heard, last) if until < last else None
            taken, fed = self.pipeline.feed_frames(frames, number, first, until, among)
            self._plan(channel, fed)
            first = taken.place
            if taken.ticks:
                ticked = Record(RecordKind.TICK, taken.ticked, "", channel, b"")
                yield (first, 0), Replayed(ticked, NOTHING, taken.ticks)
            if fed is not NOTHING:
                yield from _stretch(frames, number, quiet, first, fed)
                quiet = first
        yield from _stretch(frames, number, quiet, last, NOTHING)

    def _tick(self, ts: Nanos, channel: str) -> Replayed:
        tick = Record(RecordKind.TICK, ts, "", channel, b"")
        fed = self._feed(tick)
        if self._due.get(channel) in {0, ts}:  # nothing moved: it will not by asking again
            self._due[channel] = None
        return Replayed(tick, fed)

    def _feed(self, record: Record) -> Fed:
        fed = self.pipeline.feed(record)
        if fed is not NOTHING and any(isinstance(output, ModelLearnt) for output in fed.outputs):
            self.learnt[self.pipeline.engine.parameters.id] = self.pipeline.engine.parameters
        self._plan(record.key if record.kind is RecordKind.TICK else record.channel, fed)
        return fed

    def _plan(self, channel: str, fed: Fed) -> None:
        """Look again when something is due, after ``channel`` was fed."""
        if self._derives:
            if channel in self.pipeline.venues:
                self._due[channel] = self.pipeline.next_deadline(channel)
            if fed is not NOTHING:
                self._due[""] = self.pipeline.next_deadline()

    def _require(self, channel: str) -> None:
        if channel not in self.pipeline.venues:
            raise ConfigError(WHERE, f"the journal has frames of {channel!r}, which is not configured")

    def _awaited(self) -> set[str]:
        """The venues that have something due."""
        return {channel.removesuffix(SPARE) for channel, ts in self._due.items() if channel and ts is not None}

    def _next_due(self) -> tuple[Nanos, str] | None:
        """The earliest deadline; of equal ones a venue's before the engine's, so that its rows are up to date."""
        earliest: tuple[Nanos, str] | None = None
        for channel, ts in self._due.items():
            if ts is not None and (earliest is None or ts < earliest[0]):
                earliest = ts, channel
        return earliest


class Times:
    """When frames were ingested, to be searched: they seldom fall, but where a clock was set back they do."""

    def __init__(self, times: NDArray[np.int64]) -> None:
        self._times = np.ascontiguousarray(times)
        self._each = self._times.data  # a view gives plain integers, and is searched without a copy
        self._rise = bool((self._times[1:] >= self._times[:-1]).all())

    def __getitem__(self, place: int) -> Nanos:
        return self._each[place]

    def place_of(self, first: int, last: int, due: Nanos | None) -> int:
        """The first place from ``first`` up to ``last`` whose time is not before ``due``; ``last`` if there is none."""
        if due is None:
            return last
        if self._rise:
            return bisect_left(self._each, due, first, last)
        late = self._times[first:last] >= due
        return first + int(late.argmax()) if late.any() else last


def _stretch(frames: Frames, number: int, first: int, last: int, fed: Fed) -> Iterator[_Followed]:
    """The frames of one connection from ``first`` up to ``last``, of which something may follow from the last."""
    if len(frames.channels) == 1:
        place, count = last - 1, last - first
    else:
        ours = np.flatnonzero(frames.numbers[first:last] == number)
        place, count = first + int(ours[-1]) if len(ours) else first, len(ours)
    if count > 0:
        yield (place, 1), Replayed(frames.record(place), fed, count)


def _connections(frames: Frames) -> list[int]:
    return np.flatnonzero(np.bincount(frames.numbers)).tolist()
