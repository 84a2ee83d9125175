"""Old segments go from a journal's beginning; what is left is as sound as it was."""

from pathlib import Path

import pytest

from signald.journal.check import check_all
from signald.journal.parts import parts
from signald.journal.reader import read
from signald.journal.retention import trim
from signald.journal.segments import list_segments, segment_number
from signald.journal.writer import JournalWriter
from tests.support.journals import frame, frames, write_journal

NEVER = 1 << 62
SEGMENT_BYTES = 4_096


def size_of(journal: Path) -> int:
    return sum(file.stat().st_size for part in parts(journal) for file in part.iterdir() if file.is_file())


def long_journal(path: Path, *, compress: bool = False) -> Path:
    return write_journal(path, frames(1_000), sync_every=50, segment_bytes=SEGMENT_BYTES, compress=compress)


def ts_of(number: int) -> int:
    return frame(number).ts_ingest


@pytest.mark.parametrize("compress", [False, True])
def test_the_eldest_go_until_the_journal_is_small_enough(tmp_path: Path, *, compress: bool) -> None:
    journal = long_journal(tmp_path / "journal", compress=compress)
    most = size_of(journal) // 2

    done = trim(journal, older=0, beyond=most, until=NEVER)

    assert done.held == size_of(journal) <= most
    assert done.removed == segment_number(list_segments(journal)[0]) > 0
    kept = [record.ts_ingest for record in read(journal)]
    assert kept == [ts_of(number) for number in range(1_000)][-len(kept) :]
    assert check_all(parts(journal)).fault is None


def test_what_is_older_goes_and_no_more(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")

    trim(journal, older=ts_of(500), beyond=0, until=NEVER)

    first = next(iter(read(journal))).ts_ingest
    assert ts_of(500) - SEGMENT_BYTES * 1_000 < first <= ts_of(500)


def test_nothing_goes_where_nothing_is_to(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")
    before = size_of(journal)

    assert trim(journal, older=0, beyond=0, until=NEVER) == (before, 0)
    assert trim(journal, older=NEVER, beyond=1, until=0) == (before, 0)


def test_what_is_protected_stays_whatever_its_size(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")

    trim(journal, older=0, beyond=1, until=ts_of(500))

    assert next(iter(read(journal))).ts_ingest <= ts_of(500)


def test_the_segments_at_the_end_stay_and_the_next_run_goes_on_behind_them(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")

    trim(journal, older=NEVER, beyond=0, until=NEVER)
    with JournalWriter(journal, segment_bytes=SEGMENT_BYTES, compress=False) as writer:
        writer.append(frame(1_000))

    assert len(list_segments(journal)) == 2
    assert [record.ts_ingest for record in read(journal)][-2:] == [ts_of(999), ts_of(1_000)]
    assert check_all(parts(journal)).fault is None


def test_of_a_run_and_its_feed_workers_the_eldest_goes_wherever_it_lies(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")
    feed = write_journal(
        journal / "feed-1", [frame(number) for number in range(5_000, 6_000)], segment_bytes=SEGMENT_BYTES
    )
    younger = len(list_segments(feed))

    trim(journal, older=0, beyond=size_of(journal) * 3 // 4, until=NEVER)

    assert len(list_segments(feed)) == younger
    assert segment_number(list_segments(journal)[0]) > 0


def test_what_was_cut_off_goes_with_its_segment(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")
    cut = journal / "00000001.segment.0.cut"
    cut.write_bytes(b"torn")

    trim(journal, older=NEVER, beyond=0, until=NEVER)

    assert not cut.exists()


def test_nothing_behind_a_damaged_segment_goes(tmp_path: Path) -> None:
    journal = long_journal(tmp_path / "journal")
    damaged = list_segments(journal)[2]
    damaged.write_bytes(b"\0" * 100)

    done = trim(journal, older=NEVER, beyond=0, until=NEVER)

    assert done.removed == 1
    assert damaged.exists()
