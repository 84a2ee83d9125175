"""``python -m tests.chaos.turns --seconds 120``: two daemons, killed with ``kill -9`` in turn without a pause.

Each is killed as soon as the other is ready again, while bundles of figures keep coming. At the end both journals, the
stream and what the desk has read must be one, by id.
"""

import argparse
import asyncio
import itertools
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from signald.sinks.encoding import decode_data
from tests.chaos.checks import find_problems, is_complete, journal_problems, look
from tests.chaos.nursery import Nursery
from tests.chaos.source import Figure
from tests.chaos.world import Pair, Shape, World

_BETWEEN_FIGURES_S: Final = 0.03
_BETWEEN_BUNDLES_S: Final = 0.3
_SETTLES_WITHIN_S: Final = 60.0


class Turns(NamedTuple):
    """What became of it."""

    kills: int
    figures: int
    documents: int
    late: int
    problems: tuple[str, ...]


async def run_turns(pair: Pair, seconds: float, *, seed: int, nursery: Nursery, directory: Path) -> Turns:
    """Kill and publish for so many seconds, then look."""
    rng = random.Random(seed)
    async with World(Shape(pair, 2, persistent=False), directory, nursery, rng) as world:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            killing = group.create_task(_kill_in_turn(world, over))
            publishing = group.create_task(_publish(world, over))
            await asyncio.sleep(seconds)
            over.set()
        bundles = publishing.result()
        problems: list[str] = []
        try:
            await world.until(lambda: _is_settled(world, bundles), _SETTLES_WITHIN_S)
        except TimeoutError:
            problems.append("did not settle")
        seen = await look(world)
        problems += find_problems(world, seen, set())
        for replica in world.replicas:
            problems += journal_problems(replica.journal)
        if any(decode_data(entry.data).kind == "missed" for entry in seen.stream):
            problems.append("a figure that came was called missed")
        problems += await world.end_daemons()
        return Turns(
            kills=killing.result(),
            figures=sum(map(len, bundles)),
            documents=len(seen.stream),
            late=sum(entry.late_ms > 0 for entry in seen.stream),
            problems=tuple(problems),
        )


async def _kill_in_turn(world: World, over: asyncio.Event) -> int:
    for kills, replica in enumerate(itertools.cycle(world.replicas)):
        if over.is_set():
            return kills
        await asyncio.to_thread(replica.kill)
        await asyncio.to_thread(replica.start)
        await world.until(lambda: replica.is_ready, 60.0)  # noqa: B023 - awaited before it changes
    raise AssertionError


async def _publish(world: World, over: asyncio.Event) -> list[list[Figure]]:
    published: list[list[Figure]] = []
    while not over.is_set():
        bundles = world.source.plan()
        await world.source.schedule(bundles)
        for figure in itertools.chain.from_iterable(bundles):
            await world.source.release(figure)
            await asyncio.sleep(_BETWEEN_FIGURES_S)
        published += bundles
        await asyncio.sleep(_BETWEEN_BUNDLES_S)
    return published


def _is_settled(world: World, bundles: list[list[Figure]]) -> bool:
    journals = [dict(replica.documents()) for replica in world.replicas]  # first: they grow as time comes
    heard = {entry.id: entry.data for entry in list(world.desk.heard)}
    return all(
        is_complete([decode_data(data) for data in documents.values()], bundles, scored=True)
        for documents in (heard, *journals)
    ) and all(journal.keys() <= heard.keys() for journal in journals)


def main() -> int:
    """Run on both pairs of servers; 0 if all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.turns", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    failed = False
    with Nursery() as nursery:
        for pair in ("wheels", "system"):
            directory = Path(tempfile.mkdtemp(prefix="signald-turns-"))
            turns = asyncio.run(run_turns(pair, told.seconds, seed=told.seed, nursery=nursery, directory=directory))
            failed = failed or bool(turns.problems)
            sys.stdout.write(f"{pair}, {told.seconds:g} s, seed {told.seed}: {turns}\n")
            if not turns.problems:
                shutil.rmtree(directory)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
