import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from signald.errors import VintageError
from signald.model.macro import Heartbeat
from signald.runtime.backoff import Backoff
from signald.vintages import Entry, VintageRecorder, VintageStore
from tests.support.calendar import CPI_JANUARY, DAY, T0
from tests.support.vintages import figure, schedule


class FailingStore(VintageStore):
    """Refuses the first ``failures`` writes."""

    def __init__(self, path: Path | None, failures: int) -> None:
        super().__init__(path)
        self.failures = failures

    def record_all(self, entries: Iterable[Entry]) -> None:
        if self.failures:
            self.failures -= 1
            where, problem = "vintages", "disk full"
            raise VintageError(where, problem)
        super().record_all(entries)


async def written(store: VintageStore) -> None:
    async with asyncio.timeout(5):
        while [one.actual for one in await asyncio.to_thread(store.as_of, T0 + 1)] != [3.0]:
            pass


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - it is another thread's state
            await asyncio.sleep(0.001)


def locked(path: Path) -> sqlite3.Connection:
    VintageStore(path).close()
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def actuals(path: Path) -> list[float | None]:
    with VintageStore(path) as store:
        return [one.actual for one in store.as_of(T0 + 1)]


@pytest.fixture
def store() -> VintageStore:
    return VintageStore(None)


@pytest.fixture
def failing() -> FailingStore:
    return FailingStore(None, failures=3)


async def test_what_happened_is_written_in_time_and_the_rest_left(store: VintageStore) -> None:
    recorder = VintageRecorder(lambda: store, settle_s=0.0)
    heartbeat = Heartbeat(source="bls", sequence=1, ts_event=T0, ts_ingest=T0, covers=("us.*",))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9), heartbeat])
        recorder.record([figure(T0 + 1, 3.0), "nothing"])
        await written(store)
        running.cancel()

    assert [one.release_id for one in await asyncio.to_thread(store.as_of, T0)] == [CPI_JANUARY]


async def test_a_store_that_fails_gets_everything_when_it_is_back(failing: FailingStore) -> None:
    recorder = VintageRecorder(lambda: failing, backoff=Backoff(first_s=0.001, cap_s=0.002), settle_s=0.0)

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9), figure(T0 + 1, 3.0)])
        await written(failing)
        running.cancel()

    assert recorder.failures == 3


def test_beyond_its_room_the_oldest_is_given_up_and_counted(tmp_path: Path) -> None:
    recorder = VintageRecorder(lambda: VintageStore(tmp_path / "kept"), capacity=2)

    recorder.record(schedule(T0 - day * DAY, float(day)) for day in (3, 2, 1))
    recorder.flush()

    assert recorder.dropped == 1
    with VintageStore(tmp_path / "kept") as store:
        assert [one.consensus for one in store.as_of(T0)] == [1.0]
        assert store.as_of(T0 - 3 * DAY) == ()


def test_a_flush_into_a_broken_store_does_not_fail() -> None:
    recorder = VintageRecorder(lambda: FailingStore(None, failures=1))
    recorder.record([schedule(T0 - DAY, 2.9)])

    recorder.flush()

    assert recorder.dropped == 0


async def test_a_store_that_cannot_be_opened_hurts_nobody_and_gets_everything_when_it_can(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"this is no database" * 1_000)
    recorder = VintageRecorder(
        lambda: VintageStore(path), backoff=Backoff(first_s=0.001, cap_s=0.002), settle_s=0.0, capacity=10
    )

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9), figure(T0 + 1, 3.0)])
        await until(lambda: recorder.is_failing)
        await asyncio.to_thread(path.unlink)
        await until(lambda: recorder.written == 2)
        running.cancel()
    await asyncio.to_thread(recorder.flush)

    assert not recorder.is_failing
    assert recorder.dropped == 0
    assert await asyncio.to_thread(actuals, path) == [3.0]


async def test_a_store_that_somebody_holds_locked_is_written_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    holder = await asyncio.to_thread(locked, path)
    recorder = VintageRecorder(
        lambda: VintageStore(path, patience_s=0.0), backoff=Backoff(first_s=0.001, cap_s=0.002), settle_s=0.0
    )

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9)])
        await until(lambda: recorder.failures > 1)
        await asyncio.to_thread(holder.close)
        await until(lambda: recorder.written == 1 and not recorder.is_failing)
        running.cancel()
    await asyncio.to_thread(recorder.flush)

    assert (recorder.written, recorder.is_failing) == (1, False)


async def test_what_the_run_was_ended_over_is_written_by_the_flush(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    recorder = VintageRecorder(lambda: VintageStore(path), settle_s=60.0)

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9), figure(T0 + 1, 3.0)])
        await asyncio.sleep(0)
        running.cancel()
    await asyncio.to_thread(recorder.flush)

    assert recorder.written == 2
    assert await asyncio.to_thread(actuals, path) == [3.0]
