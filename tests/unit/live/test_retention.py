"""A run's journal is kept within its limits, but never while it matters."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from signald.config.sections import JournalConfig
from signald.journal.segments import list_segments
from signald.live.retention import PROTECTED_NS, Retention
from signald.model.time import NS_PER_S
from tests.support.clocks import HandClock
from tests.support.journals import frame, frames, write_journal

DAY_NS = 86_400 * NS_PER_S
LAST = frame(999).ts_ingest


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return write_journal(tmp_path / "journal", frames(1_000), segment_bytes=4_096)


def kept(journal: Path) -> JournalConfig:
    return JournalConfig(path=str(journal), keep_gb=1e-8)


def segments(journal: Path) -> int:
    return len(list_segments(journal))


async def test_what_is_too_much_goes_once_it_is_old_enough(journal: Path) -> None:
    before = await asyncio.to_thread(segments, journal)
    clock = HandClock(frame(500).ts_ingest + PROTECTED_NS)
    retention = Retention(kept(journal), clock, is_calm=lambda: True)

    await retention.look()
    young = retention.removed
    clock.ts += DAY_NS
    await retention.look()

    assert 0 < young < retention.removed == before - 2
    assert await asyncio.to_thread(segments, journal) == 2


async def test_nothing_goes_while_a_release_is_open_or_a_signal_waits(journal: Path) -> None:
    retention = Retention(kept(journal), HandClock(LAST + DAY_NS), is_calm=lambda: False)

    await retention.look()

    assert retention.removed == 0
    assert retention.held > retention.most > 0


async def test_days_are_counted_from_now(journal: Path) -> None:
    config = JournalConfig(path=str(journal), keep_days=1)
    retention = Retention(config, HandClock(LAST + DAY_NS + NS_PER_S), is_calm=lambda: True)
    forever = Retention(
        msgspec.structs.replace(config, keep_days=0), HandClock(LAST + 9 * DAY_NS), is_calm=lambda: True
    )

    await forever.look()
    await retention.look()

    assert forever.removed == 0
    assert retention.removed > 0


async def test_a_file_system_that_refuses_ends_nothing(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    retention = Retention(kept(journal), HandClock(LAST + DAY_NS), is_calm=lambda: True)
    monkeypatch.setattr(Path, "unlink", refuse)

    await retention.look()

    assert retention.removed == 0
