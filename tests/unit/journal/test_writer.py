import errno
import os
import threading
from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal import appender
from signald.journal.check import check
from signald.journal.format import encode_record
from signald.journal.reader import read
from signald.journal.stat import stat
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind
from tests.support.journals import frame, frames


class FullDisk:
    """Stands for ``os.write`` on a disk with ``room`` bytes left."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, handle: int, data: memoryview) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(handle, data[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    disk = FullDisk(1 << 40)
    patched = type("os", (), {**vars(os), "write": disk.write})
    monkeypatch.setattr(appender, "os", patched)
    return disk


def test_what_was_flushed_can_be_read(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    for record in frames(3):
        writer.append(record)

    writer.flush()

    assert list(read(tmp_path)) == frames(3)
    writer.close()


def test_what_was_not_flushed_is_not_in_the_file(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        writer.append(frame(0))
        writer.flush()

        writer.append(frame(1))

        assert list(read(tmp_path)) == [frame(0)]


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    with JournalWriter(tmp_path), pytest.raises(JournalError, match="another process is writing"):
        JournalWriter(tmp_path)


def test_a_closed_journal_lets_another_writer_in(tmp_path: Path) -> None:
    JournalWriter(tmp_path).close()

    JournalWriter(tmp_path).close()


def test_a_path_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(JournalError, match="cannot be made a journal"):
        JournalWriter(tmp_path / "file")


def test_appending_to_a_closed_journal_is_refused(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.close()
    writer.close()

    with pytest.raises(JournalError, match="closed"):
        writer.append(frame(0))


def test_a_writer_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    for number in range(5):
        with JournalWriter(tmp_path) as writer:
            assert writer.recovered == ()
            writer.append(frame(number))

    assert list(read(tmp_path)) == frames(5)
    assert check(tmp_path).fault is None
    assert check(tmp_path).blocks == 5


def test_opening_and_closing_writes_nothing(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        writer.append(frame(0))
    size = stat(tmp_path).disk_bytes

    JournalWriter(tmp_path).close()

    assert stat(tmp_path).disk_bytes == size


def test_each_sync_seals_a_block_if_there_is_something_in_it(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        for number in range(3):
            writer.append(frame(number))
            writer.sync()
            writer.sync()

    result = check(tmp_path)
    assert (result.blocks, result.records, result.unsealed, result.fault) == (3, 3, 0, None)


def test_a_long_block_is_sealed_without_a_sync(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, block_bytes=1_000)
    for record in frames(100):
        writer.append(record)

    writer.flush()

    assert check(tmp_path).blocks >= 5
    writer.close()


def test_a_long_segment_is_closed_and_compressed(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, segment_bytes=2_000, block_bytes=500) as writer:
        for record in frames(100):
            writer.append(record)
            writer.flush()

    numbers = stat(tmp_path)
    assert numbers.segments > 3
    assert numbers.compressed == numbers.segments - 1
    assert list(read(tmp_path)) == frames(100)
    assert check(tmp_path).fault is None


def test_the_same_records_and_syncs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with JournalWriter(tmp_path / name, segment_bytes=2_000) as writer:
            for record in frames(100):
                writer.append(record)
                writer.flush()

    assert check(tmp_path / "one") == check(tmp_path / "two")
    one = sorted((tmp_path / "one").glob("*.segment*"))
    assert [path.read_bytes() for path in one] == [(tmp_path / "two" / path.name).read_bytes() for path in one]


def test_closed_segments_may_stay_as_they_are(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, segment_bytes=2_000, compress=False) as writer:
        for record in frames(100):
            writer.append(record)
            writer.flush()

    assert stat(tmp_path).compressed == 0
    assert list(read(tmp_path)) == frames(100)


def test_the_status_counts_what_a_power_cut_would_take(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        writer.append(frame(0))
        assert writer.needs_sync()
        assert writer.status().buffered_bytes == len(encode_record(frame(0)))

        writer.flush()
        assert writer.status().buffered_bytes == 0
        assert writer.status().unsynced_bytes > 0

        writer.sync()
        assert not writer.needs_sync()
        assert writer.status().unsynced_bytes == 0


def test_a_thread_may_sync_while_records_are_appended(tmp_path: Path) -> None:
    done = threading.Event()
    with JournalWriter(tmp_path, segment_bytes=50_000, block_bytes=20_000) as writer:

        def keep_syncing() -> None:
            while not done.is_set():
                writer.sync()

        thread = threading.Thread(target=keep_syncing)
        thread.start()
        for record in frames(5_000):
            writer.append(record)
            writer.flush()
        done.set()
        thread.join()

    assert list(read(tmp_path)) == frames(5_000)
    assert check(tmp_path).fault is None


def test_a_full_disk_is_said_once(tmp_path: Path, disk: FullDisk) -> None:
    writer = JournalWriter(tmp_path)
    disk.room = 0
    writer.append(frame(0))

    with pytest.raises(JournalError, match="No space left"):
        writer.flush()

    writer.append(frame(1))
    writer.flush()
    writer.sync()
    assert writer.status().failing == "No space left on device"
    with pytest.raises(JournalError, match="bytes were not written"):
        writer.close()


@pytest.mark.parametrize("room", [0, 1, 71, 72, 73, 100, 500, 1_000])
def test_a_journal_resumes_where_the_disk_was_full(tmp_path: Path, disk: FullDisk, room: int) -> None:
    writer = JournalWriter(tmp_path, block_bytes=500)
    disk.room = room
    said = 0
    for record in frames(20):
        try:
            writer.append(record)
            writer.flush()
        except JournalError:
            said += 1

    disk.room = 1 << 40
    writer.sync()

    assert said == 1
    assert writer.status().failing == ""
    assert list(read(tmp_path)) == frames(20)
    writer.close()
    assert check(tmp_path).fault is None


def test_a_second_full_disk_is_said_again(tmp_path: Path, disk: FullDisk) -> None:
    writer = JournalWriter(tmp_path)
    for number in range(2):
        disk.room = 10
        writer.append(frame(number))
        with pytest.raises(JournalError, match="No space left"):
            writer.flush()
        disk.room = 1 << 40
        writer.sync()

    writer.close()
    assert list(read(tmp_path)) == frames(2)


def test_memory_stays_bounded_and_what_was_lost_is_marked(tmp_path: Path, disk: FullDisk) -> None:
    writer = JournalWriter(tmp_path, block_bytes=1_000, buffer_limit_bytes=4_000)
    disk.room = 0
    writer.append(frame(0))
    with pytest.raises(JournalError, match="No space left"):
        writer.flush()
    for record in frames(1_000)[1:]:
        writer.append(record)
    assert writer.status().buffered_bytes < 2_200
    lost = writer.status().lost

    disk.room = 1 << 40
    writer.sync()
    writer.append(frame(2_000))
    writer.close()

    kept = list(read(tmp_path))
    assert kept == [*frames(1_000 - lost), frame(2_000)]
    assert check(tmp_path).lost == lost
    assert check(tmp_path).fault is None


def test_signals_are_kept_when_frames_no_longer_are(tmp_path: Path, disk: FullDisk) -> None:
    writer = JournalWriter(tmp_path, block_bytes=1_000, buffer_limit_bytes=4_000)
    disk.room = 0
    writer.append(frame(0))
    with pytest.raises(JournalError, match="No space left"):
        writer.flush()
    for record in frames(100)[1:]:
        writer.append(record)
    lost = writer.status().lost
    signal = Record(RecordKind.SIGNAL, frame(101).ts_ingest, "", "id", b"{}")

    writer.append(signal)

    assert writer.status().lost == lost
    disk.room = 1 << 40
    writer.close()
    assert list(read(tmp_path))[-1] == signal


def test_a_disk_that_cannot_sync_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(handle))

    writer = JournalWriter(tmp_path)
    writer.append(frame(0))
    monkeypatch.setattr(appender, "os", type("os", (), {**vars(os), "fdatasync": refuse}))

    with pytest.raises(JournalError, match="cannot sync: Input/output error"):
        writer.sync()
    writer.sync()
    assert writer.status().failing == "Input/output error"

    monkeypatch.undo()
    writer.sync()
    assert writer.status().failing == ""
    writer.close()
    assert list(read(tmp_path)) == [frame(0)]
