from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.check import check
from signald.journal.compression import compress_segment
from signald.journal.format import HEADER_BYTES
from signald.journal.segments import list_segments
from tests.support.journals import frame, frames, write_journal


def test_a_sound_journal_has_no_fault(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=10, segment_bytes=2_000)

    result = check(tmp_path)

    assert (result.records, result.unsealed, result.lost, result.fault) == (100, 0, 0, None)
    assert result.segments == len(list_segments(tmp_path))


def test_compression_changes_nothing(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=10, segment_bytes=2_000)
    before = check(tmp_path)

    for segment in list_segments(tmp_path):
        compress_segment(segment)

    assert check(tmp_path) == before


def test_one_segment_can_be_checked_alone(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=10, segment_bytes=2_000)

    assert check(list_segments(tmp_path)[1]).fault is None


def test_a_missing_segment_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=10, segment_bytes=2_000)
    list_segments(tmp_path)[1].unlink()

    fault = check(tmp_path).fault

    assert fault is not None
    assert fault.problem == "segment 1 is missing"


def test_old_segments_may_be_thrown_away(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=10, segment_bytes=2_000)
    list_segments(tmp_path)[0].unlink()

    assert check(tmp_path).fault is None


def test_a_segment_of_another_journal_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path / "one", frames(100), sync_every=10, segment_bytes=2_000)
    write_journal(tmp_path / "two", [frame(0), *frames(100)[2:]], sync_every=10, segment_bytes=2_000)
    one, two = (list_segments(tmp_path / name)[1] for name in ("one", "two"))
    one.write_bytes(two.read_bytes())

    fault = check(tmp_path / "one").fault

    assert fault is not None
    assert (fault.segment, fault.offset) == (one, 0)
    assert "chain breaks" in fault.problem


def test_a_renamed_segment_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(10))
    (tmp_path / "00000000.segment").rename(tmp_path / "00000004.segment")

    fault = check(tmp_path).fault

    assert fault is not None
    assert fault.problem == "the header says that this is segment 0"


def test_a_record_taken_out_with_its_checksum_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    segment = tmp_path / "00000000.segment"
    content = segment.read_bytes()
    segment.write_bytes(content[:HEADER_BYTES] + content[HEADER_BYTES + 80 :])

    fault = check(tmp_path).fault

    assert fault is not None
    assert "the seal is for" in fault.problem


def test_a_record_replaced_with_its_checksum_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path / "one", [frame(0), frame(1), frame(2)])
    write_journal(tmp_path / "two", [frame(0), frame(3), frame(2)])
    one, two = (tmp_path / name / "00000000.segment" for name in ("one", "two"))
    contents = one.read_bytes(), two.read_bytes()
    start, end = HEADER_BYTES + 80, HEADER_BYTES + 160
    one.write_bytes(contents[0][:start] + contents[1][start:end] + contents[0][end:])

    fault = check(tmp_path / "one").fault

    assert fault is not None
    assert "fails its checksum" in fault.problem


def test_an_unfinished_record_is_a_fault(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    segment = tmp_path / "00000000.segment"
    size = segment.stat().st_size
    with segment.open("ab") as file:
        file.write(b"\x80\x00\x00\x00half a rec")

    fault = check(tmp_path).fault

    assert fault is not None
    assert (fault.segment, fault.offset, fault.problem) == (segment, size, "unfinished record")


def test_a_closed_segment_without_its_last_seal_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=50, segment_bytes=2_000)
    first = list_segments(tmp_path)[0]
    first.write_bytes(first.read_bytes()[:-96])

    fault = check(tmp_path).fault

    assert fault is not None
    assert fault.problem == "the segment was closed without a seal"


def test_a_damaged_zstd_file_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100))
    compressed = compress_segment(tmp_path / "00000000.segment")
    content = bytearray(compressed.read_bytes())
    content[len(content) // 2] ^= 0xFF
    compressed.write_bytes(content)

    fault = check(tmp_path).fault

    assert fault is not None
    assert fault.segment == compressed


def test_no_journal_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal there"):
        check(tmp_path)
