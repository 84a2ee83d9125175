"""A server that takes the connection and then says nothing whole: the next attempt comes, and not never."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest

from signald.transports.redis import RedisLink
from signald.transports.settings import RedisConfig
from tests.support.recording import until


@contextlib.asynccontextmanager
async def server_that_says(answer: bytes) -> AsyncGenerator[tuple[int, list[asyncio.StreamWriter]]]:
    """A port, and who has connected there: each is told the same, whatever it says, and no more."""
    seen: list[asyncio.StreamWriter] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        seen.append(writer)
        writer.write(answer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], seen
    finally:
        for writer in seen:
            writer.close()
        server.close()


@pytest.mark.parametrize(
    "answer", [b"", b"$900\r\nhalf of it", b"*14\r\n$6\r\nserver\r\n"], ids=["nothing", "half", "part"]
)
async def test_a_server_that_does_not_answer_is_given_up_and_tried_again(answer: bytes) -> None:
    async with server_that_says(answer) as (port, seen):
        link = RedisLink(RedisConfig(url=f"redis://127.0.0.1:{port}/0", connect_timeout_s=0.1))
        running = asyncio.create_task(link.run())  # noqa: TID251 - ends with the test

        await until(lambda: len(seen) >= 2)
        failure = link.last_failure
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert failure == "no answer on connecting in 0.2 s"
    assert not link.is_up
