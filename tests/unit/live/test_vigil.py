"""Around a release the loop does not sleep."""

import asyncio

import pytest

from signald.live.vigil import Vigil
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S
from tests.support.calendar import CPI_JANUARY, T0, schedule_payload
from tests.support.pipelines import build_pipeline
from tests.support.recording import until
from tests.unit.live.test_rehearsal import Clock


def build(now: int, *, around_s: float) -> tuple[Vigil, Clock]:
    """A vigil over a release that is due at T0."""
    pipeline, clock = build_pipeline(), Clock(now)
    key = f"calendar/schedule/{CPI_JANUARY}/bls"
    pipeline.feed(Record(RecordKind.MESSAGE, T0 - 7_200 * NS_PER_S, "mqtt", key, schedule_payload()))
    return Vigil(pipeline.engine, clock, around_s=around_s), clock


async def test_it_watches_until_the_release_is_over() -> None:
    vigil, clock = build(T0 - NS_PER_S, around_s=2.0)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(vigil.run())
        await until(lambda: vigil.turns > 100)
        clock.wall = T0 + 2 * NS_PER_S
        await asyncio.sleep(0)
        watched = vigil.turns
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()

    assert vigil.turns <= watched + 1


@pytest.mark.parametrize("now", [T0 - 3 * NS_PER_S, T0 + 2 * NS_PER_S])
async def test_it_sleeps_when_no_release_is_near(now: int) -> None:
    vigil, _ = build(now, around_s=2.0)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(vigil.run())
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()

    assert vigil.turns == 0


async def test_who_does_not_want_it_has_none() -> None:
    vigil, _ = build(T0, around_s=0.0)

    await vigil.run()

    assert vigil.turns == 0
