"""What the console reads of a real server, whatever others have written there."""

import asyncio

from redis import Redis

from signald.console.feed import Feed
from signald.console.hub import Hub
from signald.console.state import ConsoleState
from signald.simulate.child import Server
from signald.sinks import keys
from signald.transports.settings import RedisConfig
from tests.support.recording import until

DESK = "otc-desk-1"
STREAM = keys.consumer_stream(DESK)


async def test_neither_a_name_of_bytes_nor_a_strange_status_stops_it(redis_server: Server) -> None:
    state = ConsoleState({})
    config = RedisConfig(url=f"redis://127.0.0.1:{redis_server.port}/0")
    feed = Feed(config, state, Hub(), names={}, venues={}, consumers=[DESK])
    with Redis(port=redis_server.port) as redis:
        redis.xgroup_create(STREAM, b"\xff\xfe", mkstream=True)
        redis.hset(keys.STATUS, "calendar", b"{}")
        redis.hset(keys.STATUS, "books", b'{"now":1,"instruments":["a"]}')
        redis.hset(keys.STATUS, "daemon", b'{"ready":true}')

        async with asyncio.TaskGroup() as group:
            running = group.create_task(feed.run())
            await until(lambda: bool(state.facts.lags) and "daemon" in state.parts)
            redis.hset(keys.STATUS, "daemon", b'{"ready":false}')
            await until(lambda: state.parts["daemon"]["ready"] is False)
            running.cancel()

    assert state.facts.lags == {(STREAM, "\N{REPLACEMENT CHARACTER}" * 2): (0, 0)}
    assert set(state.parts) == {"daemon"}
