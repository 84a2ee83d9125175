"""Reads a journal in pieces: frames that lie one behind the other stay together, for compiled code to walk.

The same records in the same order as :func:`signald.journal.reader.read` gives, and the same errors; what makes it fast
is that a block is verified by its one checksum instead of each record by its own. What no seal covers, and what is not
sound, is left to the reader.
"""

import io
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.records import CHANNEL, KEY, KIND, LIST_WORDS, OFFSET, ROW_WORDS, TS, checksum, index_records
from signald.errors import JournalError
from signald.journal.format import (
    HEAD_BYTES,
    HEADER_BYTES,
    KIND_LOST,
    KIND_SEAL,
    MAX_RECORD_BYTES,
    PREFIX,
    Stored,
    decode_header,
)
from signald.journal.reader import rest_of, segments_from
from signald.journal.segments import is_compressed, list_segments, segment_number, walk
from signald.journal.windows import Bytes, Window, Windows
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.sources.frames import Frames

Piece: TypeAlias = Record | Frames

_ROOM: Final = 1 << 16  # rows indexed at a time: 3 MB
_SEAL_ROOM: Final = 4_096  # more than a seal needs
_FEW: Final = 4  # frames that are not worth a piece of their own


class PlacedPiece(NamedTuple):
    """A piece and the place of its journal among those that were merged."""

    place: int
    piece: Piece


def read_pieces(path: Path, *, to_ts: Nanos | None = None) -> Iterator[Piece]:
    """The records of a journal or segment in the order they were appended, runs of frames as one piece.

    Args:
        path: The journal's directory or one segment, compressed or not.
        to_ts: Leave out what was ingested at this time or after.

    Raises:
        JournalError: As :func:`signald.journal.reader.read`.
    """
    for piece in _pieces(path):
        if to_ts is None:
            yield piece
        elif isinstance(piece, Record):
            if piece.ts_ingest < to_ts:
                yield piece
        else:
            yield from _kept(piece, to_ts)


def merge_pieces(journals: Iterable[Iterator[Piece]]) -> Iterator[PlacedPiece]:
    """Pieces of several journals, their records in the order of :func:`signald.journal.reader.merge`."""
    heads = [head for head in (_Head(pieces, place) for place, pieces in enumerate(journals)) if head.forward()]
    while heads:
        heads.sort(key=_Head.key)
        first = heads[0]
        yield PlacedPiece(first.place, first.take(heads[1].key() if len(heads) > 1 else None))
        if not first.forward():
            heads.remove(first)


class _Head:
    """Where one journal stands in a merge: a record counts as ingested no earlier than the one before it."""

    def __init__(self, pieces: Iterator[Piece], place: int) -> None:
        self._pieces = pieces
        self.place = place
        self._highest: Nanos | None = None
        self._piece: Piece | None = None
        self._times: NDArray[np.int64] = np.empty(0, np.int64)

    def forward(self) -> bool:
        """Look at the next piece unless some of this one is left; False at the end."""
        if self._piece is None:
            self._piece = next(self._pieces, None)
            if self._piece is None:
                return False
            times = self._piece.times if isinstance(self._piece, Frames) else np.array([self._piece.ts_ingest])
            if self._highest is not None:
                times = np.maximum(times, self._highest)
            self._times = np.maximum.accumulate(times)
            self._highest = int(self._times[-1])
        return True

    def key(self) -> tuple[Nanos, int]:
        return int(self._times[0]), self.place

    def take(self, other: tuple[Nanos, int] | None) -> Piece:
        """What comes before ``other``, the next record of any other journal."""
        piece = self._piece
        assert piece is not None  # forward() said so
        count = len(self._times)
        if other is not None and isinstance(piece, Frames):
            count = int(np.searchsorted(self._times, other[0], side="right" if self.place < other[1] else "left"))
        if isinstance(piece, Frames) and count < len(self._times):
            self._piece = piece.between(count, len(self._times))
            self._times = self._times[count:]
            return piece.between(0, count)
        self._piece = None
        return piece


class _Seen(NamedTuple):
    """What a window holds.

    Attributes:
        window: It.
        end: The byte of its segment up to which it is proven.
        rows: Its records up to there, without the journal's own: no run of frames ends at a seal.
        channels: Those that they name.
        more: Whether its end is one that the next window may go on from; else there is no header, no record, or a seal
            that does not prove its block, which it would not with the next window either.
    """

    window: Window
    end: int
    rows: NDArray[np.int64]
    channels: tuple[str, ...]
    more: bool


def _pieces(path: Path) -> Iterator[Piece]:
    with Windows() as windows:
        for segment in segments_from(path):
            seen = yield from _proven_pieces(windows, segment, path)
            for stored in _rest(segment, seen.window, max(seen.end, HEADER_BYTES), alone=segment is path):
                if stored.kind not in {KIND_SEAL, KIND_LOST}:
                    yield stored.record()


def _proven_pieces(windows: Windows, segment: Path, path: Path) -> Generator[Piece, None, _Seen]:
    """Give what the seals of a segment of the journal ``path`` prove; returns the window at which that ended."""
    window = windows.first(segment)
    while True:
        if window.last:
            _read_ahead(windows, path, segment)
        seen = _look(window)
        yield from _split(window.content, seen.rows, seen.channels)
        if window.last or not seen.more:
            return seen
        window = windows.following(seen.end)


def _read_ahead(windows: Windows, path: Path, segment: Path) -> None:
    """While the end of one segment is being walked, another core may read the next."""
    number = segment_number(segment)
    later = [each for each in list_segments(path) if segment_number(each) > number] if path.is_dir() else []
    if later and (is_compressed(later[0]) or len(later) > 1):  # one that is still written to is not
        windows.ahead(later[0])


def _rest(segment: Path, window: Window, end: int, *, alone: bool) -> Iterator[Stored]:
    """What no seal covers. Of a compressed segment it is there already; to seek in that would be to read it again."""
    if is_compressed(segment) and window.last and len(window.content):
        left = window.content[end - window.offset :].tobytes()
        stored = list(walk(io.BytesIO(left).read, end))
        if (stored[-1].end if stored else end) == end + len(left):
            yield from stored
            return
    yield from rest_of(segment, end, alone=alone)


def _look(window: Window) -> _Seen:
    """See what is proven in a window that begins where a block does."""
    if window.offset == 0 and not _has_header(window):
        return _Seen(window, 0, np.empty((0, ROW_WORDS), np.int64), (), more=False)
    rows, channels, more = _walked(window)
    proven, sound = _proven(window, rows[rows[:, KIND] == KIND_SEAL, OFFSET].tolist())
    rows = rows[: int(np.searchsorted(rows[:, OFFSET], proven - window.offset))]
    return _Seen(window, proven, rows[rows[:, KIND] < KIND_LOST], channels, more and sound)


def _has_header(window: Window) -> bool:
    """Whether a segment's first bytes are a header; if not, the reader will say why."""
    try:
        decode_header(window.content[:HEADER_BYTES].tobytes())
    except JournalError:
        return False
    return True


def _walked(window: Window) -> tuple[NDArray[np.int64], tuple[str, ...], bool]:
    """The records in a window, and the channels they name.

    The last says whether more of them may follow in the next window: not if what follows is no record.
    """
    content = window.content
    names = np.zeros(LIST_WORDS, np.int64)
    names[1] = 0 if window.offset else HEADER_BYTES
    tables: list[NDArray[np.int64]] = []
    while True:
        table = np.empty(_ROOM * ROW_WORDS, np.int64)
        count = index_records(content, int(names[1]), table, names)
        tables.append(table[: count * ROW_WORDS].reshape(-1, ROW_WORDS))
        if count < _ROOM:
            break
    rows = tables[0] if len(tables) == 1 else np.concatenate(tables)
    places = [(int(names[2 + 2 * n]), int(names[3 + 2 * n])) for n in range(int(names[0]))]
    channels = tuple(content[first : first + length].tobytes().decode(errors="replace") for first, length in places)
    head = content[int(names[1]) :][: PREFIX.size].tobytes()
    if len(head) < PREFIX.size:
        return rows, channels, True
    length = int.from_bytes(head[:4], "little")
    fits = length % 8 == 0 and HEAD_BYTES <= length <= MAX_RECORD_BYTES
    return rows, channels, fits and int(names[1]) + length > len(content)


def _proven(window: Window, seals: Iterable[int]) -> tuple[int, bool]:
    """The byte of the segment where the last of the blocks ends that lie one behind the other and are as sealed.

    Also whether all seals were such; the first that is not ends it.
    """
    proven = window.offset
    view = window.content.data
    for place in seals:
        offset = window.offset + place
        stored = next(walk(io.BytesIO(view[place : place + _SEAL_ROOM]).read, offset), None)
        if stored is None or stored.kind != KIND_SEAL:
            return proven, False
        seal = stored.seal()
        if seal.end <= proven:  # it stands in the block after its own
            continue
        if seal.start != proven or seal.end > offset or seal.end % 8:
            return proven, False
        if checksum(window.content, proven - window.offset, seal.end - window.offset) != seal.crc:
            return proven, False
        proven = seal.end
    return proven, True


def _split(memory: Bytes, rows: NDArray[np.int64], channels: tuple[str, ...]) -> Iterator[Piece]:
    """Runs of frames as they lie, everything else record by record."""
    kinds = rows[:, KIND]
    together = (kinds == RecordKind.FRAME) & (rows[:, KEY] == 0) & (rows[:, CHANNEL] >= 0)
    edges = np.flatnonzero(np.diff(together, prepend=False, append=False)).tolist()
    at = 0
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first < _FEW:
            continue
        yield from _records(memory, rows[at:first])
        yield Frames(memory, rows[first:last], channels)
        at = last
    yield from _records(memory, rows[at:])


def _records(memory: Bytes, rows: NDArray[np.int64]) -> Iterator[Record]:
    for offset, kind, ts_ingest in rows[:, [OFFSET, KIND, TS]].tolist():
        length = int.from_bytes(memory[offset : offset + 4].tobytes(), "little")
        yield Stored(offset, kind, ts_ingest, memory[offset + PREFIX.size : offset + length].tobytes()).record()


def _kept(frames: Frames, to_ts: Nanos) -> Iterator[Frames]:
    before = frames.times < to_ts
    if before.all():
        yield frames
    elif before.any():
        yield frames._replace(rows=np.ascontiguousarray(frames.rows[before]))
