"""``python -m tests.chaos.run --cases 500 --seed 1``: random cases in changing worlds, and what became of them.

A world runs twenty cases as a rule, one after the other, on the journals and streams of those before. What a case does
follows from the seed and the world's number, which stand in every line; ``--only WORLD`` runs one world again.
"""

import argparse
import asyncio
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

from signald.runtime.clock import LiveClock
from tests.chaos.cases import Case, Outcome, draw
from tests.chaos.nursery import Nursery
from tests.chaos.world import Shape, World

_SHAPES: Final = [
    Shape(pair, replicas, persistent=persistent)
    for replicas in (1, 2)
    for persistent in (False, True)
    for pair in ("wheels", "system")
]


class Ran(NamedTuple):
    """A case and where it ran."""

    world: int
    case: int
    shape: Shape
    outcome: Outcome


async def run_world(
    number: int, ran: list[Ran], *, seed: int, cases: int, nursery: Nursery, keep: bool = False
) -> None:
    """Run one world's cases; a failure ends it, since what follows would rest on it."""
    rng = random.Random(f"{seed}/{number}")
    shape = _SHAPES[number % len(_SHAPES)]
    directory = Path(tempfile.mkdtemp(prefix="signald-chaos-"))
    unordered: set[str] = set()
    failed = False
    try:
        async with World(shape, directory, nursery, rng) as world:
            for place in range(cases):
                outcome = await _run_case(Case(world, draw(world, rng), rng, unordered))
                ran.append(Ran(number, place, shape, outcome))
                _say(f"seed {seed} world {number} ({shape}) case {place}: {_shown(outcome)}")
                if failed := bool(outcome.problems):
                    break
            else:
                ended = Outcome("Ended by SIGTERM", tuple(await world.end_daemons()), documents=0, late=0, seconds=0.0)
                if failed := bool(ended.problems):
                    ran.append(Ran(number, cases, shape, ended))
    finally:
        if keep or failed:
            _say(f"seed {seed} world {number}: what it left is in {directory}")
        else:
            shutil.rmtree(directory)


async def _run_case(case: Case) -> Outcome:
    """Run a case; what breaks in the matrix itself is an outcome too."""
    try:
        return await case.run()
    except Exception:  # noqa: BLE001 - the other worlds go on
        return Outcome(case.title, (traceback.format_exc(),), documents=0, late=0, seconds=0.0)


async def run_cases(told: argparse.Namespace, seed: int, ran: list[Ran]) -> None:
    """Run so many cases in as many worlds as that takes, ``jobs`` worlds at a time; ``ran``: what became of them."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _say_what_is_awaited)
    size: int = told.world_size
    worlds = iter([told.only] if told.only is not None else range(-(-told.cases // size)))
    with Nursery() as nursery:

        async def work() -> None:
            for number in worlds:
                cases = min(size, told.cases - number * size) if told.only is None else size
                await run_world(number, ran, seed=seed, cases=cases, nursery=nursery, keep=told.keep)

        async with asyncio.TaskGroup() as group:
            for _ in range(told.jobs):
                group.create_task(work())


def table(ran: list[Ran]) -> str:
    """What went wrong, how often, in which kind of world, and what became of it, in Markdown."""
    rows: dict[str, list[Ran]] = defaultdict(list)
    for one in ran:
        for title in one.outcome.title.split(" + "):
            rows[title.removesuffix(" (not reached)")].append(one)
    lines = [
        "| what goes wrong | cases | wheels | system | two replicas | documents | late | failed |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for title in sorted(rows):
        cases = rows[title]
        wheels = sum(one.shape.pair == "wheels" for one in cases)
        cells = [
            len(cases),
            wheels,
            len(cases) - wheels,
            sum(one.shape.replicas == 2 for one in cases),
            sum(one.outcome.documents for one in cases),
            sum(one.outcome.late for one in cases),
            sum(bool(one.outcome.problems) for one in cases),
        ]
        lines.append(f"| {title} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> int:
    """Run as told; 0 if every case ended well."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=None, help="drawn, and printed, if not given")
    parser.add_argument("--world-size", type=int, default=20, help="cases in one world")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at a time")
    parser.add_argument("--only", type=int, default=None, metavar="WORLD", help="run this world only")
    parser.add_argument("--keep", action="store_true", help="keep every world's directory")
    told = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if told.seed is None else told.seed
    _say(f"seed {seed}")
    began = LiveClock.monotonic()
    ran: list[Ran] = []
    with contextlib.suppress(KeyboardInterrupt):  # what has run until then is shown
        asyncio.run(run_cases(told, seed, ran))
    failed = [one for one in ran if one.outcome.problems]
    _say(table(ran))
    _say(
        f"{len(ran)} cases, seed {seed}, {sum(one.outcome.documents for one in ran)} documents, {len(failed)} failed, "
        f"{(LiveClock.monotonic() - began) / 1e9:.0f} s"
    )
    for one in failed:
        _say(f"FAILED world {one.world} case {one.case} ({one.shape}): {_shown(one.outcome)}")
    return 1 if failed else 0


def _say_what_is_awaited() -> None:
    """On SIGUSR1: where every task of the matrix stands."""
    for task in asyncio.all_tasks():
        task.print_stack(limit=8, file=sys.stdout)


def _shown(outcome: Outcome) -> str:
    state = "; ".join(outcome.problems) or "ok"
    return f"{outcome.title}: {state}, {outcome.documents} documents, {outcome.late} late, {outcome.seconds:.1f} s"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
