"""The journal comes to the disk in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.errors import JournalError
from signald.journal.writer import JournalWriter
from signald.live.journal_sync import JournalSync
from signald.model.records import Record, RecordKind
from signald.runtime.clock import LiveClock
from tests.support.recording import until

LONG_NS = 50_000_000
RECORD = Record(RecordKind.MESSAGE, 1, "mqtt", "heartbeat/bls", b"{}")


def fail(error: JournalError) -> None:
    pytest.fail(str(error))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    with JournalWriter(tmp_path) as writer:
        yield writer


async def test_what_was_appended_is_synced_and_the_thread_ends_with_the_task(journal: JournalWriter) -> None:
    sync = JournalSync(journal, clock=LiveClock(), interval_s=0.001, on_failure=fail)
    journal.append(RECORD)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(sync.run())
        await until(lambda: not journal.needs_sync())
        task.cancel()

    assert journal.status().unsynced_bytes == 0
    assert sync.lag_ns() == 0
    assert "journal-sync" not in {thread.name for thread in threading.enumerate()}


async def test_a_failing_disk_is_told_in_the_loop_and_tried_again(
    journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def tell(_: JournalError) -> None:
        told.append(threading.current_thread().name)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    sync = JournalSync(journal, clock=LiveClock(), interval_s=0.001, on_failure=tell)
    async with asyncio.TaskGroup() as group:
        with monkeypatch.context() as patched:
            patched.setattr("signald.journal.appender.os.fdatasync", full)
            journal.append(RECORD)
            task = group.create_task(sync.run())
            await until(lambda: bool(told))
            await until(lambda: sync.lag_ns() > LONG_NS)
        await until(lambda: not journal.needs_sync())
        task.cancel()

    assert told == [threading.current_thread().name]


async def test_a_bug_ends_the_task(journal: JournalWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = JournalSync(journal, clock=LiveClock(), interval_s=0.001, on_failure=fail)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "needs_sync", lambda: 1 // 0)

        with pytest.raises(ZeroDivisionError):
            await sync.run()
