"""What of a journal goes when it is older, or larger, than is to be kept: whole segments, always from its beginning.

The chain holds over what is left, since each segment's head has where it stood. A run whose beginning is gone can be
read, but not verified: what its engine knew before is gone too.
"""

import heapq
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from signald.errors import JournalError
from signald.journal.parts import parts
from signald.journal.recovery import sync_directory
from signald.journal.segments import SUFFIX, list_segments, open_segment, read_header, segment_number
from signald.model.time import Nanos

_ALWAYS: Final = 2
"""So many segments at the end of each part are being written, synced or compressed."""

_OURS: Final = (SUFFIX, f"{SUFFIX}.zst", ".cut")


class Trimmed(NamedTuple):
    """What was done.

    Attributes:
        held: Bytes that the journal and its parts have on the disk now.
        removed: Segments that went.
    """

    held: int
    removed: int


class _Closed(NamedTuple):
    """A segment that nobody writes to; the eldest first.

    Attributes:
        ts_last: Highest ``ts_ingest`` in it and in all before it.
        path: Its file.
    """

    ts_last: Nanos
    path: Path


def trim(path: Path, *, older: Nanos, beyond: int, until: Nanos) -> Trimmed:
    """Remove the eldest segments of a journal and its parts.

    Args:
        path: The journal's directory.
        older: Those whose newest record is older than this moment go; 0: none for its age.
        beyond: The eldest go while there are more bytes than this; 0: none for their size.
        until: Nothing that has a record of this moment or later goes, whatever its size.

    Raises:
        OSError: A file cannot be removed; what went before it is gone.
    """
    places = [place for place in parts(path) if place.is_dir()]
    held = sum(_bytes(place) for place in places)
    removed = 0
    for ts_last, segment in heapq.merge(*map(_closed, places)):
        if ts_last >= until or not (ts_last < older or 0 < beyond < held):
            break
        held -= _remove(segment)
        removed += 1
    for place in places if removed else ():
        sync_directory(place)
    return Trimmed(held, removed)


def _closed(place: Path) -> Iterator[_Closed]:
    """Closed segments of one part in order; ends before what cannot be read: nobody knows of when that is."""
    segments = list_segments(place)
    for segment, following in pairwise(segments[: 1 - _ALWAYS]):
        try:
            with open_segment(following) as file:
                ts_last = read_header(following, file).ts_before
        except JournalError:
            return
        yield _Closed(ts_last, segment)


def _remove(segment: Path) -> int:
    """Remove a segment, however it lies there, and what was cut off it; how many bytes that were."""
    freed = 0
    for file in segment.parent.glob(f"{segment_number(segment):08d}{SUFFIX}*"):
        if file.name.endswith(_OURS):
            freed += file.stat().st_size
            file.unlink()
    return freed


def _bytes(place: Path) -> int:
    return sum(file.stat().st_size for file in place.iterdir() if file.is_file())
