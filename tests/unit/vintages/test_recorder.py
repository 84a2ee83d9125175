import asyncio
from collections.abc import Iterable
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


@pytest.fixture
def store() -> VintageStore:
    return VintageStore(None)


@pytest.fixture
def failing() -> FailingStore:
    return FailingStore(None, failures=3)


async def test_what_happened_is_written_in_time_and_the_rest_left(store: VintageStore) -> None:
    recorder = VintageRecorder(store)
    heartbeat = Heartbeat(source="bls", sequence=1, ts_event=T0, ts_ingest=T0, covers=("us.*",))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9), heartbeat])
        recorder.record([figure(T0 + 1, 3.0), "nothing"])
        await written(store)
        running.cancel()

    assert [one.release_id for one in await asyncio.to_thread(store.as_of, T0)] == [CPI_JANUARY]


async def test_a_store_that_fails_gets_everything_when_it_is_back(failing: FailingStore) -> None:
    recorder = VintageRecorder(failing, backoff=Backoff(first_s=0.001, cap_s=0.002))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        recorder.record([schedule(T0 - DAY, 2.9), figure(T0 + 1, 3.0)])
        await written(failing)
        running.cancel()

    assert recorder.failures == 3


def test_beyond_its_room_the_oldest_is_given_up_and_counted(store: VintageStore) -> None:
    recorder = VintageRecorder(store, capacity=2)

    recorder.record(schedule(T0 - day * DAY, float(day)) for day in (3, 2, 1))
    recorder.flush()

    assert recorder.dropped == 1
    assert [one.consensus for one in store.as_of(T0)] == [1.0]
    assert store.as_of(T0 - 3 * DAY) == ()


def test_a_flush_into_a_broken_store_does_not_fail() -> None:
    recorder = VintageRecorder(FailingStore(None, failures=1))
    recorder.record([schedule(T0 - DAY, 2.9)])

    recorder.flush()

    assert recorder.dropped == 0
