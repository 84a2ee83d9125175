import zlib
from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.check import check
from signald.journal.compression import compress_segment
from signald.journal.format import HEADER_BYTES
from signald.journal.reader import read
from signald.journal.segments import list_segments
from signald.journal.writer import JournalWriter
from tests.support.journals import frame, frames, write_journal


def test_a_torn_record_is_cut_kept_aside_and_reported(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3), sync_every=1)
    segment = tmp_path / "00000000.segment"
    size = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(b"\x80\x00\x00\x00half a rec")

    with JournalWriter(tmp_path) as writer:
        writer.append(frame(3))

    (cut,) = writer.recovered
    assert (cut.segment, cut.offset, cut.size, cut.problem) == (segment, size, 14, "unfinished record")
    assert cut.kept_as is not None
    assert cut.kept_as.read_bytes() == b"\x80\x00\x00\x00half a rec"
    assert list(read(tmp_path)) == frames(4)
    assert check(tmp_path).fault is None


def test_what_was_flushed_but_never_sealed_is_kept_and_sealed(tmp_path: Path) -> None:
    source = tmp_path / "killed"
    with JournalWriter(source) as writer:
        for record in frames(3):
            writer.append(record)
        writer.flush()
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "00000000.segment").write_bytes((source / "00000000.segment").read_bytes())

    JournalWriter(tmp_path / "copy").close()

    result = check(tmp_path / "copy")
    assert (result.records, result.blocks, result.unsealed, result.fault) == (3, 1, 0, None)


def test_a_segment_whose_writer_died_in_its_header_is_set_aside(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    (tmp_path / "00000001.segment").write_bytes(b"SIG")

    with JournalWriter(tmp_path) as writer:
        writer.append(frame(3))

    assert [cut.problem for cut in writer.recovered] == ["unfinished header"]
    assert list(read(tmp_path)) == frames(4)
    assert check(tmp_path).fault is None


def test_a_segment_whose_writer_died_before_its_first_byte_was_nothing(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    (tmp_path / "00000001.segment").write_bytes(b"")

    with JournalWriter(tmp_path) as writer:
        writer.append(frame(3))

    assert writer.recovered == ()
    assert list(tmp_path.glob("*.cut")) == []
    assert list(read(tmp_path)) == frames(4)
    assert check(tmp_path).fault is None


def test_an_empty_segment_file_behind_compressed_ones_was_nothing(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    compress_segment(tmp_path / "00000000.segment")
    (tmp_path / "00000001.segment").write_bytes(b"")

    with JournalWriter(tmp_path) as writer:
        writer.append(frame(3))

    assert list(read(tmp_path)) == frames(4)
    assert check(tmp_path).fault is None
    assert check(tmp_path).segments == 2


def test_segments_behind_a_torn_one_are_set_aside(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(60), segment_bytes=2_000)
    segments = list_segments(tmp_path)
    before = len(list(read(segments[0])))
    torn = segments[1]
    torn.write_bytes(torn.read_bytes()[: HEADER_BYTES + 100])

    with JournalWriter(tmp_path, compress=False) as writer:
        writer.append(frame(1_000))

    assert [cut.segment for cut in writer.recovered] == segments[1:]
    kept = list(read(tmp_path))
    assert kept == [*frames(before + 1), frame(1_000)]
    assert check(tmp_path).fault is None


def test_damage_is_left_alone_and_the_journal_goes_on_in_a_new_segment(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(10), sync_every=3)
    segment = tmp_path / "00000000.segment"
    content = bytearray(segment.read_bytes())
    content[HEADER_BYTES + 30] ^= 1
    segment.write_bytes(content)

    with JournalWriter(tmp_path, compress=False) as writer:
        writer.append(frame(10))

    (cut,) = writer.recovered
    assert (cut.offset, cut.kept_as) == (HEADER_BYTES, None)
    assert segment.read_bytes() == content
    assert list(read(tmp_path / "00000001.segment")) == [frame(10)]
    fault = check(tmp_path).fault
    assert fault is not None
    assert (fault.segment, fault.offset) == (segment, HEADER_BYTES)


def test_what_a_killed_compression_left_is_cleared_up(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=1, segment_bytes=2_000)
    first, second = list_segments(tmp_path)[:2]
    original = first.read_bytes()
    compress_segment(first)
    first.write_bytes(original)
    second.with_name(second.name + ".zst.tmp").write_bytes(b"half")

    JournalWriter(tmp_path, compress=False).close()

    assert not first.exists()
    assert not list(tmp_path.glob("*.tmp"))
    assert list(read(tmp_path)) == frames(100)


def test_segments_left_uncompressed_are_compressed_later(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=1, segment_bytes=2_000)

    JournalWriter(tmp_path).close()

    assert len(list(tmp_path.glob("*.segment"))) == 1
    assert list(read(tmp_path)) == frames(100)


def test_a_journal_of_compressed_segments_only_goes_on(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(5))
    compress_segment(tmp_path / "00000000.segment")

    with JournalWriter(tmp_path) as writer:
        writer.append(frame(5))

    assert list(read(tmp_path)) == frames(6)
    assert check(tmp_path).fault is None


def test_a_segment_of_a_newer_program_is_refused_and_the_lock_released(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    segment = tmp_path / "00000000.segment"
    content = bytearray(segment.read_bytes())
    content[8] = 2
    content[HEADER_BYTES - 4 : HEADER_BYTES] = zlib.crc32(content[: HEADER_BYTES - 4]).to_bytes(4, "little")
    segment.write_bytes(content)

    for _ in range(2):
        with pytest.raises(JournalError, match="format version 2"):
            JournalWriter(tmp_path)
    assert segment.read_bytes() == content


def test_segments_behind_one_whose_last_records_are_gone_are_set_aside(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(60), segment_bytes=2_000)
    segments = list_segments(tmp_path)
    first = len(list(read(segments[0])))
    segments[0].write_bytes(segments[0].read_bytes()[:-96])

    with JournalWriter(tmp_path, compress=False) as writer:
        writer.append(frame(1_000))

    assert [cut.problem for cut in writer.recovered] == ["follows a segment whose end is lost"] * len(segments[1:])
    assert list(read(tmp_path)) == [*frames(first), frame(1_000)]
    assert check(tmp_path).fault is None
