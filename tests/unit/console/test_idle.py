"""A connection that asks nothing is ended, whatever it sends; one that asks, or is being answered, is not."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from signald.console.idle import end_idle
from signald.runtime.clock import LiveClock

IDLE_S = 0.3
ASKED = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def events(_: Request) -> Response:
    async def forever() -> AsyncGenerator[bytes, None]:
        yield b"first"
        await asyncio.Event().wait()

    return StreamingResponse(forever())


@contextlib.asynccontextmanager
async def serving() -> AsyncGenerator[int]:
    """A server with a listener of its own, and its port."""
    app = Starlette(routes=[Route("/", hello), Route("/events", events)])
    config = uvicorn.Config(app, http="h11", lifespan="off", log_config=None, timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as group:
            idle = group.create_task(end_idle(server, LiveClock().monotonic, idle_s=IDLE_S))
            group.create_task(server.serve(sockets=[listener]))
            yield listener.getsockname()[1]
            server.should_exit = True
            idle.cancel()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: he", ASKED])
async def test_who_asks_no_more_is_sent_away(sent: bytes) -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)

        answer = await reader.read()

        assert (b"hello" in answer) == (sent == ASKED)
        writer.close()


async def test_who_goes_on_asking_stays() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        clock = LiveClock()
        until = clock.monotonic() + 3 * IDLE_S * 1e9

        while clock.monotonic() < until:
            writer.write(ASKED)
            answer = await reader.readuntil(b"hello")

            assert answer.startswith(b"HTTP/1.1 200")
        writer.close()


async def test_an_answer_may_take_long() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASKED.replace(b"/", b"/events", 1))
        await reader.readuntil(b"first")

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * IDLE_S):
                await reader.readuntil(b"second")

        writer.close()
