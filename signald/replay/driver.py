"""Journal → pipeline → outputs: runs records again, and makes those that a recording does not have.

A journal of mode ``live`` holds the ticks and the board rows of its run. They are fed as they stand, so its documents
come out to the byte, whatever the books rebuilt from its frames look like.

A journal of mode ``import`` holds only what came from outside. For it the driver makes a TICK for every deadline at its
own due time, before the next record, and before each calendar message and each engine's tick the ROWS of the board as
the frames have built it so far.

Journals laid over one another are merged by ``ts_ingest``. If all are live they are parts of one run and nothing is
made. If one is an import, ticks are made for all; a message of a live journal sees the rows that stand right before it
in that journal, a message of an import the rows of the board: what the books were when it was laid over them.

Each later session of a live journal is a restart: the pipeline is built anew and is fed, as it was then, what its
engine had seen before.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeAlias

from signald.errors import ConfigError
from signald.journal.reader import merge_placed, read
from signald.journal.session import Session, read_session
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import Nanos
from signald.pipeline import NOTHING, REMEMBERED_NS, Fed, Pipeline, is_remembered

BuildPipeline: TypeAlias = Callable[[], Pipeline]

_OUTPUTS = frozenset({RecordKind.SIGNAL, RecordKind.NOTICE})
_WHERE = "venues"  # the section of the configuration that does not fit the journals
_NOT_THERE = Session(mode="live")  # the beginning of the journal was thrown away


class Replayed(NamedTuple):
    """One record that was fed, and what followed."""

    record: Record
    fed: Fed


def sessions(paths: Iterable[Path]) -> tuple[Session, ...]:
    """The first session of each journal; raises ``JournalError`` if one cannot be read."""
    return tuple(first_session(read(path))[0] for path in paths)


def replay(
    paths: Sequence[Path], build: BuildPipeline, *, from_ts: Nanos | None = None, to_ts: Nanos | None = None
) -> Iterator[Replayed]:
    """Run journals again.

    Args:
        paths: Journals or segments; of records of one time, those of the first come first.
        build: Makes the pipeline of a run; called again where a live journal says that its run began again.
        from_ts: What was ingested before is fed, since books and windows rest on it, but not given back.
        to_ts: Stop before what was ingested at this time or after; deadlines before it still fire.

    Raises:
        JournalError: A journal cannot be read.
        ConfigError: The pipeline is not for what is in the journals: a channel or an instrument is missing.
    """
    opened = [first_session(read(path, to_ts=to_ts)) for path in paths]
    driver = Driver([session for session, _ in opened], build)
    for _, place, record in merge_placed(records for _, records in opened):
        for replayed in driver.feed(record, place):
            if from_ts is None or replayed.record.ts_ingest >= from_ts:
                yield replayed
    if to_ts is not None:
        yield from driver.advance(to_ts - 1)


def signals(replayed: Iterable[Replayed]) -> Iterator[Signal]:
    """The documents among what was replayed, in order."""
    for _, fed in replayed:
        for output in fed.outputs:
            if isinstance(output, Signal):
                yield output


class Driver:
    """Feeds one pipeline from several journals, record by record in order of time.

    Attributes:
        pipeline: The one being fed; another one after a restart.
    """

    def __init__(self, sessions: Sequence[Session], build: BuildPipeline) -> None:
        """Begin a replay of journals with these sessions, in the order that ``place`` counts."""
        self._sessions = list(sessions)
        self._began = [False] * len(self._sessions)
        self._build = build
        self._derives = any(session.mode == "import" for session in self._sessions)
        self._remembered: deque[Record] = deque()
        self._start()

    def feed(self, record: Record, place: int) -> Iterator[Replayed]:
        """Feed a record of the journal at ``place``, first what has to be made before it; recorded outputs are left."""
        kind = record.kind
        if kind in _OUTPUTS:
            return
        if self._derives:
            yield from self.advance(record.ts_ingest)
            if kind is RecordKind.MESSAGE and self._sessions[place].mode == "import":
                self._show_board(record.ts_ingest)
        if kind is RecordKind.SESSION:
            self._restart(record, place)
        elif kind is RecordKind.FRAME and record.channel not in self.pipeline.venues:
            raise ConfigError(_WHERE, f"the journal has frames of {record.channel!r}, which is not configured")
        if is_remembered(record):
            self._remember(record)
        yield Replayed(record, self._feed(record))

    def advance(self, now: Nanos) -> Iterator[Replayed]:
        """Fire what is due up to ``now``, each deadline at its own time, where the journals do not have the ticks."""
        while self._derives and (due := self._next_due()) is not None and due[0] <= now:
            ts, channel = due
            if not channel:
                self._show_board(ts)
            tick = Record(RecordKind.TICK, ts, "", channel, b"")
            yield Replayed(tick, self._feed(tick))
            if self._due.get(channel) == ts:  # nothing moved: it will not by asking again
                self._due[channel] = None

    def _feed(self, record: Record) -> Fed:
        pipeline = self.pipeline
        fed = pipeline.feed(record)
        if self._derives:
            channel = record.key if record.kind is RecordKind.TICK else record.channel
            if channel in pipeline.venues:
                self._due[channel] = pipeline.next_deadline(channel)
            if fed is not NOTHING:
                self._due[""] = pipeline.next_deadline()
        return fed

    def _next_due(self) -> tuple[Nanos, str] | None:
        """The earliest deadline; of equal ones a venue's before the engine's, so that its rows are up to date."""
        earliest: tuple[Nanos, str] | None = None
        for channel, ts in self._due.items():
            if ts is not None and (earliest is None or ts < earliest[0]):
                earliest = ts, channel
        return earliest

    def _show_board(self, now: Nanos) -> None:
        self.pipeline.feed(Record(RecordKind.ROWS, now, "", "", self.pipeline.board.read().tobytes()))

    def _start(self) -> None:
        self.pipeline = self._build()
        self._due: dict[str, Nanos | None] = dict.fromkeys((*self.pipeline.venues, ""))
        have = self.pipeline.board.instruments
        for session in self._sessions:
            missing = [each for each in session.instruments if each not in have]
            if missing:
                raise ConfigError(_WHERE, f"the journal has {missing[0]!r}, which is not configured")
            if session.mode == "live" and session.instruments and session.instruments != have:
                raise ConfigError(_WHERE, f"the journal's rows are of {session.instruments}, not of {have}")

    def _restart(self, record: Record, place: int) -> None:
        """Build the pipeline anew at every session of a live journal but its first."""
        if self._began[place] and self._sessions[place].mode == "live":
            session = self._sessions[place] = read_session(record)
            self._start()
            for remembered in self._remembered:
                if session.recovered_from is not None and remembered.ts_ingest >= session.recovered_from:
                    self._feed(remembered)
        self._began[place] = True

    def _remember(self, record: Record) -> None:
        """Keep what a restart would read."""
        remembered = self._remembered
        remembered.append(record)
        while remembered[0].ts_ingest < record.ts_ingest - REMEMBERED_NS:
            remembered.popleft()


def first_session(records: Iterator[Record]) -> tuple[Session, Iterator[Record]]:
    """The session that a journal begins with, and all its records still."""
    first = list(islice(records, 1))
    session = _NOT_THERE
    if first and first[0].kind is RecordKind.SESSION:
        session = read_session(first[0])
    return session, chain(first, records)
