"""The matrix in its short form, on both pairs of servers: the same faults each time; ``make chaos`` draws hundreds."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from signald.simulate import servers
from tests.chaos.cases import Case
from tests.chaos.catalogue import (
    AllKilledInTurn,
    Blackout,
    BrokerKilled,
    ClockBack,
    DaemonAway,
    DaemonFrozen,
    DiskFull,
    DiskSlow,
    Fault,
    FaultPoint,
    FigureComesLate,
    MqttCut,
    MqttCutOverMinute,
    PowerCut,
    RedisCut,
    RedisFailover,
    RedisFull,
    RedisKilled,
    RedisWrongType,
)
from tests.chaos.nursery import Nursery
from tests.chaos.world import Shape, World
from tests.support.servers import installed

SEED: Final = 2025

pytestmark = pytest.mark.timeout(180)


class PointFlushed(FaultPoint):
    """Dies between the journal and Redis: the restart must deliver."""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng, "intake.flushed")


class PointReplied(FaultPoint):
    """Dies when Redis has it and nobody noted that: the restart must not deliver."""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng, "publisher.replied")


class StoppedAtDisk(FaultPoint):
    """Stops where the journal is about to be brought to the disk, and goes on later."""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng, "sync.due")
        self.order, self.stops = "sync.due:20:stop", True


class SlowSync(DiskSlow):
    """Each fsync takes long."""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng, "sync.due")


class SlowWrite(DiskSlow):
    """Each write of a document takes long."""

    def __init__(self, world: World, rng: random.Random) -> None:
        super().__init__(world, rng, "intake.recorded")


class RedisFullAndFar(RedisFull):
    """Redis is full, and the way to it long: what was sent before it had room comes after."""

    async def strike(self) -> None:
        self.world.redis_proxies[0].delay(0.15)
        await super().strike()

    async def clear_up(self) -> None:
        self.world.redis_proxies[0].resume()


LONE_FAULTS: Final = (
    *(RedisKilled, DaemonAway, BrokerKilled, PowerCut, RedisFullAndFar, RedisWrongType, FigureComesLate),
    *(DiskFull, SlowSync, PointFlushed),
)
SHARED_FAULTS: Final = (
    *(AllKilledInTurn, DaemonFrozen, RedisCut, RedisFailover, MqttCut, MqttCutOverMinute, ClockBack),
    *(SlowWrite, StoppedAtDisk, PointReplied, Blackout),
)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@pytest.mark.parametrize("faults", [LONE_FAULTS, SHARED_FAULTS], ids=["alone", "hot-hot"])
@pytest.mark.parametrize("pair", ["wheels", "system"])
def test_journal_stream_and_desk_are_one_whatever_fails(
    pair: str, faults: tuple[type[Fault], ...], nursery: Nursery, tmp_path: Path
) -> None:
    if pair == "system":
        installed(servers.mosquitto)
        installed(servers.redis_server)
    shape = Shape("system" if pair == "system" else "wheels", 1 if faults is LONE_FAULTS else 2, persistent=False)

    problems = asyncio.run(run_all(shape, faults, nursery, tmp_path))

    assert problems == []


async def run_all(shape: Shape, faults: tuple[type[Fault], ...], nursery: Nursery, directory: Path) -> list[str]:
    """Each fault once, in one world; what was wrong, and where."""
    rng = random.Random(SEED)
    unordered: set[str] = set()
    async with World(shape, directory, nursery, rng) as world:
        for kind in faults:
            outcome = await Case(world, [kind(world, rng)], rng, unordered).run()
            if outcome.problems:
                return [f"{outcome.title}: {problem}" for problem in outcome.problems]
        return await world.end_daemons()
