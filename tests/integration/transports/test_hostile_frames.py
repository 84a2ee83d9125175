"""A venue that breaks the websocket's own rules: nothing of it is handed over, and the connection is made anew."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator
from typing import Final

import pytest

from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.transports.websocket import WebsocketConnection, WebsocketLimits
from tests.support.fake_server import accept_handshake, fake_server
from tests.support.recording import until

GOOD: Final = b"\x81\x04good"
pytestmark = pytest.mark.timeout(60)

LIMITS: Final = WebsocketLimits(attempts_per_minute=1_000, max_frame_bytes=1 << 16)
AGAINST_THE_RULES: Final = {
    "compressed though nobody agreed to it": b"\xc1\x04" + b"evil",
    "masked": b"\x81\x84\x00\x00\x00\x00evil",
    "of a kind that there is not": b"\x83\x04evil",
    "a ping in parts": b"\x09\x04evil",
    "a ping that is too long": b"\x89\x7e" + struct.pack(">H", 126) + b"e" * 126,
    "the rest of what was never begun": b"\x80\x04evil",
    "as long as no memory": b"\x82\x7f" + struct.pack(">Q", 1 << 62),
    "of a negative length": b"\x82\x7f" + b"\xff" * 8,
    "an end with half a code": b"\x88\x01\x03",
    "a text within the parts of another": b"\x01\x04evil" + b"\x81\x04evil" + b"\x80\x04evil",
}
FLOOD: Final = (b"\x89\x7d" + b"p" * 125) * 4_096


class Owner:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.connects = 0
        self.reasons: list[str] = []

    def on_connected(self) -> None:
        self.connects += 1

    def on_frame(self, frame: bytes) -> None:
        self.frames.append(frame)

    def on_disconnected(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture(params=["websockets", "picows"])
def limits(request: pytest.FixtureRequest) -> WebsocketLimits:
    return LIMITS._replace(transport=request.param)


@contextlib.asynccontextmanager
async def connected(port: int, owner: Owner, limits: WebsocketLimits) -> AsyncGenerator[None]:
    connection = WebsocketConnection(
        "binance",
        f"ws://127.0.0.1:{port}/",
        owner,
        LiveClock(),
        limits=limits,
        backoff=Backoff(first_s=0.01, cap_s=0.05),
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(connection.run())
        yield
        task.cancel()


async def outlive(sent: bytes, limits: WebsocketLimits) -> Owner:
    """Hear ``sent`` on the first connection, and something good on the next; what was told of both."""
    turns: list[int] = []

    async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turns.append(1)
        writer.write(await accept_handshake(reader) + (sent if len(turns) == 1 else GOOD))
        await reader.read(-1)

    owner = Owner()
    async with fake_server(venue) as port, connected(port, owner, limits):
        await until(lambda: b"good" in owner.frames, within_s=20.0)
    return owner


async def test_what_breaks_the_rules_ends_the_connection_and_the_next_is_heard(limits: WebsocketLimits) -> None:
    """At once, for each waits a second for a venue that does not close its end."""
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(outlive(sent, limits)) for name, sent in AGAINST_THE_RULES.items()}

    heard = {name: task.result() for name, task in tasks.items()}
    assert {name: owner.frames for name, owner in heard.items()} == {name: [b"good"] for name in AGAINST_THE_RULES}
    assert {name: owner.connects for name, owner in heard.items()} == dict.fromkeys(AGAINST_THE_RULES, 2)


async def test_parts_without_end_and_without_bytes_are_nothing(limits: WebsocketLimits) -> None:
    empty = b"\x01\x00" + b"\x00\x00" * 100_000 + b"\x80\x04good"

    async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await accept_handshake(reader) + empty)
        await reader.read(-1)

    owner = Owner()
    async with fake_server(venue) as port, connected(port, owner, limits):
        await until(lambda: owner.frames)

        assert owner.frames == [b"good"]


async def test_a_venue_that_pings_without_end_and_reads_no_answer_is_left(limits: WebsocketLimits) -> None:
    async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await accept_handshake(reader))
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        while True:
            writer.write(FLOOD)
            await writer.drain()

    owner = Owner()
    async with fake_server(venue) as port, connected(port, owner, limits):
        await until(lambda: owner.reasons)

        assert owner.frames == []
