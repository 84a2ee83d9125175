"""Reads a journal in pieces: frames that lie one behind the other stay together, for compiled code to walk.

The same records in the same order as :func:`signald.journal.reader.read` gives, and the same errors; what makes it fast
is that a block is verified by its one checksum instead of each record by its own. What no seal covers, and what is not
sound, is left to the reader.
"""

import io
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import zstandard
from numpy.typing import NDArray

from signald.core.kernels.records import CHANNEL, KEY, KIND, LIST_WORDS, OFFSET, ROW_WORDS, TS, index_records
from signald.errors import JournalError
from signald.journal.format import HEADER_BYTES, KIND_LOST, KIND_SEAL, PREFIX, Stored, decode_header
from signald.journal.reader import rest_of, segments_from
from signald.journal.segments import is_compressed, list_segments, segment_number, walk
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.sources.frames import Frames

Piece: TypeAlias = Record | Frames

_ROOM: Final = 1 << 16  # rows indexed at a time: 3 MB
_SEAL_ROOM: Final = 4_096  # more than a seal needs
_LARGEST: Final = 1 << 32  # bytes of a segment that are read at once
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


def _pieces(path: Path) -> Iterator[Piece]:
    for segment, memory in _read_ahead(path):
        rows, channels, end = _sound_rows(memory)
        yield from _split(memory, rows, channels)
        for stored in _rest(segment, memory, end, alone=segment is path):
            if stored.kind not in {KIND_SEAL, KIND_LOST}:
                yield stored.record()


def _rest(segment: Path, memory: bytes, end: int, *, alone: bool) -> Iterator[Stored]:
    """What no seal covers. Of a compressed segment it is there already; to seek in that would be to read it again."""
    if is_compressed(segment) and memory:
        stored = list(walk(io.BytesIO(memory[end:]).read, end))
        if (stored[-1].end if stored else end) == len(memory):
            yield from stored
            return
    yield from rest_of(segment, end, alone=alone)


def _read_ahead(path: Path) -> Iterator[tuple[Path, bytes]]:
    """Each segment with its bytes; while one is being walked, another core may decompress the next."""
    ahead: tuple[Path, Future[bytes]] | None = None
    with ThreadPoolExecutor(1, "journal-reading") as pool:
        for segment in segments_from(path):
            memory = ahead[1].result() if ahead is not None and ahead[0] == segment else _memory(segment)
            following = next((each for each in _later(path, segment) if is_compressed(each)), None)
            ahead = (following, pool.submit(_memory, following)) if following is not None else None
            yield segment, memory


def _later(path: Path, segment: Path) -> list[Path]:
    """The segments behind one, of which those that are still written to are not compressed."""
    number = segment_number(segment)
    return [each for each in list_segments(path) if segment_number(each) > number][:1] if path.is_dir() else []


def _memory(segment: Path) -> bytes:
    """A segment's bytes; none if they cannot be read, and the reader will say why."""
    try:
        memory = _decompressed(segment) if is_compressed(segment) else segment.read_bytes()
        decode_header(memory[:HEADER_BYTES])
    except (JournalError, OSError, zstandard.ZstdError):
        return b""
    return memory


def _decompressed(segment: Path) -> bytes:
    """All at once, which is twice as fast as piece by piece; raises ``JournalError`` if that is not to be done."""
    compressed = segment.read_bytes()
    size = zstandard.get_frame_parameters(compressed).content_size
    if not 0 <= size <= _LARGEST:
        msg = f"{segment}: holds {size} bytes"
        raise JournalError(msg)
    return zstandard.ZstdDecompressor().decompress(compressed, max_output_size=size)


def _sound_rows(memory: bytes) -> tuple[NDArray[np.int64], tuple[str, ...], int]:
    """The records of the blocks that their seals prove, the channels they name, and where the last such block ends."""
    names = np.zeros(LIST_WORDS, np.int64)
    names[1] = HEADER_BYTES
    tables: list[NDArray[np.int64]] = []
    while memory:
        table = np.empty(_ROOM * ROW_WORDS, np.int64)
        count = index_records(memory, int(names[1]), table, names)
        tables.append(table[: count * ROW_WORDS].reshape(-1, ROW_WORDS))
        if count < _ROOM:
            break
    rows = np.concatenate(tables) if tables else np.empty((0, ROW_WORDS), np.int64)
    end = _proven(memory, rows[rows[:, KIND] == KIND_SEAL, OFFSET].tolist())
    places = [(int(names[2 + 2 * n]), int(names[3 + 2 * n])) for n in range(int(names[0]))]
    channels = tuple(str(memory[start : start + length], "utf-8", "replace") for start, length in places)
    return rows[rows[:, OFFSET] < end], channels, max(end, HEADER_BYTES)


def _proven(memory: bytes, seals: Iterable[int]) -> int:
    """Where the last of the blocks ends that lie one behind the other from byte 0 and are what their seals say."""
    proven = 0
    with memoryview(memory) as view:
        for offset in seals:
            stored = next(walk(io.BytesIO(view[offset : offset + _SEAL_ROOM]).read, offset), None)
            if stored is None or stored.kind != KIND_SEAL:
                break
            seal = stored.seal()
            if (
                seal.start != proven
                or not proven < seal.end <= offset
                or zlib.crc32(view[proven : seal.end]) != seal.crc
            ):
                break
            proven = seal.end
    return proven


def _split(memory: bytes, rows: NDArray[np.int64], channels: tuple[str, ...]) -> Iterator[Piece]:
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


def _records(memory: bytes, rows: NDArray[np.int64]) -> Iterator[Record]:
    for offset, kind, ts_ingest in rows[:, [OFFSET, KIND, TS]].tolist():
        if kind not in {KIND_SEAL, KIND_LOST}:
            length = int.from_bytes(memory[offset : offset + 4], "little")
            yield Stored(offset, kind, ts_ingest, memory[offset + PREFIX.size : offset + length]).record()


def _kept(frames: Frames, to_ts: Nanos) -> Iterator[Frames]:
    before = frames.times < to_ts
    if before.all():
        yield frames
    elif before.any():
        yield frames._replace(rows=np.ascontiguousarray(frames.rows[before]))
