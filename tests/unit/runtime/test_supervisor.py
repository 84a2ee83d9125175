"""The supervisor names its tasks, restarts what may restart, and stops in reverse on a signal."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from signald.errors import UnreachableError
from signald.runtime.supervisor import Supervisor


def until_cancelled(name: str, ended: list[str]) -> Callable[[], Coroutine[Any, Any, None]]:
    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(name)

    return work


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_process_in_order(number: signal.Signals) -> None:
    ended: list[str] = []

    async with Supervisor() as supervisor:
        supervisor.start("journal", until_cancelled("journal", ended))
        supervisor.start("feed", until_cancelled("feed", ended))
        await asyncio.sleep(0)
        os.kill(os.getpid(), number)
        await supervisor.stopping.wait()
        ended.append("body")

    assert ended == ["body", "feed", "journal"]


async def test_afterwards_signals_do_what_they_did_before() -> None:
    came: list[int] = []
    first = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        async with Supervisor():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, first)

    assert came == [signal.SIGTERM]


async def test_a_second_signal_ends_the_body_too() -> None:
    async def run() -> None:
        async with Supervisor() as supervisor:
            supervisor.stop()
            supervisor.stop()
            await asyncio.get_running_loop().create_future()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        await asyncio.wait([task])

    assert task.cancelled()


async def test_a_failure_stops_the_others_and_comes_out_as_itself() -> None:
    ended: list[str] = []

    server = "redis"

    async def fail() -> None:
        raise UnreachableError(server, "127.0.0.1:1", "refused")

    async def run() -> None:
        async with Supervisor(handle_signals=False) as supervisor:
            supervisor.start("sink", until_cancelled("sink", ended))
            await asyncio.sleep(0)
            supervisor.start("feed", fail)
            await supervisor.stopping.wait()

    with pytest.raises(UnreachableError, match=r"redis at 127\.0\.0\.1:1"):
        await run()

    assert ended == ["sink"]


async def test_a_failure_of_the_body_cancels_the_tasks() -> None:
    ended: list[str] = []

    async def run() -> None:
        async with Supervisor(handle_signals=False) as supervisor:
            supervisor.start("feed", until_cancelled("feed", ended))
            await asyncio.sleep(0)
            msg = "body"
            raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="body"):
        await run()

    assert ended == ["feed"]


async def test_a_task_whose_library_swallows_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signald.runtime.supervisor._ENDS_WITHIN_S", 0.01)
    swallowed: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            swallowed.append("once")
        await asyncio.get_running_loop().create_future()

    async with Supervisor() as supervisor:
        supervisor.start("library", work)
        await asyncio.sleep(0)

    assert swallowed == ["once"]
