"""A restart is the recovery: what the last run's engine saw is fed to this one, and what it left unsaid is said."""

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from signald.core.board import whose_rows
from signald.errors import UNREADABLE, JournalError
from signald.journal.reader import read
from signald.journal.rows import as_ours, instruments_before
from signald.journal.segments import list_segments
from signald.journal.session import read_session
from signald.journal.unsaid import Tail
from signald.model.instruments import InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import Nanos
from signald.pipeline import REMEMBERED_NS, Pipeline, is_remembered
from signald.sinks.encoding import Document, document_from

_TAIL = 1_000
"""Documents of the last run that the server is asked for: one that lost them is given them again."""


class Recovered(NamedTuple):
    """What came out of the journal of earlier runs.

    Attributes:
        since: Records from this time on were fed; ``None``: there was no journal.
        records: How many were fed.
        said: The newest documents that were published, or should have been: oldest first.
        unsaid: Documents that the last run was cut off before it had written them down.
        ts_last: Time of the newest record; this run's times must not be before it.
    """

    since: Nanos | None
    records: int
    said: tuple[Document, ...]
    unsaid: tuple[Signal, ...]
    ts_last: Nanos


def recover(
    path: Path,
    pipeline: Pipeline,
    ended: Nanos,
    *,
    heard: Callable[[str, bytes, Iterable[object]], None],
    happened: Callable[[tuple[object, ...]], None],
) -> Recovered:
    """Feed ``pipeline`` what the engine saw in the last hours before it ended, however long ago, outputs set aside.

    Only the outputs of the very last input can be missing from the journal: the others were appended before the next
    input was. Rows of a run that had other instruments are shown as this one's; of those it had not, nothing is known.

    Args:
        path: The journal.
        pipeline: What is fed; it knows nothing yet.
        ended: The newest record's time; today's is of no account, since clocks are set and daemons stay away for days.
        heard: Told key and payload of every message, and what it said.
        happened: Told what each record meant and what came of it: the last run may not have got round to keeping it.

    Raises:
        JournalError: The journal is damaged.
    """
    if not list_segments(path):
        return Recovered(None, 0, (), (), 0)
    since = ended - REMEMBERED_NS
    said: deque[Document] = deque(maxlen=_TAIL)
    tail, outputs = Tail(), ()
    fed = 0
    last: Nanos = 0
    ours = pipeline.board.instruments
    theirs: tuple[InstrumentId, ...] | None = None
    for record in read(path, from_ts=since):
        last = max(last, record.ts_ingest)
        tail.read(record)
        if record.kind is RecordKind.SESSION:
            theirs = read_session(record).instruments
        if record.kind is RecordKind.SIGNAL:
            said.append(_document(record))
        elif is_remembered(record):
            if theirs is None and record.kind is RecordKind.ROWS:  # the run began before what is read
                theirs = ours if record.key == whose_rows(ours) else instruments_before(path, since)
            outputs, step = pipeline.feed(as_ours(record, theirs or (), ours))
            happened((*step.events, *outputs))
            fed += 1
            if record.kind is RecordKind.MESSAGE:
                heard(record.key, record.payload, step.events)
    return Recovered(since if last else None, fed, tuple(said), tail.unsaid(outputs), last)


def _document(record: Record) -> Document:
    try:
        return document_from(record.payload, ts_scored=record.ts_ingest)
    except UNREADABLE as error:
        msg = f"document of {record.ts_ingest}: {error}"
        raise JournalError(msg) from error
