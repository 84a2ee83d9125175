"""A disk that is really full, as a small file system of its own; needs a kernel that lets us mount one."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.check import check
from signald.journal.reader import read
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind

SIZE = 256 << 10
PAYLOAD = bytes(1_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(  # noqa: S603 - our own words
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(where)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system here: {mounted.stderr.decode().strip()}")
    try:
        yield where
    finally:
        subprocess.run(["/bin/umount", str(where)], check=True)  # noqa: S603 - our own words


def test_what_did_not_fit_is_written_when_there_is_room_and_nothing_is_missing(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(SIZE // 2))
    journal = small_disk / "journal"
    records = [Record(RecordKind.MESSAGE, number, "mqtt", f"{number}", PAYLOAD) for number in range(200)]
    failures = 0

    with JournalWriter(journal) as writer:
        for record in records:
            writer.append(record)
            try:
                writer.flush()
            except JournalError:
                failures += 1
        failing = writer.status().failing
        ballast.unlink()
        writer.sync()

    assert (failures, failing) == (1, "No space left on device")
    assert list(read(journal)) == records
    assert check(journal).fault is None
