"""What a journal promises when its writer is another process that dies, runs out of disk, or goes on writing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.journal.check import check
from signald.journal.reader import read
from signald.journal.writer import JournalWriter
from tests.support.journals import frame, frames

ROOT = Path(__file__).parents[3]

WRITE_FOR_EVER = """
import sys, threading
from pathlib import Path
from signald.journal.writer import JournalWriter
from tests.support.journals import frame
writer = JournalWriter(Path(sys.argv[1]), segment_bytes=50_000, block_bytes=10_000)
def keep_syncing():
    while True:
        writer.sync()
threading.Thread(target=keep_syncing, daemon=True).start()
number = 0
while True:
    for _ in range(number % 3 + 1):
        writer.append(frame(number))
        number += 1
    writer.flush()
    print(number, flush=True)
"""

WRITE_UNTIL_FULL = """
import resource, sys
from pathlib import Path
from signald.errors import JournalError
from signald.journal.writer import JournalWriter
from tests.support.journals import frame
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
writer = JournalWriter(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
said = 0
for number in range(200):
    try:
        writer.append(frame(number))
        writer.flush()
    except JournalError:
        said += 1
failing = writer.status().failing
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
writer.sync()
print(said, failing, writer.status().failing or "well", sep=",", flush=True)
writer.close()
"""


@pytest.fixture
def forever(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("flushes", [1, 2, 50, 1_000])
def test_a_killed_writer_loses_nothing_that_was_flushed(
    forever: subprocess.Popen[str], tmp_path: Path, flushes: int
) -> None:
    assert forever.stdout is not None
    for _ in range(flushes):
        flushed = int(forever.stdout.readline())

    os.kill(forever.pid, signal.SIGKILL)
    flushed = max([flushed, *(int(line) for line in forever.stdout if line.endswith("\n"))])
    forever.wait()

    kept = list(read(tmp_path))
    assert len(kept) >= flushed
    assert kept == frames(len(kept))
    with JournalWriter(tmp_path) as writer:  # a write that the kill tore may be cut; it was not flushed
        assert {cut.problem for cut in writer.recovered} <= {"unfinished header", "unfinished record"}
        writer.append(frame(len(kept)))
    assert list(read(tmp_path)) == frames(len(kept) + 1)
    assert check(tmp_path).fault is None


def test_a_reader_sees_all_that_was_flushed_before_it_began(forever: subprocess.Popen[str], tmp_path: Path) -> None:
    assert forever.stdout is not None
    for _ in range(20):
        flushed = int(forever.stdout.readline())

        seen = list(read(tmp_path))

        assert len(seen) >= flushed
        assert seen == frames(len(seen))


def test_a_full_disk_is_said_once_and_the_journal_resumes(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", WRITE_UNTIL_FULL, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )

    assert done.stdout.strip() == "1,File too large,well"
    assert list(read(tmp_path)) == frames(200)
    assert check(tmp_path).fault is None
