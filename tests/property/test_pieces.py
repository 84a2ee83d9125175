"""A journal read in pieces holds the records that reading them one by one gives, in that order, or the same error."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from signald.errors import JournalError
from signald.journal import pieces, windows
from signald.journal.compression import compress_segment
from signald.journal.format import HEAD_BYTES, HEADER_BYTES, PREFIX
from signald.journal.pieces import Piece, merge_pieces, read_pieces
from signald.journal.reader import merge, read
from signald.journal.segments import list_segments
from signald.journal.windows import Bytes
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind

Words: TypeAlias = NDArray[np.int64]

pytestmark = pytest.mark.timeout(120)  # hundreds of small journals, perhaps beside much else
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - hundreds of small journals: spare the disk
FRAME = st.builds(
    Record,
    st.just(RecordKind.FRAME),
    st.integers(0, 50),
    st.sampled_from(["binance", "okx", "binance_usdm"]),
    st.just(""),
    st.binary(max_size=60),
)
OTHER = st.builds(
    Record, st.sampled_from(RecordKind), st.integers(0, 50), st.text(max_size=9), st.text(max_size=9), st.binary()
)
RECORDS = st.lists(st.one_of(FRAME, FRAME, FRAME, OTHER), min_size=1, max_size=80)


def journal(path: Path, records: Iterable[Record], *, segment_bytes: int, block_bytes: int) -> None:
    with JournalWriter(path, segment_bytes=segment_bytes, block_bytes=block_bytes, compress=False) as writer:
        for record in records:
            writer.append(record)


def apart(pieces: Iterable[Piece]) -> Iterator[Record]:
    for piece in pieces:
        if isinstance(piece, Record):
            yield piece
        else:
            yield from map(piece.record, range(len(piece.rows)))


def outcome(records: Iterable[Record]) -> tuple[list[Record], bool]:
    """What could be read, and whether it ended in an error."""
    found: list[Record] = []
    try:
        for record in records:
            found.append(record)  # noqa: PERF402 - what came before the error counts
    except JournalError:
        return found, True
    return found, False


@given(
    records=RECORDS,
    segment_bytes=st.integers(500, 9_000),
    block_bytes=st.integers(200, 3_000),
    to_ts=st.integers(0, 60),
    window_bytes=st.sampled_from([64, 512, 4_096, 1 << 20]),
)
def test_pieces_hold_the_records(
    *, records: list[Record], segment_bytes: int, block_bytes: int, to_ts: int, window_bytes: int
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW_BYTES", window_bytes)
        patch.setattr(windows, "HEAD_BYTES", 256)
        path = Path(name)
        journal(path, records, segment_bytes=segment_bytes, block_bytes=block_bytes)
        compress_segment(list_segments(path)[0])

        assert list(apart(read_pieces(path))) == records
        assert list(apart(read_pieces(path, to_ts=to_ts))) == list(read(path, to_ts=to_ts))


@given(st.lists(RECORDS, min_size=2, max_size=3), st.integers(500, 9_000))
def test_pieces_of_several_journals_are_merged_as_records_are(journals: list[list[Record]], block_bytes: int) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        paths = [Path(name) / str(number) for number in range(len(journals))]
        for path, records in zip(paths, journals, strict=True):
            journal(path, records, segment_bytes=50_000, block_bytes=block_bytes)

        merged = [placed.piece for placed in merge_pieces(read_pieces(path) for path in paths)]

        assert list(apart(merged)) == list(merge(paths))


@given(
    records=st.lists(FRAME, min_size=5, max_size=60),
    place=st.integers(0, 10_000),
    flip=st.integers(1, 255),
    cut=st.booleans(),
    window_bytes=st.sampled_from([64, 512, 1 << 20]),
)
def test_damage_is_found_where_reading_one_by_one_finds_it(
    *, records: list[Record], place: int, flip: int, cut: bool, window_bytes: int
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW_BYTES", window_bytes)
        patch.setattr(windows, "HEAD_BYTES", 64)
        path = Path(name)
        journal(path, records, segment_bytes=50_000, block_bytes=600)
        segment = list_segments(path)[0]
        content = bytearray(segment.read_bytes())
        place %= len(content)
        if cut:
            del content[place:]
        else:
            content[place] ^= flip
        segment.write_bytes(content)

        assert outcome(apart(read_pieces(path))) == outcome(read(path))


def test_what_lies_behind_a_bad_block_is_not_looked_at_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    index = pieces.index_records

    def counted(content: Bytes, at: int, rows: Words, names: Words) -> int:
        looked.append(len(content))
        return index(content, at, rows, names)

    monkeypatch.setattr(windows, "WINDOW_BYTES", 4_096)
    monkeypatch.setattr(windows, "HEAD_BYTES", 1_024)
    monkeypatch.setattr(pieces, "index_records", counted)
    frames = [Record(RecordKind.FRAME, ts, "okx", "", bytes(50)) for ts in range(3_000)]
    journal(tmp_path, frames, segment_bytes=1 << 20, block_bytes=600)
    segment = list_segments(tmp_path)[0]
    content = bytearray(segment.read_bytes())
    content[HEADER_BYTES + HEAD_BYTES + PREFIX.size + 20] ^= 1
    segment.write_bytes(content)

    assert outcome(apart(read_pieces(tmp_path))) == outcome(read(tmp_path))
    assert max(looked) < 3 * 4_096
    assert sum(looked) < len(content) // 4
