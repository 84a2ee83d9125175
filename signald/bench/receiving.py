"""Frames from a socket to the book by either transport, beside frames from a socket to nobody: ``websockets`` alone.

The sender is a process of its own that writes what it encoded beforehand, so that it is never what is waited for. What
counts is the receiving process's own processor time: frames a second that one core could take.
"""

import asyncio
import multiprocessing
import statistics
from collections.abc import Callable
from importlib.util import find_spec
from time import process_time_ns
from typing import Any, Final

from uvloop import new_event_loop
from websockets.asyncio.client import connect

from signald.bench.frames import Recording
from signald.bench.sender import send_frames
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK
from signald.transports.settings import Transport
from signald.transports.websocket import WebsocketConnection, WebsocketLimits

_CLOSE_WITHIN_S: Final = 0.1
_LIMITS: Final = WebsocketLimits(ping_interval_s=None, attempts_per_minute=10_000)
_TRANSPORTS: Final[tuple[Transport, ...]] = ("websockets", "picows")
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
        Frames a second of processor time of ``websockets`` alone and of signald on it, and the median of the rounds'
        ratios; microseconds of processor time from socket to book by each transport, ``None`` if it is not installed.
    """
    transports: list[Transport] = [each for each in _TRANSPORTS if find_spec(each)]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sender = context.Process(target=send_frames, args=(theirs, recording.frames), daemon=True)
    sender.start()
    try:
        port: int = ours.recv()
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            taken = [runner.run(_round(port, len(recording.frames), prepare, transports)) for _ in range(rounds + 1)][
                1:
            ]
    finally:
        sender.terminate()
        sender.join()
    us: dict[Transport, float] = {each: statistics.median(booked[each] for _, booked in taken) for each in transports}
    return {
        "websockets_frames_per_s": round(1e6 / statistics.median(alone for alone, _ in taken)),
        "signald_frames_per_s": round(1e6 / us["websockets"]),
        "ratio_to_websockets": round(statistics.median(alone / booked["websockets"] for alone, booked in taken), 3),
        "us_from_socket_to_book": {each: round(us[each], 3) if each in us else None for each in _TRANSPORTS},
        "frames": len(recording.frames),
        "rounds": rounds,
    }


async def _round(
    port: int, frames: int, prepare: Prepare, transports: list[Transport]
) -> tuple[float, dict[Transport, float]]:
    """Microseconds a frame of ``websockets`` alone, and of signald by each transport."""
    url = f"ws://{LOOPBACK}:{port}/"
    async with connect(url, compression=None, ping_interval=None, close_timeout=_CLOSE_WITHIN_S) as connection:
        began = process_time_ns()
        for _ in range(frames):
            await connection.recv(decode=False)
        alone = process_time_ns() - began
    booked: dict[Transport, float] = {}
    for transport in transports:
        owner = _Owner(prepare(), frames)
        limits = _LIMITS._replace(transport=transport)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(WebsocketConnection("bench", url, owner, owner.clock, limits=limits).run())
            await owner.done.wait()
            task.cancel()
        booked[transport] = owner.took_ns / 1_000 / frames
    return alone / 1_000 / frames, booked


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
