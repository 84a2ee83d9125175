"""Rows on record, as a run with other instruments sees them: by name."""

from collections.abc import Sequence
from pathlib import Path

from signald.core.board import empty_rows, rows_from_bytes, whose_rows
from signald.journal.format import HEADER_BYTES
from signald.journal.reader import rest_of, segments_from
from signald.journal.segments import segment_number
from signald.journal.session import read_session
from signald.model.instruments import InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos


def as_ours(record: Record, theirs: Sequence[InstrumentId], ours: Sequence[InstrumentId]) -> Record:
    """Rows of a run with other instruments, in the order of ours; of what it had not, nothing is known.

    Args:
        record: Any; what is no rows, or ours already, is given back.
        theirs: Whose rows that run had; none: nobody says.
        ours: Whose rows they are to be.
    """
    if record.kind is not RecordKind.ROWS or tuple(theirs) == tuple(ours):
        return record
    rows, shown = rows_from_bytes(record.payload), empty_rows(len(ours))
    if rows.size == len(theirs):
        places = {name: place for place, name in enumerate(theirs)}
        for place, name in enumerate(ours):
            if name in places:
                shown[place] = rows[places[name]]
    elif not theirs and rows.size == len(ours) and record.key in {"", whose_rows(ours)}:
        return record
    return record._replace(key=whose_rows(ours), payload=shown.tobytes())


def instruments_before(path: Path, ts: Nanos) -> tuple[InstrumentId, ...]:
    """Whose rows the run had that was at work at ``ts``; none if its beginning was thrown away.

    Raises:
        JournalError: The journal is damaged.
    """
    last = segment_number(next(segments_from(path, from_ts=ts)))
    for segment in reversed([one for one in segments_from(path) if segment_number(one) <= last]):
        begun = [
            stored
            for stored in rest_of(segment, HEADER_BYTES, alone=False)
            if stored.kind == RecordKind.SESSION and stored.ts_ingest < ts
        ]
        if begun:
            return read_session(begun[-1].record()).instruments
    return ()
