"""Everything one chain of cases runs in: broker, Redis, replicas behind proxies, a source, a desk, a shared clock."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

from signald.model.time import Nanos
from signald.runtime.clock import SharedClock
from signald.simulate import servers
from signald.simulate.child import Server
from tests.chaos.daemons import Replica
from tests.chaos.nursery import Nursery
from tests.chaos.reader import Desk
from tests.chaos.source import Source
from tests.support.fault_proxy import FaultProxy

Pair: TypeAlias = Literal["wheels", "system"]

_POLL_S: Final = 0.02
_READY_WITHIN_S: Final = 120.0
_WAITING: Final = "signald_publisher_queue_depth"
_REFUSALS: Final = "signald_publisher_refusals_total"
_PERSISTENT: Final = {"appendonly": "yes", "appendfsync": "always"}


class Shape:
    """What a world is made of."""

    def __init__(self, pair: Pair, replicas: int, *, persistent: bool) -> None:
        """Name the servers (``wheels``: rumqttd and Valkey; ``system``: Mosquitto and redis-server)."""
        self.pair: Pair = pair
        self.replicas = replicas
        self.persistent = persistent

    def __str__(self) -> str:
        return f"{self.pair}/{self.replicas}/{'aof' if self.persistent else 'memory'}"


class World:
    """A running world; ``async with`` starts it and leaves nothing behind.

    Attributes:
        excused: Documents that a journal may lack, because we took them from it.
        redis_lost: Redis came back empty at least once: a desk may be given again what it had.
        is_shifted: The clock was moved for good already.
    """

    def __init__(self, shape: Shape, directory: Path, nursery: Nursery, rng: random.Random) -> None:
        self.shape = shape
        self._directory = directory
        self._nursery = nursery
        self._rng = rng
        data = directory / "redis"
        data.mkdir(parents=True)
        kept = {"directory": data, "settings": _PERSISTENT} if shape.persistent else {}
        if shape.pair == "wheels":
            self.broker, self.redis = servers.embedded_broker(), servers.embedded_valkey(**kept)
        else:
            self.broker, self.redis = servers.mosquitto(), servers.redis_server(**kept)
        self._clock_file = directory / "clock"
        self.clock = SharedClock.create(self._clock_file)
        self.replicas: list[Replica] = []
        self.mqtt_proxies: list[FaultProxy] = []
        self.redis_proxies: list[FaultProxy] = []
        self.excused: set[str] = set()
        self.redis_lost = False
        self.is_shifted = False
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything, and wait until every replica is ready."""
        try:
            for server in (self.broker, self.redis):
                await asyncio.to_thread(server.start)
                self._stack.callback(server.stop)
            for number in range(self.shape.replicas):
                mqtt = await self._stack.enter_async_context(FaultProxy(self.broker.port))
                redis = await self._stack.enter_async_context(FaultProxy(self.redis.port))
                self.mqtt_proxies.append(mqtt)
                self.redis_proxies.append(redis)
                replica = Replica(
                    f"replica-{number}",
                    self._directory,
                    self._nursery,
                    mqtt_port=mqtt.port,
                    redis_port=redis.port,
                    clock_file=self._clock_file,
                )
                self.replicas.append(replica)
                self._stack.callback(replica.kill)
                await asyncio.to_thread(replica.start)
            self.source = Source(self.broker.port, self._rng)
            self.desk = Desk(self.redis.port)
            tasks = await self._stack.enter_async_context(_Tasks())
            tasks.start(self.source.connection.run())
            tasks.start(self.source.keep_beating())
            tasks.start(self.desk.run())
            self._stack.push_async_callback(self.desk.close)
            await self.source.connection.wait_connected(10.0)
            await self.until(self.all_ready, _READY_WITHIN_S)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End and remove everything but the directory."""
        await self._stack.aclose()
        self.clock.close()

    async def end_daemons(self) -> list[str]:
        """Ask every daemon to end; what is wrong with how they did."""
        problems: list[str] = []
        for replica in self.replicas:
            try:
                code = await asyncio.to_thread(replica.terminate)
            except TimeoutError as error:
                problems.append(f"{replica.name} does not end: {error}")
            else:
                if code:
                    problems.append(f"{replica.name} ended with code {code}: {replica.last_words()}")
        return problems

    def all_ready(self) -> bool:
        """Whether every replica runs and is ready."""
        return all(replica.is_ready for replica in self.replicas)

    async def hear(self, within_s: float) -> None:
        """Wait until every replica has journalled all that the source has said until now.

        Raises:
            TimeoutError: One does not.
        """
        beat = await self.source.beat()
        await self.until(lambda: all(replica.last_heartbeat() >= beat for replica in self.replicas), within_s)

    async def has_refused_all(self, within_s: float) -> bool:
        """Whether Redis, which takes nothing, has refused in that time all that the only replica has sent until now."""
        if len(self.replicas) > 1:
            return False
        replica = self.replicas[0]
        try:
            async with asyncio.timeout(within_s):
                await self.hear(within_s)
                seen = await asyncio.to_thread(replica.metrics)
                if not seen[_WAITING]:
                    return True
                # Replies come in order, and what was refused is sent again and again: one more refusal than there are
                # documents answers what was sent after all of them.
                enough = seen[_REFUSALS] + seen[_WAITING]
                await self.until(lambda: replica.metrics().get(_REFUSALS, 0.0) > enough, within_s)
        except (TimeoutError, KeyError):  # it, or the broker, is not there
            return False
        return True

    async def until(self, condition: Callable[[], bool], within_s: float) -> None:
        """Wait for a condition.

        Raises:
            TimeoutError: It did not come.
        """
        async with asyncio.timeout(within_s):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - what is awaited is another process
                await asyncio.sleep(_POLL_S)

    def shift_clock(self, by: Nanos, *, source_too: bool) -> None:
        """Step the daemons' clock, and the source's with it or not."""
        self.clock.set_now(self.clock.now() + by)
        if source_too:
            self.source.shift += by

    async def restart(self, server: Server) -> None:
        """Start a server that was killed; one without a disk has forgotten everything."""
        if server is self.redis and not self.shape.persistent:
            self.redis_lost = True
        await asyncio.to_thread(server.start)

    @staticmethod
    def freeze(server: Server) -> None:
        """SIGSTOP."""
        os.kill(server.pid, signal.SIGSTOP)

    @staticmethod
    def thaw(server: Server) -> None:
        """SIGCONT."""
        os.kill(server.pid, signal.SIGCONT)


class _Tasks:
    """Background tasks that end with the block."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._group.create_task(work))

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:  # again and again: a library may swallow a cancellation
                task.cancel()
            await asyncio.wait(pending, timeout=1.0)
        await self._group.__aexit__(None, None, None)
