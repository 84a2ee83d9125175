"""State and decisions in Redis: the newest state, every decision in order, also after the server forgot."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from signald.runtime.backoff import Backoff
from signald.simulate.child import Server
from signald.sinks.status import StatusBoard
from signald.transports.settings import RedisConfig
from tests.support.recording import until, until_seen
from tests.support.redis_reading import Reader, reading

STATUS = "{signald}:status"
AUDIT = "{signald}:audit"


@contextlib.asynccontextmanager
async def running(server: Server) -> AsyncGenerator[tuple[StatusBoard, Reader]]:
    config = RedisConfig(url=f"redis://127.0.0.1:{server.port}/0")
    board = StatusBoard(config, backoff=Backoff(first_s=0.01, cap_s=0.05))
    async with asyncio.TaskGroup() as group, reading(server.port) as reader:
        task = group.create_task(board.run())
        yield board, reader
        task.cancel()


async def test_the_newest_state_of_each_component_is_written(redis_server: Server) -> None:
    async with running(redis_server) as (board, reader):
        for number in range(100):
            board.put("engine", {"deadline": number})
        board.put("daemon", {"ready": True})

        await until_seen(lambda: reader.table(STATUS), {"engine": '{"deadline":99}', "daemon": '{"ready":true}'})


async def test_decisions_are_written_in_order(redis_server: Server) -> None:
    async with running(redis_server) as (board, reader):
        for target in ("us.nfp", "us.cpi.yoy"):
            board.audit("mute", {"target": target, "by": "desk"})

        await until_seen(
            lambda: reader.entries(AUDIT),
            [
                {"action": "mute", "target": "us.nfp", "by": "desk"},
                {"action": "mute", "target": "us.cpi.yoy", "by": "desk"},
            ],
        )


async def test_a_server_that_forgot_is_told_again(redis_server: Server) -> None:
    async with running(redis_server) as (board, reader):
        board.put("engine", 1)
        board.put("daemon", 1)
        await until_seen(lambda: reader.table(STATUS), {"engine": "1", "daemon": "1"})
        await asyncio.to_thread(redis_server.kill)
        board.put("daemon", 2)
        await asyncio.to_thread(redis_server.start)

        await until_seen(lambda: reader.table(STATUS), {"engine": "1", "daemon": "2"})


async def test_a_refusal_is_tried_again_until_the_way_is_free(redis_server: Server) -> None:
    async with running(redis_server) as (board, reader):
        await reader.redis.set(STATUS, "in the way")
        board.put("engine", 1)
        await until(lambda: board.failures >= 2)
        board.put("engine", 2)
        await reader.redis.delete(STATUS)

        await until_seen(lambda: reader.table(STATUS), {"engine": "2"})
