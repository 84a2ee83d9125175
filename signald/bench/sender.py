"""The other end of a socket: a server that gives everybody the same frames. Nothing heavy is imported here."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

_LOOPBACK: Final = "127.0.0.1"
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_SHORT: Final = 126
_CHUNK: Final = 64


def send_frames(pipe: Connection, frames: Sequence[bytes]) -> None:
    """Give all frames to whoever connects, as fast as it takes them, for ever; says on ``pipe`` at which port."""
    wire = [_encode(frame) for frame in frames]
    chunks = [b"".join(wire[first : first + _CHUNK]) for first in range(0, len(wire), _CHUNK)]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        (key,) = (
            line.split(b":", 1)[1].strip() for line in request.split(b"\r\n") if b"sec-websocket-key" in line.lower()
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        try:
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
            await reader.read(1)  # the client's goodbye
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, _LOOPBACK, 0)
        pipe.send(server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()

    asyncio.run(run())


def _encode(frame: bytes) -> bytes:
    """A whole text frame as a server sends it (RFC 6455, 5.2)."""
    size = len(frame)
    if size < _SHORT:
        return bytes((0x81, size)) + frame
    if size < 1 << 16:
        return bytes((0x81, _SHORT)) + size.to_bytes(2, "big") + frame
    return bytes((0x81, _SHORT + 1)) + size.to_bytes(8, "big") + frame
