"""Whose fault it was that the loop came late."""

import asyncio

from signald.model.time import NS_PER_MS
from signald.runtime.clock import LiveClock
from signald.runtime.stalls import STALL_NS, StallWatch
from tests.support.recording import until


def test_a_turn_that_is_hardly_late_is_none() -> None:
    watch = StallWatch(LiveClock())

    watch.note(late_ns=STALL_NS - 1, used_ns=STALL_NS)

    assert (watch.ours, watch.elsewhere) == (0, 0)


def test_a_stall_is_ours_if_we_worked_that_long() -> None:
    watch = StallWatch(LiveClock())

    watch.note(late_ns=9 * NS_PER_MS, used_ns=8 * NS_PER_MS)
    watch.note(late_ns=7 * NS_PER_MS, used_ns=8 * NS_PER_MS)
    watch.note(late_ns=50 * NS_PER_MS, used_ns=1 * NS_PER_MS)

    assert (watch.ours, watch.elsewhere) == (2, 1)
    assert watch.longest_ns == 9 * NS_PER_MS


def test_a_stall_is_not_ours_if_we_only_waited_for_a_processor() -> None:
    watch = StallWatch(LiveClock())

    watch.note(late_ns=20 * NS_PER_MS, used_ns=9 * NS_PER_MS, waited_ns=16 * NS_PER_MS)
    watch.note(late_ns=20 * NS_PER_MS, used_ns=9 * NS_PER_MS, waited_ns=14 * NS_PER_MS)

    assert (watch.ours, watch.elsewhere) == (1, 1)


async def test_work_that_holds_the_loop_up_is_noticed() -> None:
    watch = StallWatch(LiveClock())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch.run())
        await asyncio.sleep(0)
        sum(range(3_000_000))
        await until(lambda: watch.ours)
        task.cancel()

    assert watch.longest_ns >= STALL_NS
