"""A disk that is really full, as a small file system of its own; needs a kernel that lets us mount one."""

import asyncio
import contextlib
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.check import check
from signald.journal.reader import read
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind
from tests.chaos.cases import Case
from tests.chaos.catalogue import DiskFull
from tests.chaos.nursery import Nursery
from tests.chaos.world import Shape, World

SIZE = 256 << 10
PAYLOAD = bytes(1_000)


@contextlib.contextmanager
def small_disk_at(where: Path, size: int) -> Iterator[Path]:
    """A file system of so many bytes."""
    where.mkdir()
    mounted = subprocess.run(  # noqa: S603 - our own words
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system here: {mounted.stderr.decode().strip()}")
    try:
        yield where
    finally:
        subprocess.run(["/bin/umount", str(where)], check=True)  # noqa: S603 - our own words


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk", SIZE) as where:
        yield where


class DiskReallyFull(DiskFull):
    """Somebody else takes all the room that is left on the replica's disk, and gives it back when all is said."""

    async def strike(self) -> None:
        self.ballast = self.replica.journal / "ballast"
        with contextlib.suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(PAYLOAD)

    async def heal(self, said: asyncio.Event) -> None:
        await said.wait()
        await self.world.until(lambda: self.replica.metrics().get("signald_journal_failing") == 1.0, 20.0)
        self.ballast.unlink()


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


@pytest.mark.timeout(120)
def test_a_daemon_whose_disk_is_full_goes_on_publishing_says_so_and_keeps_all_when_there_is_room(
    tmp_path: Path,
) -> None:
    async def run() -> tuple[str, ...]:
        rng = random.Random(7)
        async with World(Shape("wheels", 1, persistent=False), tmp_path, nursery, rng) as world:
            outcome = await Case(world, [DiskReallyFull(world, rng)], rng, set()).run()
            return (*outcome.problems, *await world.end_daemons())

    with small_disk_at(tmp_path / "replica-0-journal", 4 << 20), Nursery() as nursery:
        problems = asyncio.run(run())

    assert problems == ()
