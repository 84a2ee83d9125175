"""The live shell's way with a journal: append and flush in the event loop, sync in a thread."""

import asyncio
from pathlib import Path

import pytest

from signald.journal.check import check
from signald.journal.reader import read
from signald.journal.writer import JournalWriter
from tests.support.journals import frames


@pytest.fixture
def writer(tmp_path: Path) -> JournalWriter:
    return JournalWriter(tmp_path, segment_bytes=20_000, block_bytes=5_000)


async def test_flushing_does_not_wait_for_the_disk(writer: JournalWriter, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        for count, record in enumerate(frames(2_000)):
            writer.append(record)
            writer.flush()
            if count % 100 == 0:
                tasks.create_task(asyncio.to_thread(writer.sync), name="sync")
                await asyncio.sleep(0)

    await asyncio.to_thread(writer.close)
    kept = await asyncio.to_thread(lambda: list(read(tmp_path)))
    assert kept == frames(2_000)
    result = await asyncio.to_thread(check, tmp_path)
    assert result.fault is None
