"""Times several sides in turn, so that a machine whose speed drifts treats all of them alike."""

import gc
import statistics
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import NamedTuple, TypeAlias

Prepare: TypeAlias = Callable[[], Callable[[], object]]
"""Makes a round ready, untimed, and gives back what is timed."""


class Side(NamedTuple):
    """One of the things compared.

    Attributes:
        prepare: Called before each round.
        units: How many frames (or calls) a round has.
    """

    prepare: Prepare
    units: int


class Timed(NamedTuple):
    """Microseconds per unit of each round, in order."""

    rounds_us: tuple[float, ...]

    @property
    def median_us(self) -> float:
        """Median over the rounds."""
        return statistics.median(self.rounds_us)


def time_in_turn(sides: Mapping[str, Side], *, rounds: int) -> dict[str, Timed]:
    """Run every side once untimed, then ``rounds`` times in turn with the collector off."""
    for side in sides.values():
        side.prepare()()
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            gc.collect()  # before it is made ready: to walk through all objects leaves no cache as work had it
            gc.disable()
            try:
                run = side.prepare()
                started = perf_counter_ns()
                run()
                taken[name].append((perf_counter_ns() - started) / 1_000 / side.units)
            finally:
                gc.enable()
    return {name: Timed(tuple(rounds_us)) for name, rounds_us in taken.items()}


def ratio(one: Timed, other: Timed) -> float:
    """Median of the rounds' ratios: what both met in one round cancels out."""
    return statistics.median(a / b for a, b in zip(one.rounds_us, other.rounds_us, strict=True))
