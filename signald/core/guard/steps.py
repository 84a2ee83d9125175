"""Which step of which moment is due when."""

import heapq
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from signald.core.guard.rules import GuardRules
from signald.model.time import Nanos

StepName: TypeAlias = Literal["widen", "hold", "cancelled", "released", "overdue", "after", "renew"]
"""In the order in which steps of one instant are fired."""

_ORDER: Final[dict[StepName, int]] = {name: rank for rank, name in enumerate(get_args(StepName))}
NO_MOMENT: Final[Nanos] = -1
"""In the place of T0 where a step is of no release."""


class Step(NamedTuple):
    """One step; ``plan`` is that of its moment: of an older plan it is void."""

    ts: Nanos
    order: int
    ts_scheduled: Nanos
    plan: int
    name: StepName


class Steps:
    """Steps by time."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._heap: list[Step] = []

    def add(self, name: StepName, ts: Nanos, *, ts_scheduled: Nanos = NO_MOMENT, plan: int = 0) -> None:
        """Note one step."""
        heapq.heappush(self._heap, Step(ts, _ORDER[name], ts_scheduled, plan, name))

    def next(self) -> Step | None:
        """The next step, left where it is."""
        return self._heap[0] if self._heap else None

    def pop(self) -> Step:
        """Take the next step out; there must be one."""
        return heapq.heappop(self._heap)

    def keep(self, plans: Mapping[Nanos, int]) -> None:
        """Drop what is of no plan among ``plans``, by T0; what is of no release stays."""
        self._heap = [
            step for step in self._heap if step.ts_scheduled == NO_MOMENT or plans.get(step.ts_scheduled) == step.plan
        ]
        heapq.heapify(self._heap)

    def __len__(self) -> int:
        """How many steps are kept, void ones included."""
        return len(self._heap)


def after_offsets(rules: GuardRules, horizons_ns: tuple[Nanos, ...]) -> tuple[Nanos, ...]:
    """When after T0 something is to be looked at."""
    last = (rules.recover_after_ns, rules.normal_after_ns)
    return tuple(sorted({*rules.check_at_ns, *rules.react_at_ns, *horizons_ns, *last}))
