from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.compression import compress_segment
from signald.journal.format import HEADER_BYTES
from signald.journal.reader import merge, read
from signald.journal.segments import list_segments, open_segment
from signald.journal.writer import JournalWriter
from tests.support.journals import frame, frames, write_journal


def test_one_segment_file_can_be_read(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))

    assert list(read(tmp_path / "00000000.segment")) == frames(3)


def test_a_compressed_segment_file_can_be_read(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))

    compressed = compress_segment(tmp_path / "00000000.segment")

    assert compressed.name == "00000000.segment.zst"
    assert list(read(compressed)) == frames(3)
    assert list(read(tmp_path)) == frames(3)


def test_from_is_inclusive_and_to_is_exclusive(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(10))

    records = list(read(tmp_path, from_ts=frame(3).ts_ingest, to_ts=frame(6).ts_ingest))

    assert records == frames(6)[3:]


def test_segments_before_from_are_not_opened(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=1, segment_bytes=2_000)
    list_segments(tmp_path)[0].write_bytes(b"unreadable")

    records = list(read(tmp_path, from_ts=frame(90).ts_ingest))

    assert records == frames(100)[90:]


def test_a_clock_set_back_hides_nothing_from_a_reader_that_seeks(tmp_path: Path) -> None:
    late_then_early = [*frames(100)[50:], *frames(50)]
    write_journal(tmp_path, late_then_early, sync_every=1, segment_bytes=1_000)

    records = list(read(tmp_path, from_ts=frame(40).ts_ingest))

    assert records == [*frames(100)[50:], *frames(50)[40:]]


def test_no_journal_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal there"):
        list(read(tmp_path))
    with pytest.raises(JournalError, match="No such file"):
        list(read(tmp_path / "nowhere"))


def test_a_file_that_is_no_segment_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"not a journal at all, but as long as a header would have to be; even longer")

    with pytest.raises(JournalError, match=r"notes\.txt: not a journal segment"):
        list(read(tmp_path / "notes.txt"))


def test_a_damaged_zstd_file_is_an_error(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100))
    compressed = compress_segment(tmp_path / "00000000.segment")
    content = bytearray(compressed.read_bytes())
    content[len(content) // 2] ^= 0xFF
    compressed.write_bytes(content)

    with pytest.raises(JournalError, match=r"00000000\.segment\.zst"):
        list(read(tmp_path))


def test_an_unfinished_record_ends_the_reading_quietly(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3), sync_every=1)
    segment = tmp_path / "00000000.segment"
    with segment.open("ab") as file:
        file.write(b"\x80\x00\x00\x00half a rec")

    assert list(read(tmp_path)) == frames(3)


def test_a_segment_without_its_header_ends_the_reading_quietly(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    (tmp_path / "00000001.segment").write_bytes(b"SIGN")

    assert list(read(tmp_path)) == frames(3)


def test_zeros_that_a_power_cut_left_end_the_reading_quietly(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    with (tmp_path / "00000000.segment").open("ab") as file:
        file.write(bytes(4_096))

    assert list(read(tmp_path)) == frames(3)


def test_damage_to_what_was_synced_is_an_error_that_names_the_byte(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(10), sync_every=3)
    segment = tmp_path / "00000000.segment"
    content = bytearray(segment.read_bytes())
    content[HEADER_BYTES + 30] ^= 1
    segment.write_bytes(content)

    with pytest.raises(JournalError, match=f"damaged at byte {HEADER_BYTES}: record fails its checksum"):
        list(read(tmp_path))


def test_a_closed_segment_that_ends_early_is_an_error(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(100), sync_every=1, segment_bytes=2_000)
    first = list_segments(tmp_path)[0]
    first.write_bytes(first.read_bytes()[:-7])

    with pytest.raises(JournalError, match="unfinished record"):
        list(read(tmp_path))


def test_a_reader_sees_what_is_written_while_it_reads(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, segment_bytes=2_000) as writer:
        writer.append(frame(0))
        writer.flush()
        records = read(tmp_path)
        seen = [next(records)]

        for record in frames(200)[1:]:
            writer.append(record)
            writer.flush()
        writer.sync()
        seen.extend(records)

    assert seen == frames(200)


def test_a_segment_compressed_between_listing_and_opening_is_found(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    listed = list_segments(tmp_path)
    compress_segment(listed[0])

    with open_segment(listed[0]) as file:
        assert file.read(8) == b"SIGNALDJ"


def test_of_a_segment_that_lies_there_twice_one_is_read(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(3))
    plain = (tmp_path / "00000000.segment").read_bytes()
    compress_segment(tmp_path / "00000000.segment")
    (tmp_path / "00000000.segment").write_bytes(plain)

    assert list(read(tmp_path)) == frames(3)


def test_journals_are_merged_by_time_and_equals_in_the_order_given(tmp_path: Path) -> None:
    books = write_journal(tmp_path / "books", [frame(0, channel="b"), frame(2, channel="b"), frame(4, channel="b")])
    calendar = write_journal(tmp_path / "calendar", [frame(2, channel="c"), frame(3, channel="c")])

    merged = [(record.ts_ingest % 1_000_000 // 1_000, record.channel) for record in merge([calendar, books])]

    assert merged == [(0, "b"), (2, "c"), (2, "b"), (3, "c"), (4, "b")]


def test_merging_keeps_each_journals_own_order(tmp_path: Path) -> None:
    set_back = write_journal(tmp_path / "one", [frame(5), frame(1), frame(6)])
    other = write_journal(tmp_path / "two", [frame(3, channel="c")])

    merged = list(merge([set_back, other]))

    assert merged == [frame(3, channel="c"), frame(5), frame(1), frame(6)]
