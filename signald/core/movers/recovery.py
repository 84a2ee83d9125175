"""The liquidity clock: how long books take to come back after a release, from how long they took before.

What was seen is when a look first found spread and depth back at a share of their level before; a book that was not
back in time counts as longer than any. The median is what is expected. The bound is the k-th smallest of n with
k = ⌈(n + 1) 0.9⌉, under which the next one stays with probability 0.9 at least if they are exchangeable (Vovk,
Gammerman & Shafer 2005, "Algorithmic Learning in a Random World", ch. 2); with fewer than nine there is none.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

KEPT: Final = 40
"""Releases remembered of each instrument."""

LEVEL: Final = 0.9
LEAST: Final = 3
"""Releases before anything is expected."""


def conformal(past: Sequence[float], level: float = LEVEL) -> float | None:
    """What the next of exchangeable numbers stays within with probability ``level``; ``None``: too few are known."""
    rank = math.ceil((len(past) + 1) * level)
    return sorted(past)[rank - 1] if 0 < rank <= len(past) else None


class Recoveries:
    """How long each instrument's book took."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._seconds: dict[str, deque[float]] = {}

    def note(self, instrument: str, seconds: float | None) -> None:
        """One release: after so many seconds it was back; ``None``: not in time."""
        past = self._seconds.setdefault(instrument, deque(maxlen=KEPT))
        past.append(math.inf if seconds is None else seconds)

    def expected_s(self, instrument: str) -> float | None:
        """The median; ``None``: too few are known, or most were not back in time."""
        past = sorted(self._seconds.get(instrument, ()))
        if len(past) < LEAST:
            return None
        middle = past[(len(past) - 1) // 2]
        return None if math.isinf(middle) else middle

    def bound_s(self, instrument: str) -> float | None:
        """By when nine of ten are back; ``None``: that is not known."""
        bound = conformal(list(self._seconds.get(instrument, ())))
        return None if bound is None or math.isinf(bound) else bound

    def memory(self) -> dict[str, tuple[float | None, ...]]:
        """All of it, for a later run."""
        return {name: tuple(None if math.isinf(s) else s for s in past) for name, past in self._seconds.items()}

    def recall(self, memory: Mapping[str, Iterable[float | None]]) -> None:
        """Begin with what an earlier run had seen; of two memories the longer one counts, which holds the other."""
        for name, past in memory.items():
            told = list(past)
            if len(told) > len(self._seconds.get(name, ())):
                self._seconds.pop(name, None)
                for seconds in told:
                    self.note(name, seconds)
