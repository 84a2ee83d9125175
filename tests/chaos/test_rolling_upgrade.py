"""A pair is upgraded and rolled back, one daemon at a time, while figures come: none missed, none doubled."""

import asyncio
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from signald.client import Desk
from signald.journal.check import check
from signald.model.signals import Signal
from signald.simulate.child import LOOPBACK
from tests.chaos.checks import Seen, find_problems, is_complete, look
from tests.chaos.daemons import CONSUMER, Replica
from tests.chaos.nursery import Nursery
from tests.chaos.source import Figure
from tests.chaos.versions import FIELD, FLAG, make_newer
from tests.chaos.world import Shape, World

SEED: Final = 2026
READY_WITHIN_S: Final = 60.0
SETTLES_WITHIN_S: Final = 45.0
READY: Final = 200
NOT_READY: Final = 503

pytestmark = pytest.mark.timeout(180)


def test_an_upgrade_and_its_rollback_cost_no_release(tmp_path: Path) -> None:
    with Nursery() as ours, Nursery(make_newer(tmp_path)) as newer:
        problems = asyncio.run(there_and_back(ours, newer, tmp_path / "world"))

    assert problems == []


async def there_and_back(ours: Nursery, newer: Nursery, directory: Path) -> list[str]:
    """Upgrade both, roll both back; what was wrong."""
    async with World(Shape("wheels", 2, persistent=False), directory, ours, random.Random(SEED)) as world:
        heard: list[Signal] = []
        bundles: list[list[Figure]] = []
        async with asyncio.TaskGroup() as group:
            desk = group.create_task(read_as_a_desk(world, heard))
            for nursery in (newer, ours):
                for replica in world.replicas:
                    bundles += await exchange(world, replica, nursery)
                bundles += await publish(world)
            await world.until(lambda: is_complete(heard, bundles, scored=True), SETTLES_WITHIN_S)
            desk.cancel()
        problems = [*problems_of(world, await look(world))]
        return problems + await world.end_daemons()


async def read_as_a_desk(world: World, heard: list[Signal]) -> None:
    """Read the consumer's stream with the client of this version, whoever writes it."""
    async with Desk(f"redis://{LOOPBACK}:{world.redis.port}/0", consumer=CONSUMER) as desk:
        async for received in desk:
            heard.append(received.signal)
            desk.ack(received)


async def exchange(world: World, replica: Replica, nursery: Nursery) -> list[list[Figure]]:
    """As an operator does it: stop one, start the other version in its place, wait until it says that it is ready."""
    await asyncio.to_thread(replica.terminate)
    bundles = await publish(world)  # one is there
    replica.nursery = nursery
    await asyncio.to_thread(replica.start)
    bundles += await publish(world)  # the other starts
    await world.until(lambda: answers_ready(replica), READY_WITHIN_S)
    return bundles


async def publish(world: World) -> list[list[Figure]]:
    """Promise figures and say them."""
    bundles = world.source.plan()
    await world.source.schedule(bundles)
    for figure in itertools.chain.from_iterable(bundles):
        await world.source.release(figure)
    return bundles


def answers_ready(replica: Replica) -> bool:
    """What a probe is told."""
    try:
        with urlopen(f"http://{LOOPBACK}:{replica.metrics_port}/ready", timeout=2.0) as answer:
            return answer.status == READY
    except HTTPError as error:
        return error.code != NOT_READY
    except OSError:  # it does not listen yet
        return False


def problems_of(world: World, seen: Seen) -> Iterator[str]:
    """Lost, doubled, called missed, in an order that is none; or the versions were not what they are to be."""
    yield from find_problems(world, seen, set())
    documents = [json.loads(entry.data) for entry in seen.stream]
    yield from (f"{one['causes']} is called missed" for one in documents if one["kind"] == "missed")
    if {(FIELD in one, FLAG in one["flags"]) for one in documents} != {(True, True), (False, False)}:
        yield "one of the versions has said nothing"
    for replica in world.replicas:
        if fault := check(replica.journal).fault:
            yield f"{replica.name}: {fault}"
        yield from (f"{replica.name}: {event}" for event in replica.events("replicas_disagreed"))
