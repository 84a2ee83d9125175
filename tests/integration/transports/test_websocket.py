"""Websocket connections to real servers: whole frames as bytes, in order, and back after every loss."""

import asyncio
import contextlib
import http
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from signald.errors import ConfigError, UnreachableError
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.simulate.child import free_port
from signald.transports.websocket import TOO_LONG, WebsocketConnection, WebsocketLimits
from tests.support.fake_server import accept_handshake, fake_server
from tests.support.recording import until

Venue = Callable[[ServerConnection], Awaitable[None]]


class Owner:
    """Writes down what it is told, and answers it if ``on_each`` does."""

    def __init__(self, on_each: Callable[[bytes], None] | None = None) -> None:
        self.told: list[str] = []
        self.frames: list[bytes] = []
        self._on_each = on_each

    def on_connected(self) -> None:
        self.told.append("connected")

    def on_frame(self, frame: bytes) -> None:
        self.told.append("frame")
        self.frames.append(frame)
        if self._on_each is not None:
            self._on_each(frame)

    def on_disconnected(self, reason: str) -> None:
        self.told.append(reason)


@pytest.fixture(params=["websockets", "picows"], autouse=True)
def _transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test by either library: whoever relies on one may rely on the other."""
    monkeypatch.setitem(CARRIED, "by", request.param)


CARRIED: dict[str, Any] = {"by": "websockets"}


def connect_to(port: int, owner: Owner, limits: WebsocketLimits | None = None) -> WebsocketConnection:
    return WebsocketConnection(
        "binance",
        f"ws://127.0.0.1:{port}/stream?streams=a/b",
        owner,
        LiveClock(),
        limits=(limits or WebsocketLimits(attempts_per_minute=1_000))._replace(transport=CARRIED["by"]),
        backoff=Backoff(first_s=0.01, cap_s=0.05),
    )


@contextlib.asynccontextmanager
async def running(connection: WebsocketConnection) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(connection.run())
        await connection.wait_connected(8.0)
        yield
        task.cancel()


def port_of(server: Server) -> int:
    return next(iter(server.sockets)).getsockname()[1]


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def test_text_and_binary_frames_come_as_bytes_in_order() -> None:
    async def venue(connection: ServerConnection) -> None:
        for number in range(100):
            await connection.send(f'{{"u":{number}}}')
        await connection.send(b"\x00binary")
        await stay(connection)

    owner = Owner()
    async with serve(venue, "127.0.0.1", 0) as server, running(connect_to(port_of(server), owner)):
        await until(lambda: len(owner.frames) == 101)

    assert owner.frames == [*(b'{"u":%d}' % number for number in range(100)), b"\x00binary"]
    assert owner.told[0] == "connected"


async def test_a_frame_in_fragments_comes_whole() -> None:
    async def venue(connection: ServerConnection) -> None:
        await connection.send(["one ", "frame ", "in ", "four"])
        await connection.send("next")
        await stay(connection)

    owner = Owner()
    async with serve(venue, "127.0.0.1", 0) as server, running(connect_to(port_of(server), owner)):
        await until(lambda: len(owner.frames) == 2)

    assert owner.frames == [b"one frame in four", b"next"]


async def test_a_snapshot_of_megabytes_is_taken() -> None:
    snapshot = "x" * (6 << 20)

    async def venue(connection: ServerConnection) -> None:
        await connection.send(snapshot)
        await stay(connection)

    owner = Owner()
    async with serve(venue, "127.0.0.1", 0) as server, running(connect_to(port_of(server), owner)):
        await until(lambda: owner.frames)

    assert owner.frames == [snapshot.encode()]


@pytest.mark.parametrize("frame", ["x" * 100, ["x" * 60, "x" * 40]], ids=["whole", "in parts"])
async def test_a_frame_beyond_the_limit_ends_the_connection(frame: str | list[str]) -> None:
    async def venue(connection: ServerConnection) -> None:
        await connection.send(frame)
        await stay(connection)

    owner = Owner()
    limits = WebsocketLimits(max_frame_bytes=99, attempts_per_minute=1_000)
    async with serve(venue, "127.0.0.1", 0) as server, running(connect_to(port_of(server), owner, limits)):
        await until(lambda: len(owner.told) > 2)

    assert TOO_LONG in owner.told[1]
    assert "message too big" in owner.told[1]
    assert owner.frames == []


async def test_what_the_owner_sends_arrives_as_text_in_order_and_at_its_pace() -> None:
    received: list[str | bytes] = []

    async def venue(connection: ServerConnection) -> None:
        async for frame in connection:
            received.append(frame)  # noqa: PERF401 - one at a time, as they come

    connection: list[WebsocketConnection] = []

    class Subscriber(Owner):
        def on_connected(self) -> None:
            super().on_connected()
            for number in range(3):
                connection[0].send(b'{"id":%d}' % number)

    limits = WebsocketLimits(send_interval_s=0.02, attempts_per_minute=1_000)
    loop = asyncio.get_running_loop()
    async with serve(venue, "127.0.0.1", 0) as server:
        connection.append(connect_to(port_of(server), Subscriber(), limits))
        started = loop.time()
        async with running(connection[0]):
            await until(lambda: len(received) == 3)
        took_s = loop.time() - started

    assert received == ['{"id":0}', '{"id":1}', '{"id":2}']
    assert took_s >= 0.04


async def test_a_closed_connection_is_made_again_with_its_reason_told() -> None:
    async def venue(connection: ServerConnection) -> None:
        await connection.send("hello")
        await connection.close(1012, "service restart")

    owner = Owner()
    async with serve(venue, "127.0.0.1", 0) as server, running(connect_to(port_of(server), owner)):
        await until(lambda: len(owner.told) >= 6)

    assert (
        owner.told[:6]
        == [
            *("connected", "frame"),
            "received 1012 (service restart) service restart; then sent 1012 (service restart) service restart",
        ]
        * 2
    )


async def test_a_dropped_connection_hands_nothing_over_any_more() -> None:
    async def venue(connection: ServerConnection) -> None:
        for number in range(50):
            await connection.send(str(number))
        await stay(connection)

    def drop_at_three(frame: bytes) -> None:
        if frame == b"3" and connection.connections == 1:
            connection.drop("sequence gap")

    owner = Owner(drop_at_three)
    async with serve(venue, "127.0.0.1", 0) as server:
        connection = connect_to(port_of(server), owner)
        async with running(connection):
            await until(lambda: b"49" in owner.frames)

    assert owner.told[:6] == ["connected", "frame", "frame", "frame", "frame", "sequence gap"]
    assert owner.frames[4:] == [str(number).encode() for number in range(50)]


async def test_frames_that_come_with_the_handshake_come_after_the_connection() -> None:
    async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await accept_handshake(reader) + b"\x81\x05first")  # a text frame of five bytes
        await reader.read()

    owner = Owner()
    async with fake_server(venue) as port, running(connect_to(port, owner)):
        await until(lambda: owner.frames)

    assert owner.told[:2] == ["connected", "frame"]
    assert owner.told.count("connected") == 1


async def test_an_owner_that_raises_is_a_bug_and_not_a_reconnection() -> None:
    async def venue(connection: ServerConnection) -> None:
        await connection.send("boom")
        await stay(connection)

    def fail(frame: bytes) -> None:
        raise ArithmeticError(frame.decode())

    async with serve(venue, "127.0.0.1", 0) as server:
        with pytest.raises(ArithmeticError, match="boom"):
            await connect_to(port_of(server), Owner(fail)).run()


async def test_a_venue_that_answers_no_ping_is_left() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await accept_handshake(reader))
        await reader.read()

    owner = Owner()
    limits = WebsocketLimits(ping_interval_s=0.05, attempts_per_minute=1_000)
    async with fake_server(mute) as port, running(connect_to(port, owner, limits)):
        await until(lambda: len(owner.told) >= 2)

    assert "keepalive ping timeout" in owner.told[1]


async def test_a_handshake_that_nobody_waits_for_any_more_leaves_no_connection() -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = await accept_handshake(reader)
        asked.set()
        await given_up.wait()
        with contextlib.suppress(ConnectionError):  # it may be gone already
            writer.write(answer)
            await reader.read()
        ended.set()

    given_up = asyncio.Event()
    owner = Owner()
    async with fake_server(venue) as port, asyncio.timeout(8.0):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(connect_to(port, owner).run())
            await asked.wait()
            task.cancel()

        given_up.set()
        await ended.wait()

    assert owner.frames == []
    assert "connected" not in owner.told


async def test_a_handshake_that_nobody_waits_for_any_more_ends_before_it_is_answered() -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await accept_handshake(reader)
        asked.set()
        assert await reader.read() == b""
        ended.set()

    async with fake_server(venue) as port, asyncio.timeout(8.0):  # a handshake may take ten seconds
        async with asyncio.TaskGroup() as group:
            task = group.create_task(connect_to(port, Owner()).run())
            await asked.wait()
            task.cancel()

        await ended.wait()


async def test_a_refused_handshake_obeys_retry_after() -> None:
    asked: list[float] = []

    def refuse_once(connection: ServerConnection, _: Request) -> Response | None:
        asked.append(asyncio.get_running_loop().time())
        if len(asked) > 1:
            return None
        response = connection.respond(http.HTTPStatus.TOO_MANY_REQUESTS, "slow down")
        response.headers["Retry-After"] = "1"
        return response

    async with (
        serve(stay, "127.0.0.1", 0, process_request=refuse_once) as server,
        running(connect_to(port_of(server), Owner())),
    ):
        pass

    assert asked[1] - asked[0] >= 1.0


async def test_attempts_are_bounded_by_the_venues_limit() -> None:
    attempts: list[int] = []

    async def venue(connection: ServerConnection) -> None:
        attempts.append(1)
        await connection.close()

    owner = Owner()
    limits = WebsocketLimits(attempts_per_minute=3)
    async with serve(venue, "127.0.0.1", 0) as server, running(connect_to(port_of(server), owner, limits)):
        await until(lambda: len(attempts) == 3)
        await asyncio.sleep(0.3)  # ten times the longest delay between attempts

    assert len(attempts) == 3


async def test_a_venue_that_is_not_there_is_named_in_time() -> None:
    port = free_port()
    connection = connect_to(port, Owner())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(connection.run())
        with pytest.raises(UnreachableError, match=rf"venue binance at ws://127\.0\.0\.1:{port}/.*not reached"):
            await connection.wait_connected(0.3)
        task.cancel()


def test_a_url_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match=r"binance: .*http://"):
        WebsocketConnection("binance", "http://example.org", Owner(), LiveClock())
