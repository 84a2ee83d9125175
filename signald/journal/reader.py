"""Reads a journal's records in the order they were appended, also while it is being written.

``read`` verifies every record's own checksum. It ends quietly at the unfinished record that a writer at work or a
power cut leaves at the very end; damage anywhere else is a ``JournalError``, never a silent gap. Seals and the chain
are the business of :mod:`signald.journal.check`.
"""

import heapq
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

from signald.errors import JournalError
from signald.journal.format import HEADER_BYTES, KIND_LOST, KIND_SEAL, Header, Stored, is_torn_header
from signald.journal.segments import (
    SegmentFile,
    Tail,
    is_compressed,
    list_segments,
    open_segment,
    read_exactly,
    read_header,
    segment_number,
    walk,
    was_synced,
)
from signald.model.records import Record
from signald.model.time import Nanos


def read(path: Path, *, from_ts: Nanos | None = None, to_ts: Nanos | None = None) -> Iterator[Record]:
    """The records of a journal, or of one of its segment files, in the order they were appended.

    Args:
        path: The journal's directory or one segment, compressed or not.
        from_ts: Leave out what was ingested before.
        to_ts: Leave out what was ingested at this time or after.

    Raises:
        JournalError: There is no journal there, or it is damaged; the message names segment and byte.
    """
    for stored in stored_records(path, from_ts=from_ts):
        ts_ingest = stored.ts_ingest
        if (from_ts is None or ts_ingest >= from_ts) and (to_ts is None or ts_ingest < to_ts):
            if stored.kind in {KIND_SEAL, KIND_LOST}:
                continue
            yield stored.record()


def merge(paths: Iterable[Path], *, from_ts: Nanos | None = None, to_ts: Nanos | None = None) -> Iterator[Record]:
    """The records of several journals by ``ts_ingest``, of equal ones in the order the journals are given.

    A record is never moved before its predecessors in its own journal: where a journal's times fall (a clock that was
    set back), the record counts as ingested when the one before it was.

    Raises:
        JournalError: As :func:`read`.
    """
    for placed in merge_placed(read(path, from_ts=from_ts, to_ts=to_ts) for path in paths):
        yield placed.record


class Placed(NamedTuple):
    """A record and the place of its journal among those that were merged."""

    ts: Nanos
    place: int
    record: Record


def merge_placed(journals: Iterable[Iterable[Record]]) -> Iterator[Placed]:
    """As :func:`merge`, of journals that are being read, saying for each record where it is from."""
    streams = [_placed(journal, place) for place, journal in enumerate(journals)]
    return heapq.merge(*streams, key=_ts_and_place)


def stored_records(path: Path, *, from_ts: Nanos | None = None) -> Iterator[Stored]:
    """What lies in a journal or segment, the journal's own marks included.

    Args:
        path: The journal's directory or one segment.
        from_ts: Whole segments from before may be left out.

    Raises:
        JournalError: As :func:`read`.
    """
    for segment in segments_from(path, from_ts=from_ts):
        yield from rest_of(segment, HEADER_BYTES, alone=segment is path)


def segments_from(path: Path, *, from_ts: Nanos | None = None) -> Iterator[Path]:
    """The segments of a journal in order, also those that are begun meanwhile; ``path`` itself if it is a segment.

    Args:
        path: The journal's directory or one segment.
        from_ts: Whole segments from before may be left out.

    Raises:
        JournalError: There is no journal there.
    """
    if not path.is_dir():
        yield path
        return
    segments = list_segments(path)
    if not segments:
        msg = f"{path}: no journal there"
        raise JournalError(msg)
    if from_ts is not None:
        segments = _from_time(segments, from_ts)
    following = segments[0]
    while True:
        unborn = _is_unborn(following)
        yield following
        if unborn:  # whoever reads it sees nothing, so what has been begun behind it since is not for this reading
            return
        later = [each for each in list_segments(path) if segment_number(each) > segment_number(following)]
        if not later:
            return
        following = later[0]


def rest_of(path: Path, offset: int, *, alone: bool) -> Generator[Stored]:
    """What lies in one segment from byte ``offset`` on, where a record begins.

    Unless it is read ``alone``, others follow and it must end well, and what is appended meanwhile is read too.

    Raises:
        JournalError: It is damaged.
    """
    with open_segment(path) as file:
        if not alone and _is_unborn(path):
            return
        read_header(path, file)
        file.seek(offset)
        while True:
            closed = not alone and _has_successor(path)
            tail = yield from _walk_file(path, file, offset)
            if alone or closed or not (_has_successor(path) and file.seekable()):
                _refuse_damage(path, tail, last=not closed)
                return
            offset = tail.offset
            file.seek(offset)


def _walk_file(path: Path, file: SegmentFile, offset: int) -> Generator[Stored, None, Tail]:
    try:
        return (yield from walk(file.read, offset))
    except zstandard.ZstdError as error:
        msg = f"{path}: {error}"
        raise JournalError(msg) from error


def _refuse_damage(path: Path, tail: Tail, *, last: bool) -> None:
    """Raise if a segment's end is not that of a sound segment or, in the last one, an unfinished record."""
    if not tail.surplus:
        return
    if last:
        with open_segment(path) as file:
            file.seek(tail.offset)
            if not was_synced(file.read(), tail.offset):
                return
    msg = f"{path}: damaged at byte {tail.offset}: {tail.problem}"
    raise JournalError(msg)


def _is_unborn(path: Path) -> bool:
    """Whether this is the last segment and not even its header was written."""
    if is_compressed(path) or _has_successor(path):
        return False
    with open_segment(path) as file:
        head = read_exactly(file.read, HEADER_BYTES)
        return is_torn_header(head) and not was_synced(head + file.read(), 0)


def _has_successor(path: Path) -> bool:
    number = segment_number(path)
    return number >= 0 and any(segment_number(each) > number for each in path.parent.iterdir())


def _from_time(segments: list[Path], from_ts: Nanos) -> list[Path]:
    """Leave out leading segments after which a header says that all times so far lie before ``from_ts``."""
    first = 0
    for index, path in enumerate(segments[1:], start=1):
        with open_segment(path) as file:
            try:
                header: Header = read_header(path, file)
            except JournalError:
                break
        if header.ts_before >= from_ts:
            break
        first = index
    return segments[first:]


def _placed(records: Iterable[Record], place: int) -> Iterator[Placed]:
    highest: Nanos | None = None
    for record in records:
        ts_ingest = record.ts_ingest
        highest = ts_ingest if highest is None or ts_ingest > highest else highest
        yield Placed(highest, place, record)


def _ts_and_place(placed: Placed) -> tuple[Nanos, int]:
    return placed[0], placed[1]
