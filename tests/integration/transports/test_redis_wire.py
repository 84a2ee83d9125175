"""What is written to a connection that is already gone: nothing, and nothing is raised at whoever publishes."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest
import uvloop
from redis.exceptions import RedisError

from signald.simulate.child import Server
from signald.transports.redis_address import parse_redis_url
from signald.transports.redis_wire import Wire, connect
from tests.support.servers import redis_server

__all__ = ["redis_server"]


async def _connect(server: Server) -> Wire:
    address = parse_redis_url(f"redis://127.0.0.1:{server.port}")
    return await connect(address, tls=None, may_be_plain=lambda _: True, driver_info=None, protocol=2)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_is_written_to_a_connection_that_is_gone_is_lost_without_a_word(
    loop: Callable[[], asyncio.AbstractEventLoop], redis_server: Server
) -> None:
    async def write_too_late() -> bytes:
        wire = await _connect(redis_server)
        wire.write_now(b"PING\r\n")
        answer = await wire.read_response()
        wire.abort()
        wire.write_now(b"PING\r\n")
        with contextlib.suppress(RedisError):  # the loop has closed the socket by then
            await wire.read_response(disconnect_on_error=False)
        wire.write_now(b"PING\r\n")
        await wire.disconnect(nowait=True)
        wire.write_now(b"PING\r\n")
        return answer

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(write_too_late()) == b"PONG"


async def test_replies_are_handed_over_as_they_come_and_so_is_the_end(redis_server: Server) -> None:
    wire = await _connect(redis_server)
    replies: list[object] = []

    def take(reply: object) -> None:
        replies.append(reply)
        if reply == b"OK":
            wire.abort()

    wire.write_now(b"PING\r\nNONSENSE\r\nQUIT\r\n")
    with pytest.raises(ConnectionError):
        await wire.read_on(take)

    assert [type(reply).__name__ for reply in replies] == ["bytes", "ReplyError", "bytes"]
    assert replies[0] == b"PONG"
    await wire.disconnect(nowait=True)


async def test_a_connection_that_ended_before_anybody_read_on_is_not_waited_for(redis_server: Server) -> None:
    wire = await _connect(redis_server)
    wire.abort()

    with pytest.raises(ConnectionError, match="closed"):
        await wire.read_on(lambda _: None)

    await wire.disconnect(nowait=True)


async def test_what_its_taker_raises_ends_the_reading(redis_server: Server) -> None:
    wire = await _connect(redis_server)

    def refuse(_: object) -> None:
        msg = "not this one"
        raise ValueError(msg)

    wire.write_now(b"PING\r\nPING\r\n")
    with pytest.raises(ValueError, match="not this one"):
        await wire.read_on(refuse)

    wire.abort()
    await wire.disconnect(nowait=True)
