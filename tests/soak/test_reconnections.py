"""A thousand forced reconnections of each transport leave no descriptor and no memory behind."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from websockets.asyncio.server import ServerConnection, serve

from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.transports.mqtt import MqttConnection, Subscription
from signald.transports.redis import RedisLink
from signald.transports.settings import MqttConfig, RedisConfig
from signald.transports.websocket import WebsocketConnection, WebsocketLimits
from tests.support.recording import until
from tests.support.servers import mqtt_server, redis_server

__all__ = ["mqtt_server", "redis_server"]

pytestmark = pytest.mark.timeout(600)

WARM_UP = 100
RECONNECTIONS = 1_000
MOST_BYTES_EACH = 200
"""The budget remembers attempts of the last minute (40 bytes each), and the loop timers that were cancelled."""


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """Two lines for each reconnection, which pytest keeps, are no leak of ours."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()


class Silent:
    """An owner that does nothing."""

    def on_connected(self) -> None:
        pass

    def on_frame(self, frame: bytes) -> None:
        pass

    def on_disconnected(self, reason: str) -> None:
        pass


def at_once() -> Backoff:
    return Backoff(first_s=0.001, cap_s=0.001)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def reconnect(
    run: Callable[[], Coroutine[Any, Any, None]],
    count: Callable[[], int],
    cut: Callable[[], Coroutine[Any, Any, object]],
) -> tuple[int, float]:
    """Cut the connection a thousand times; returns the descriptors and the bytes that each left behind."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        await until(lambda: count() == 1)
        for number in range(1, WARM_UP + 1):
            await cut()
            await until(lambda number=number: count() > number)
        gc.collect()
        tracemalloc.start()
        before, before_bytes = descriptors(), tracemalloc.get_traced_memory()[0]
        for number in range(WARM_UP + 1, WARM_UP + RECONNECTIONS + 1):
            await cut()
            await until(lambda number=number: count() > number)
        gc.collect()
        after, after_bytes = descriptors(), tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        task.cancel()
    return after - before, (after_bytes - before_bytes) / RECONNECTIONS


async def test_redis(redis_server: Server) -> None:
    config = RedisConfig(url=f"redis://127.0.0.1:{redis_server.port}")
    link, killer = RedisLink(config, backoff=at_once()), RedisLink(config)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(killer.run())
        await killer.wait_connected(8.0)
        left = await reconnect(
            link.run, lambda: link.connections, lambda: killer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        )
        task.cancel()

    assert left[0] <= 0
    assert left[1] < MOST_BYTES_EACH


async def test_mqtt(mqtt_server: Server) -> None:
    config = MqttConfig(port=mqtt_server.port, client_id="ours", session_expiry_s=0)
    ours = MqttConnection(config, subscriptions=[Subscription("signald/v1/#")], backoff=at_once())

    async def take_over() -> None:
        """A second client of our name: the broker throws us out."""
        async with asyncio.TaskGroup() as group:
            thief = MqttConnection(config)
            task = group.create_task(thief.run())
            await thief.wait_connected(8.0)
            await until(lambda: not ours.is_up)
            task.cancel()

    left = await reconnect(ours.run, lambda: ours.connections, take_over)

    assert left[0] <= 0
    assert left[1] < MOST_BYTES_EACH


async def test_websocket() -> None:
    open_now: list[ServerConnection] = []

    async def venue(connection: ServerConnection) -> None:
        open_now.append(connection)
        await connection.wait_closed()
        open_now.remove(connection)

    async def close() -> None:
        await until(lambda: open_now)
        await open_now[0].close()

    async with serve(venue, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        limits = WebsocketLimits(attempts_per_minute=10_000_000)
        ours = WebsocketConnection(
            "binance", f"ws://127.0.0.1:{port}", Silent(), LiveClock(), limits=limits, backoff=at_once()
        )
        left = await reconnect(ours.run, lambda: ours.connections, close)

    assert left[0] <= 0
    assert left[1] < MOST_BYTES_EACH
