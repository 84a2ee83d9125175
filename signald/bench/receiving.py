"""Frames from a socket to the book, beside frames from a socket to nobody: ``websockets`` alone.

The sender is a process of its own that writes what it encoded beforehand, so that it is never what is waited for. What
counts is the receiving process's own processor time: frames a second that one core could take.
"""

import asyncio
import base64
import hashlib
import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from time import process_time_ns
from typing import Any, Final

from uvloop import new_event_loop
from websockets.asyncio.client import connect

from signald.bench.frames import Recording
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK
from signald.transports.websocket import WebsocketConnection, WebsocketLimits

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_SHORT: Final = 126
_CHUNK: Final = 64
_CLOSE_WITHIN_S: Final = 0.1
_LIMITS: Final = WebsocketLimits(ping_interval_s=None, attempts_per_minute=10_000)
OnFrame = Callable[[bytes, int], object]
Prepare = Callable[[], OnFrame]
"""Makes a live book ready for the recording's frames; what it gives takes a frame and its time."""


def measure_receiving(recording: Recording, prepare: Prepare, *, rounds: int) -> dict[str, Any]:
    """Receive a recording's frames both ways in turn, on the event loop that the daemon runs on.

    Args:
        recording: Whose frames.
        prepare: Called before each round.
        rounds: How often.

    Returns:
        Frames a second of processor time of each, and the median of the rounds' ratios.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sender = context.Process(target=_send, args=(theirs, recording.frames), daemon=True)
    sender.start()
    try:
        port: int = ours.recv()
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            rates = [runner.run(_round(port, len(recording.frames), prepare())) for _ in range(rounds + 1)][1:]
    finally:
        sender.terminate()
        sender.join()
    return {
        "websockets_frames_per_s": round(statistics.median(alone for alone, _ in rates)),
        "signald_frames_per_s": round(statistics.median(booked for _, booked in rates)),
        "ratio_to_websockets": round(statistics.median(booked / alone for alone, booked in rates), 3),
        "frames": len(recording.frames),
        "rounds": rounds,
    }


async def _round(port: int, frames: int, on_frame: OnFrame) -> tuple[float, float]:
    """Frames a second of ``websockets`` alone, and of signald."""
    url = f"ws://{LOOPBACK}:{port}/"
    async with connect(url, compression=None, ping_interval=None, close_timeout=_CLOSE_WITHIN_S) as connection:
        began = process_time_ns()
        for _ in range(frames):
            await connection.recv(decode=False)
        alone = process_time_ns() - began
    owner = _Owner(on_frame, frames)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(WebsocketConnection("bench", url, owner, owner.clock, limits=_LIMITS).run())
        await owner.done.wait()
        task.cancel()
    return frames * NS_PER_S / alone, frames * NS_PER_S / owner.took_ns


class _Owner:
    """Takes frames as a venue's link does: stamped, and to their book."""

    def __init__(self, on_frame: OnFrame, frames: int) -> None:
        self.clock = LiveClock()
        self.done = asyncio.Event()
        self.took_ns = 0
        self._on_frame = on_frame
        self._left = frames
        self._began = 0

    def on_connected(self) -> None:
        """The measurement begins."""
        self._began = process_time_ns()

    def on_frame(self, frame: bytes) -> None:
        """One frame more."""
        self._on_frame(frame, self.clock.now())
        self._left -= 1
        if self._left == 0:
            self.took_ns = process_time_ns() - self._began
            self.done.set()

    def on_disconnected(self, reason: str) -> None:
        """It is over."""


def _send(pipe: Connection, frames: Sequence[bytes]) -> None:
    """Give all frames to whoever connects, as fast as it takes them; the sender's process."""
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
        server = await asyncio.start_server(serve, LOOPBACK, 0)
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
