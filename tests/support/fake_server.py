"""A TCP server whose every byte the test decides, and which leaves no connection behind."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from websockets.utils import accept_key

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def fake_server(talk: Talk) -> AsyncGenerator[int]:
    """Serve each connection with ``talk`` and yield the port; all connections are closed at the end."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            talks.discard(task)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        server.close()
        while await _was_busy(talks):
            for task in list(talks):
                task.cancel()
            await asyncio.wait(list(talks))


async def _was_busy(talks: set[asyncio.Task[None]]) -> bool:
    """Give what was just accepted the few turns of the loop that it needs to become a task."""
    for _ in range(10):
        await asyncio.sleep(0)
    return bool(talks)


async def accept_handshake(reader: asyncio.StreamReader) -> bytes:
    """Read the request and make the answer that opens a websocket (RFC 6455, 4.2.2)."""
    request = await reader.readuntil(b"\r\n\r\n")
    (key,) = (line.split(b":")[1].strip() for line in request.split(b"\r\n") if b"sec-websocket-key" in line.lower())
    lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
    return "\r\n".join((*lines, f"Sec-WebSocket-Accept: {accept_key(key.decode())}", "", "")).encode()
