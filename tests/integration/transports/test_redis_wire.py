"""What is written to a connection that is already gone: nothing, and nothing is raised at whoever publishes."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest
import uvloop
from redis.exceptions import RedisError

from signald.simulate.child import Server
from signald.transports.redis_address import parse_redis_url
from signald.transports.redis_wire import connect
from tests.support.servers import redis_server

__all__ = ["redis_server"]


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_is_written_to_a_connection_that_is_gone_is_lost_without_a_word(
    loop: Callable[[], asyncio.AbstractEventLoop], redis_server: Server
) -> None:
    async def write_too_late() -> bytes:
        wire = await connect(parse_redis_url(f"redis://127.0.0.1:{redis_server.port}"), tls=None)
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
