"""Journal → pipeline → outputs: runs records again, and makes those that a recording does not have.

A journal of mode ``live`` holds the ticks and the board rows of its run. They are fed as they stand, so its documents
come out to the byte, whatever the books rebuilt from its frames look like.

A journal of mode ``import`` holds only what came from outside. For it the driver makes a TICK for every deadline at its
own due time, before the next record, and before each calendar message and each engine's tick the ROWS of the board as
the frames have built it so far.

Journals laid over one another are merged by ``ts_ingest``. If all are live they are parts of one run and nothing is
made. If one is an import, ticks are made for all; a message of a live journal sees the rows that stand right before it
in that journal, a message of an import the rows of the board: what the books were when it was laid over them.

Each later session of a live journal is a restart: the pipeline is built anew, by the rules and for the instruments that
the session names, and is fed, as it was then, what its engine had seen before. Where feed workers kept the books, a
journal of mode ``feed`` of each has its frames: the engine begins anew without the books, and a worker's books begin
anew with each later session of its journal. A worker may be ahead of the run it belongs to: what it has of books that
the run before had not waits for the session that has them.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from signald.errors import ConfigError
from signald.journal.models import is_learnt_from
from signald.journal.pieces import Piece, merge_pieces, read_pieces
from signald.journal.reader import read
from signald.journal.rows import as_ours
from signald.journal.session import Session, read_session
from signald.model.instruments import InstrumentId
from signald.model.notices import ModelLearnt
from signald.model.parameters import Parameters
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.pipeline import NOTHING, REMEMBERED_NS, Fed, Pipeline, is_remembered
from signald.sources.frames import Frames
from signald.sources.succession import SPARE

BuildPipeline: TypeAlias = Callable[[], Pipeline]
RebuildPipeline: TypeAlias = Callable[[Sequence[Session]], Pipeline]
"""Makes the pipeline of a run that began with other rules or instruments than the first; told all but workers'."""
FindModel: TypeAlias = Callable[[str], Parameters | None]
"""A model that a run had learnt, by id; ``None``: not on record."""
P = TypeVar("P", bound=Piece)

_OUTPUTS = frozenset({RecordKind.SIGNAL, RecordKind.NOTICE})
_QUIET_NS = 20 * NS_PER_S
"""After so long without any frame a venue's ticks change nothing: the next one counts that is right before a frame."""
_WHERE = "venues"  # the section of the configuration that does not fit the journals
_NOT_THERE = Session(mode="live")  # the beginning of the journal was thrown away


class Replayed(NamedTuple):
    """Records that were fed, and what followed.

    Attributes:
        record: The last of them.
        fed: What followed from it; nothing did from those before.
        records: How many they are: frames that only change books are fed many at a time.
    """

    record: Record
    fed: Fed
    records: int = 1


def sessions(paths: Iterable[Path]) -> tuple[Session, ...]:
    """The first session of each journal; raises ``JournalError`` if one cannot be read."""
    return tuple(first_session(read(path))[0] for path in paths)


def replay(
    paths: Sequence[Path],
    build: BuildPipeline,
    *,
    find_model: FindModel = lambda _: None,
    rebuild: RebuildPipeline | None = None,
    from_ts: Nanos | None = None,
    to_ts: Nanos | None = None,
) -> Iterator[Replayed]:
    """Run journals again.

    Args:
        paths: Journals or segments; of records of one time, those of the first come first.
        build: Makes the pipeline of a run; called again where a live journal says that its run began again.
        find_model: Finds what a run began with that had been learnt from the pipeline's model before.
        rebuild: Makes that of a later run that had other rules or instruments; ``None``: ``build`` does.
        from_ts: What was ingested before is fed, since books and windows rest on it, but not given back.
        to_ts: Stop before what was ingested at this time or after; deadlines before it still fire.

    Raises:
        JournalError: A journal cannot be read.
        ConfigError: The pipeline is not for what is in the journals: a channel or an instrument is missing.
    """
    opened = [first_session(read_pieces(path, to_ts=to_ts)) for path in paths]
    driver = Driver([session for session, _ in opened], build, find_model=find_model, rebuild=rebuild)
    for place, piece in merge_pieces(pieces for _, pieces in opened):
        for replayed in driver.feed_piece(piece, place):
            if from_ts is None or replayed.record.ts_ingest >= from_ts:
                yield replayed
    if to_ts is not None:
        yield from driver.advance(to_ts - 1)


def signals(replayed: Iterable[Replayed]) -> Iterator[Signal]:
    """The documents among what was replayed, in order."""
    for each in replayed:
        for output in each.fed.outputs:
            if isinstance(output, Signal):
                yield output


_Followed: TypeAlias = tuple[tuple[int, int], Replayed]
"""What followed, by its place among the frames; a tick comes before the frame of its place."""


class Driver:
    """Feeds one pipeline from several journals, record by record in order of time.

    Attributes:
        pipeline: The one being fed; another one after a restart.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        build: BuildPipeline,
        *,
        find_model: FindModel = lambda _: None,
        rebuild: RebuildPipeline | None = None,
    ) -> None:
        """Begin a replay of journals with these sessions, in the order that ``place`` counts."""
        self._sessions = list(sessions)
        self._began = [False] * len(self._sessions)
        self._first = next((one for one in sessions if one.mode == "live"), None)
        self._is_later = False
        self._ahead: list[tuple[Piece, int]] = []
        self._build = build
        self._rebuild = rebuild
        self._find_model = find_model
        self._learnt: dict[str, Parameters] = {}
        self._derives = any(session.mode == "import" for session in self._sessions)
        self._remembered: deque[tuple[Record, tuple[InstrumentId, ...]]] = deque()
        self._heard: Nanos = 0
        self._start(self._first, [one for one in sessions if one.mode != "feed" or rebuild is None])

    def feed_piece(self, piece: Piece, place: int) -> Iterator[Replayed]:
        """Feed a piece of the journal at ``place``."""
        return self.feed(piece, place) if isinstance(piece, Record) else self.feed_frames(piece, place)

    def feed(self, record: Record, place: int) -> Iterator[Replayed]:
        """Feed a record of the journal at ``place``, first what has to be made before it; recorded outputs are left."""
        kind = record.kind
        if kind in _OUTPUTS or ((self._ahead or kind is RecordKind.SESSION) and self._waits(record, place)):
            return
        if self._derives:
            yield from self.advance(record.ts_ingest)
            if kind is RecordKind.MESSAGE and self._sessions[place].mode == "import":
                self._show_board(record.ts_ingest)
        if kind is RecordKind.SESSION:
            self._restart(record, place)
        elif kind is RecordKind.FRAME:
            self._require(record.channel)
        if is_remembered(record):
            self._remember(record, place)
        if record.channel in self.pipeline.venues:
            self._heard = record.ts_ingest
        yield Replayed(record, self._feed(record))
        if self._ahead and kind is RecordKind.SESSION and record.key == "live":
            ahead, self._ahead = self._ahead, []
            for piece, whence in ahead:
                yield from self.feed_piece(piece, whence)

    def feed_frames(self, frames: Frames, place: int) -> Iterator[Replayed]:
        """Feed frames that lie one behind the other: the same as one by one, in compiled strides.

        Between two deadlines of the engine it sees no book, so that each connection may take its frames by itself;
        what follows from them is given back in their order. Only where one connection succeeds another do both count.
        """
        if self._ahead and self._waits(frames, place):
            return
        numbers = _connections(frames)
        channels = [frames.channels[number] for number in numbers]
        for channel in channels:
            self._require(channel)
        if len({channel.removesuffix(SPARE) for channel in channels}) < len(channels):
            for number in range(len(frames.rows)):
                yield from self.feed(frames.record(number), place)
            return
        first, times = 0, Times(frames.times)
        while first < len(frames.rows):
            yield from self.advance(times[first])
            last = times.place_of(first, len(frames.rows), self._due[""])
            some = numbers if len(numbers) == 1 else _connections(frames.between(first, last))
            followed = [each for number in some for each in self._feed_connection(frames, times, number, first, last)]
            for _, replayed in sorted(followed, key=itemgetter(0)):
                yield replayed
            self._heard = times[last - 1]
            first = last

    def _feed_connection(
        self, frames: Frames, times: "Times", number: int, first: int, last: int
    ) -> Iterator[_Followed]:
        """Feed the frames of one connection, and what is due on it in between."""
        channel = frames.channels[number]
        begin = quiet = first
        while first < last:
            due = self._due[channel]
            until = times.place_of(first, last, due)
            if until == first and due is not None:
                heard = times[first - 1] if first > begin else self._heard
                ticked = self._tick(due if due <= heard + _QUIET_NS else times[first], channel)
                if ticked.fed is not NOTHING:
                    yield from _stretch(frames, number, quiet, first, NOTHING)
                    quiet = first
                yield (first, 0), ticked
                continue
            first, fed = self.pipeline.feed_frames(frames, number, first, until)
            self._plan(channel, fed)
            if fed is not NOTHING:
                yield from _stretch(frames, number, quiet, first, fed)
                quiet = first
        yield from _stretch(frames, number, quiet, last, NOTHING)

    def advance(self, now: Nanos) -> Iterator[Replayed]:
        """Fire what is due up to ``now``, each deadline at its own time, where the journals do not have the ticks.

        What is due since time 0 waited to be told the time: it is due now, as it is for a run that begins.
        """
        while self._derives and (due := self._next_due()) is not None and due[0] <= now:
            ts, channel = due[0] or now, due[1]
            if channel and self._heard + _QUIET_NS < ts < now:
                self._due[channel] = now
                continue
            if not channel:
                self._show_board(ts)
            yield self._tick(ts, channel)

    def _tick(self, ts: Nanos, channel: str) -> Replayed:
        tick = Record(RecordKind.TICK, ts, "", channel, b"")
        fed = self._feed(tick)
        if self._due.get(channel) in {0, ts}:  # nothing moved: it will not by asking again
            self._due[channel] = None
        return Replayed(tick, fed)

    def _feed(self, record: Record) -> Fed:
        fed = self.pipeline.feed(record)
        if fed is not NOTHING and any(isinstance(output, ModelLearnt) for output in fed.outputs):
            self._learnt[self.pipeline.engine.parameters.id] = self.pipeline.engine.parameters
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
            raise ConfigError(_WHERE, f"the journal has frames of {channel!r}, which is not configured")

    def _next_due(self) -> tuple[Nanos, str] | None:
        """The earliest deadline; of equal ones a venue's before the engine's, so that its rows are up to date."""
        earliest: tuple[Nanos, str] | None = None
        for channel, ts in self._due.items():
            if ts is not None and (earliest is None or ts < earliest[0]):
                earliest = ts, channel
        return earliest

    def _show_board(self, now: Nanos) -> None:
        self.pipeline.feed(Record(RecordKind.ROWS, now, "", "", self.pipeline.board.read().tobytes()))

    def _start(self, session: Session | None, begun: Sequence[Session]) -> None:
        """Begin with the pipeline of this run, and what it had learnt; ``begun`` are the sessions that it must suit."""
        differs = session is not None and self._first is not None and _shape(session) != _shape(self._first)
        others = [one for one in self._sessions if one.mode != "feed"]
        self.pipeline = self._rebuild(others) if differs and self._rebuild is not None else self._build()
        model_id = "" if session is None else session.model_id
        root = self.pipeline.engine.parameters.id
        learnt = None if model_id in {"", root} else self._learnt.get(model_id) or self._find_model(model_id)
        if learnt is not None and is_learnt_from(learnt, root):
            self.pipeline.engine.adopt(learnt)
        self._due: dict[str, Nanos | None] = dict.fromkeys((*self.pipeline.venues, ""))
        have = self.pipeline.board.instruments
        for each in begun:
            missing = [name for name in each.instruments if name not in have]
            if missing:
                raise ConfigError(_WHERE, f"the journal has {missing[0]!r}, which is not configured")
            if each.mode == "live" and each.instruments and each.instruments != have:
                raise ConfigError(_WHERE, f"the journal's rows are of {each.instruments}, not of {have}")

    def _restart(self, record: Record, place: int) -> None:
        """Build anew, at every session of a journal of a run but its first, what began anew then."""
        mode = self._sessions[place].mode
        if mode == "feed" and (self._began[place] or self._is_later):
            self._sessions[place] = read_session(record)
            self.pipeline.renew(self._sessions[place].channels)
        elif self._began[place] and mode == "live":
            session, before = read_session(record), self.pipeline
            self._sessions[place], self._is_later = session, True
            self._start(session, [session])
            has_workers = any(other.mode == "feed" for other in self._sessions)
            if has_workers and _keeps_the_same(before, self.pipeline):
                self.pipeline.take_over_books(before)
            for remembered, theirs in self._remembered:
                if session.recovered_from is not None and remembered.ts_ingest >= session.recovered_from:
                    self._feed(as_ours(remembered, theirs, self.pipeline.board.instruments))
        self._began[place] = True

    def _remember(self, record: Record, place: int) -> None:
        """Keep what a restart would read."""
        remembered = self._remembered
        remembered.append((record, self._sessions[place].instruments))
        while remembered[0][0].ts_ingest < record.ts_ingest - REMEMBERED_NS:
            remembered.popleft()

    def _waits(self, piece: Piece, place: int) -> bool:
        """Whether this is a worker's that is ahead of its run."""
        if isinstance(piece, Record) and piece.kind is RecordKind.SESSION:
            self._ahead = [each for each in self._ahead if each[1] != place]
            if self._rebuild is None or piece.key != "feed" or self._has_books_of(read_session(piece)):
                return False
        elif not any(whence == place for _, whence in self._ahead):
            return False
        kept = (
            piece if isinstance(piece, Record) else piece.copied(0, len(piece.rows))
        )  # a reader's memory is used again
        self._ahead.append((kept, place))
        return True

    def _has_books_of(self, session: Session) -> bool:
        have = self.pipeline
        return set(session.instruments) <= set(have.board.instruments) and session.channels.keys() <= have.venues.keys()


def _shape(session: Session) -> tuple[object, ...]:
    """What a run's pipeline is made by."""
    return session.rules, session.instruments, session.channels


def _keeps_the_same(before: Pipeline, after: Pipeline) -> bool:
    return before.board.instruments == after.board.instruments and before.venues.keys() == after.venues.keys()


def first_session(pieces: Iterator[P]) -> tuple[Session, Iterator[P]]:
    """The session that a journal begins with, and all its records or pieces still."""
    first = list(islice(pieces, 1))
    session = _NOT_THERE
    if first and isinstance(first[0], Record) and first[0].kind is RecordKind.SESSION:
        session = read_session(first[0])
    return session, chain(first, pieces)


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
