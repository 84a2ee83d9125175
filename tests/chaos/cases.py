"""One case: figures are promised and said, something goes wrong in the middle, and afterwards all must be well."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from signald.model.signals import Signal
from signald.runtime.clock import LiveClock
from signald.sinks.encoding import decode_data
from tests.chaos.catalogue import CATALOGUE, WEIGHTS, Fault, FaultPoint
from tests.chaos.checks import (
    absence_problems,
    citation_problems,
    find_problems,
    is_complete,
    journal_problems,
    look,
    punctuality_problems,
)
from tests.chaos.source import Figure
from tests.chaos.world import World

_SETTLES_WITHIN_S: Final = 45.0
_HEARD_WITHIN_S: Final = 20.0
_SAY_AGAIN_EVERY_S: Final = 0.6
_POLL_S: Final = 0.05
_GAPS_S: Final = (0.0, 0.0, 0.001, 0.01, 0.05, 0.2)
_TWO_AT_ONCE: Final = 0.3
_WELL: Final = {
    "signald_mqtt_up": 1.0,
    "signald_redis_up": 1.0,
    "signald_publisher_queue_depth": 0.0,
    "signald_journal_failing": 0.0,
}


class Outcome(NamedTuple):
    """What became of a case."""

    title: str
    problems: tuple[str, ...]
    documents: int
    late: int
    seconds: float


def draw(world: World, rng: random.Random) -> list[Fault]:
    """One fault, or two that strike different things."""
    fitting = [kind for kind in CATALOGUE if kind.fits(world)]
    first = rng.choices(fitting, [WEIGHTS.get(kind, 1) for kind in fitting])[0]
    drawn = [first(world, rng)]
    others = [kind for kind in fitting if kind.target not in {first.target, "all", "nothing"} and _agree(kind, first)]
    if first.target not in {"all", "nothing"} and rng.random() < _TWO_AT_ONCE:
        second = rng.choices(others, [WEIGHTS.get(kind, 1) for kind in others])[0]
        drawn.append(second(world, rng))
    return drawn


def _agree(one: type[Fault], other: type[Fault]) -> bool:
    """What was never heard of cannot be missed: a schedule must not be lost where a figure is withheld."""
    return not any(
        first.withholds and (second.forgets or second is FaultPoint) for first, second in ((one, other), (other, one))
    )


class Case:
    """One case in a world.

    Attributes:
        unordered: Documents whose place on the stream may differ from that in a journal: messages were lost.
    """

    def __init__(self, world: World, faults: Sequence[Fault], rng: random.Random, unordered: set[str]) -> None:
        self._world = world
        self._faults = faults
        self._rng = rng
        self._bundles: list[list[Figure]] = []
        self._planned: set[str] = set()
        self._scored = all(fault.scores for fault in faults)
        self._forgets = any(fault.forgets for fault in faults)
        self._withholds = next((fault.withholds for fault in faults if fault.withholds), "")
        self._withheld: Figure | None = None
        self.unordered = unordered

    @property
    def title(self) -> str:
        """What goes wrong in it."""
        return " + ".join(fault.title for fault in self._faults)

    async def run(self) -> Outcome:
        """Run it; it ends in an outcome, never in an exception of the daemon's making."""
        began = LiveClock.monotonic()
        world = self._world
        problems: list[str] = []
        # While the last case was judged the network may have stalled; and when its clock was set right, an hour's steps
        # came due: they belong to it.
        await world.hear(_SETTLES_WITHIN_S)
        await world.until(self._all_well, _SETTLES_WITHIN_S)
        before = {entry.id for entry in await world.desk.stream()}
        losses = self._losses()
        await self._play()
        try:
            async with asyncio.timeout(_SETTLES_WITHIN_S):
                await self._settle()
                if self._withheld is not None and self._withholds == "late":
                    await self._say_late(self._withheld)
        except TimeoutError:
            problems.append("did not settle: " + await self._what_is_missing())
        seen = await look(world)
        new = [entry for entry in seen.stream if entry.id not in before]
        # Replicas may hear, or judge, one figure differently, and each looks at its own clock to say what is absent.
        differs = self._forgets or not self._scored or self._withholds
        if differs and (len(world.replicas) > 1 or world.excused):
            self.unordered |= {entry.id for entry in new}
        self.unordered |= world.excused
        # In a thread: the proxies live in this loop, and a network that stalls while we check is a fault of our own.
        problems += await asyncio.to_thread(lambda: [*find_problems(world, seen, self.unordered)])
        for replica in world.replicas:
            problems += await asyncio.to_thread(lambda: [*journal_problems(replica.journal)])  # noqa: B023 - awaited
        problems += punctuality_problems(
            new,
            outages=[fault.outage for fault in self._faults if fault.outage and len(world.replicas) == 1],
            direct=not any(fault.touches_redis for fault in self._faults) and self._losses() == losses,
            crowds=any(fault.crowds for fault in self._faults),
        )
        figures = [figure for bundle in self._bundles for figure in bundle]
        problems += citation_problems(new, figures, complete=not self._forgets and self._scored)
        if self._scored:
            withheld = () if self._withheld is None else (self._withheld.release_id,)
            problems += absence_problems(new, planned=self._planned, withheld=withheld)
        for fault in self._faults:
            await fault.clear_up()
        return Outcome(
            title=self.title,
            problems=tuple(problems),
            documents=len(new),
            late=sum(entry.late_ms > 0 for entry in new),
            seconds=(LiveClock.monotonic() - began) / 1e9,
        )

    async def _play(self) -> None:
        """Say everything, with the faults in the middle."""
        rng, source = self._rng, self._world.source
        for fault in self._faults:
            await fault.prepare()
        bundles = self._bundles = source.plan()
        figures = list(itertools.chain.from_iterable(bundles))
        self._planned = {figure.release_id for figure in figures}
        rng.shuffle(figures)
        if self._withholds:
            self._withheld = figures.pop()
            self._bundles = [[figure for figure in bundle if figure in figures] for bundle in bundles]
        strikes = {fault: rng.randint(0, len(figures)) for fault in self._faults}
        said = asyncio.Event()
        async with asyncio.TaskGroup() as healing:
            await source.schedule(bundles)
            if self._withholds:
                await self._world.hear(_HEARD_WITHIN_S)
            for place in range(len(figures) + 1):
                for fault in [fault for fault in self._faults if strikes[fault] == place]:
                    await fault.strike()
                    healing.create_task(fault.heal(said))
                if place < len(figures):
                    await source.release(figures[place])
                    await asyncio.sleep(rng.choice(_GAPS_S))
            said.set()

    async def _settle(self) -> None:
        world = self._world
        loop = asyncio.get_running_loop()
        again = loop.time()
        await world.until(world.all_ready, _SETTLES_WITHIN_S)
        first_beat = await world.source.beat()
        while not (await asyncio.to_thread(self._is_settled, first_beat) and await self._is_written()):
            await world.source.beat()
            if self._forgets and loop.time() >= again:
                await world.source.say_again()
                again = loop.time() + _SAY_AGAIN_EVERY_S
            await asyncio.sleep(_POLL_S)

    async def _say_late(self, figure: Figure) -> None:
        """Say the figure that was withheld, now that it has been missed."""
        await self._world.source.release(figure)
        self._bundles = [*self._bundles, [figure]]
        await self._settle()

    def _is_settled(self, first_beat: int) -> bool:
        world = self._world
        heard = {entry.id: entry.data for entry in list(world.desk.heard)}
        if not self._is_complete(list(heard.values())):
            return False
        for replica in world.replicas:
            documents = dict(replica.documents())
            if not self._is_complete(list(documents.values())) or documents.keys() - heard.keys():
                return False
            if replica.last_heartbeat() < first_beat:  # it may not have noticed that its connection is gone
                return False
        return self._all_well()

    def _all_well(self) -> bool:
        """Whether every replica says that it has its servers and nothing to deliver."""
        said = [replica.metrics() for replica in self._world.replicas]
        return all(metrics.get(name) == well for metrics in said for name, well in _WELL.items())

    async def _is_written(self) -> bool:
        """Whether a Redis that has lost something has been given it again, which a desk had heard before."""
        world = self._world
        if not world.redis_lost:
            return True
        written = {entry.id for entry in await world.desk.stream()}
        journals = await asyncio.to_thread(lambda: [replica.documents() for replica in world.replicas])
        return all(document in written for journal in journals for document, _ in journal)

    def _is_complete(self, documents: Sequence[bytes]) -> bool:
        said = [decode_data(data) for data in documents[-200:]]
        return is_complete(said, self._bundles, scored=self._scored) and self._is_missed(said)

    def _is_missed(self, said: Sequence[Signal]) -> bool:
        """Whether it has been said that the figure did not come, if one was withheld."""
        if self._withheld is None:
            return True
        return any(one.kind == "missed" and one.causes[0].release_id == self._withheld.release_id for one in said)

    def _losses(self) -> int:
        """How often a daemon lost Redis so far; on a busy machine it may without any fault of ours."""
        return sum(len(replica.events("redis_disconnected")) for replica in self._world.replicas)

    async def _what_is_missing(self) -> str:
        world = self._world
        heard = [entry.data for entry in world.desk.heard]
        missing = [] if self._is_complete(heard) else ["desk"]
        for replica in world.replicas:
            if replica.has_ended or not replica.is_ready:
                missing.append(f"{replica.name} is not ready: {replica.last_words()}")
            elif not self._is_complete([data for _, data in replica.documents()]):
                missing.append(f"journal of {replica.name}")
            else:
                metrics = replica.metrics()
                missing.append(f"{replica.name}: " + ", ".join(f"{name} {metrics.get(name)}" for name in _WELL))
        return ", ".join(missing)
