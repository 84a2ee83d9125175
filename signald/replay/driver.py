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
the session names, and is fed, as it was then, what its engine had seen before; what the run before was cut off from
saying, follows from the session, in the words of that engine. Where feed workers kept the books, a
journal of mode ``feed`` of each has its frames: the engine begins anew without the books, and a worker's books begin
anew with each later session of its journal. A worker may be ahead of the run it belongs to: what it has of books that
the run before had not waits for the session that has them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias, TypeVar

from signald.errors import ConfigError
from signald.journal.models import is_learnt_from
from signald.journal.parts import FEED
from signald.journal.pieces import Piece, merge_pieces, read_pieces
from signald.journal.reader import read
from signald.journal.rows import as_ours
from signald.journal.session import Session, read_session
from signald.journal.unsaid import Tail
from signald.model.instruments import InstrumentId
from signald.model.parameters import Parameters
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import Nanos
from signald.pipeline import NOTHING, REMEMBERED_NS, Fed, Pipeline, is_remembered
from signald.replay.ahead import Ahead
from signald.replay.feeding import WHERE, Feeding, Replayed
from signald.replay.held import Held
from signald.sources.frames import Frames
from signald.sources.protocol import EMPTY

BuildPipeline: TypeAlias = Callable[[], Pipeline]
RebuildPipeline: TypeAlias = Callable[[Sequence[Session]], Pipeline]
"""Makes the pipeline of a run that began with other rules or instruments than the first; told all but workers'."""
FindModel: TypeAlias = Callable[[str], Parameters | None]
"""A model that a run had learnt, by id; ``None``: not on record."""
P = TypeVar("P", bound=Piece)

_OUTPUTS = frozenset({RecordKind.SIGNAL, RecordKind.NOTICE})


def sessions(paths: Iterable[Path]) -> tuple[Session, ...]:
    """The first session of each journal; raises ``JournalError`` if one cannot be read."""
    return tuple(first_session(read(path), path)[0] for path in paths)


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
    opened = [first_session(read_pieces(path, to_ts=to_ts), path) for path in paths]
    begun = [session for session, _ in opened]
    driver = Driver(begun, build, find_model=find_model, rebuild=rebuild)
    held = Held([session.mode == "live" for session in begun])
    passed = (
        held.pass_on(driver.feed_piece(piece, place), piece, place)
        for place, piece in merge_pieces(held.until_over(pieces, place) for place, (_, pieces) in enumerate(opened))
    )
    for replayed in chain(chain.from_iterable(passed), held.rest()):
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


class Driver:
    """Feeds one pipeline from several journals, record by record in order of time."""

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
        self._ahead = Ahead()
        self._tail = Tail()
        self._build = build
        self._rebuild = rebuild
        self._find_model = find_model
        self._derives = any(session.mode == "import" for session in self._sessions)
        self._remembered: deque[tuple[Record, tuple[InstrumentId, ...]]] = deque()
        self._feeding = self._started(self._first, [one for one in sessions if one.mode != "feed" or rebuild is None])

    @property
    def pipeline(self) -> Pipeline:
        """The one being fed; another one after a restart."""
        return self._feeding.pipeline

    def feed_piece(self, piece: Piece, place: int) -> Iterator[Replayed]:
        """Feed a piece of the journal at ``place``."""
        return self.feed(piece, place) if isinstance(piece, Record) else self.feed_frames(piece, place)

    def feed(self, record: Record, place: int) -> Iterator[Replayed]:
        """Feed a record of the journal at ``place``, first what has to be made before it; recorded outputs are left."""
        kind = record.kind
        if self._sessions[place].mode == "live":
            self._tail.read(record)
        if kind in _OUTPUTS or ((self._ahead or kind is RecordKind.SESSION) and self._waits(record, place)):
            return
        if self._derives:
            yield from self.advance(record.ts_ingest)
            if kind is RecordKind.MESSAGE and self._sessions[place].mode == "import":
                self._feeding.show_board(record.ts_ingest)
        if is_remembered(record):
            self._remember(record, place)
        unsaid = self._restart(record, place) if kind is RecordKind.SESSION else ()
        yield Replayed(record, Fed(unsaid, EMPTY) if unsaid else self._feeding.feed(record))
        if self._ahead and kind is RecordKind.SESSION and record.key == "live":
            for piece, whence in self._ahead.take():
                yield from self.feed_piece(piece, whence)

    def feed_frames(self, frames: Frames, place: int) -> Iterator[Replayed]:
        """Feed frames of the journal at ``place`` that lie one behind the other: the same as one by one, but faster."""
        if not (self._ahead and self._waits(frames, place)):
            if self._sessions[place].mode == "live":
                self._tail.close()
            yield from self._feeding.feed_frames(frames)

    def advance(self, now: Nanos) -> Iterator[Replayed]:
        """Fire what is due up to ``now``, as :meth:`signald.replay.feeding.Feeding.advance`."""
        return self._feeding.advance(now)

    def _started(self, session: Session | None, begun: Sequence[Session], *, before: Feeding | None = None) -> Feeding:
        """The pipeline of this run, with what it had learnt; ``begun`` are the sessions that it must suit."""
        differs = session is not None and self._first is not None and _shape(session) != _shape(self._first)
        others = [one for one in self._sessions if one.mode != "feed"]
        pipeline = self._rebuild(others) if differs and self._rebuild is not None else self._build()
        feeding = Feeding(pipeline, derives=self._derives, before=before)
        model_id = "" if session is None else session.model_id
        root = pipeline.engine.parameters.id
        learnt = None if model_id in {"", root} else feeding.learnt.get(model_id) or self._find_model(model_id)
        if learnt is not None and is_learnt_from(learnt, root):
            pipeline.engine.adopt(learnt)
        have = pipeline.board.instruments
        for each in begun:
            missing = [name for name in each.instruments if name not in have]
            if missing:
                raise ConfigError(WHERE, f"the journal has {missing[0]!r}, which is not configured")
            if each.mode == "live" and each.instruments and each.instruments != have:
                raise ConfigError(WHERE, f"the journal's rows are of {each.instruments}, not of {have}")
        return feeding

    def _restart(self, record: Record, place: int) -> tuple[Signal, ...]:
        """Build anew, at every session of a journal of a run but its first, what began anew then.

        Returned is what the restart says for the run that was cut off.
        """
        mode, fed = self._sessions[place].mode, NOTHING
        if mode == "feed" and (self._began[place] or self._is_later):
            self._sessions[place] = read_session(record)
            self.pipeline.renew(self._sessions[place].channels)
        elif self._began[place] and mode == "live":
            session, before = read_session(record), self.pipeline
            self._sessions[place], self._is_later = session, True
            self._feeding = self._started(session, [session], before=self._feeding)
            has_workers = any(other.mode == "feed" for other in self._sessions)
            if has_workers and _keeps_the_same(before, self.pipeline):
                self.pipeline.take_over_books(before)
            for remembered, theirs in self._remembered:
                if session.recovered_from is not None and remembered.ts_ingest >= session.recovered_from:
                    fed = self._feeding.feed(as_ours(remembered, theirs, self.pipeline.board.instruments))
        self._began[place] = True
        return self._tail.unsaid(fed.outputs)

    def _remember(self, record: Record, place: int) -> None:
        """Keep what a restart would read."""
        remembered = self._remembered
        remembered.append((record, self._sessions[place].instruments))
        while remembered[0][0].ts_ingest < record.ts_ingest - REMEMBERED_NS:
            remembered.popleft()

    def _waits(self, piece: Piece, place: int) -> bool:
        """Whether this is a worker's that is ahead of its run."""
        if isinstance(piece, Record) and piece.kind is RecordKind.SESSION:
            self._ahead.drop(place)
            if self._rebuild is None or piece.key != "feed" or self._has_books_of(read_session(piece)):
                return False
        elif place not in self._ahead:
            return False
        self._ahead.keep(piece, place)
        return True

    def _has_books_of(self, session: Session) -> bool:
        have = self.pipeline
        return set(session.instruments) <= set(have.board.instruments) and session.channels.keys() <= have.venues.keys()


def _shape(session: Session) -> tuple[object, ...]:
    """What a run's pipeline is made by."""
    return session.rules, session.instruments, session.channels


def _keeps_the_same(before: Pipeline, after: Pipeline) -> bool:
    return before.board.instruments == after.board.instruments and before.venues.keys() == after.venues.keys()


def first_session(pieces: Iterator[P], path: Path) -> tuple[Session, Iterator[P]]:
    """The session that the journal in ``path`` begins with, and all its records or pieces still.

    Where the beginning was thrown away the name tells a worker's part from a run's own.
    """
    first = list(islice(pieces, 1))
    session = Session(mode="feed" if path.name.startswith(FEED) else "live")
    if first and isinstance(first[0], Record) and first[0].kind is RecordKind.SESSION:
        session = read_session(first[0])
    return session, chain(first, pieces)
