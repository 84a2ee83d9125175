"""When something is due: the moments of every release, in order, the void ones left out."""

import heapq
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from signald.core.release_window.register import MAX_WINDOWS
from signald.model.macro import ReleaseId
from signald.model.time import Nanos

Moment: TypeAlias = Literal["watch", "arm", "final", "confirm", "missed", "close"]
"""In the order in which moments of one instant are fired."""

_ORDER: Final[dict[Moment, int]] = {moment: rank for rank, moment in enumerate(get_args(Moment))}
_SLACK: Final = 64  # void moments that may lie about
MOST_DUE: Final = 2 * len(_ORDER) * MAX_WINDOWS + _SLACK
"""Moments kept, void ones included."""


class Due(NamedTuple):
    """One moment; ``plan`` counts the plans made for its release: a moment of an older plan is void."""

    ts: Nanos
    order: int
    release_id: ReleaseId
    plan: int
    moment: Moment


class Agenda:
    """Moments by time, then in the order of :data:`Moment`, then by release."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._heap: list[Due] = []
        self._plans: dict[ReleaseId, int] = {}
        self._live: dict[ReleaseId, int] = {}
        self._made = 0
        self._extended: dict[ReleaseId, dict[Moment, Nanos]] = {}

    def plan(self, release_id: ReleaseId, moments: Mapping[Moment, Nanos]) -> None:
        """Note a release's moments in place of all noted before."""
        self._made += 1
        self._extended.pop(release_id, None)
        self._plans[release_id] = self._made
        self._live[release_id] = 0
        for moment, ts in moments.items():
            self.add(release_id, moment, ts)
        self._sweep()

    def add(self, release_id: ReleaseId, moment: Moment, ts: Nanos) -> None:
        """Note one more moment of a release that has a plan."""
        heapq.heappush(self._heap, Due(ts, _ORDER[moment], release_id, self._plans[release_id], moment))
        self._live[release_id] += 1

    def extend(self, release_id: ReleaseId, moment: Moment, ts: Nanos) -> None:
        """The same for a moment that waits for the last of many: however often it is put off, it is noted once.

        When the one that is noted has come, the last one that was asked for takes its place.
        """
        extended = self._extended.setdefault(release_id, {})
        if moment not in extended:
            self.add(release_id, moment, ts)
        extended[moment] = ts

    def postpone(self, moments: AbstractSet[Moment], until: Nanos) -> None:
        """Let these moments of every release be due at ``until`` at the earliest."""
        self._heap = [
            due._replace(ts=until) if due.moment in moments and due.ts < until else due
            for due in self._heap
            if not self._is_void(due)
        ]
        heapq.heapify(self._heap)

    def drop(self, release_id: ReleaseId) -> None:
        """Nothing more is due of a release."""
        self._extended.pop(release_id, None)
        self._plans.pop(release_id, None)
        self._live.pop(release_id, None)
        self._sweep()

    def next_ts(self) -> Nanos | None:
        """When the next moment is due."""
        while self._heap and self._is_void(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0].ts if self._heap else None

    def pop(self) -> Due:
        """Take the next moment out; there must be one."""
        due = heapq.heappop(self._heap)
        self._live[due.release_id] -= 1
        last = self._extended.get(due.release_id, {}).pop(due.moment, due.ts)
        if last > due.ts:
            self.extend(due.release_id, due.moment, last)
        return due

    def __len__(self) -> int:
        """How many moments are kept, void ones included."""
        return len(self._heap)

    def _is_void(self, due: Due) -> bool:
        return self._plans.get(due.release_id) != due.plan

    def _sweep(self) -> None:
        """Drop void moments when they outnumber the others: a release may be moved to and fro without end."""
        if len(self._heap) > 2 * sum(self._live.values()) + _SLACK:
            self._heap = [due for due in self._heap if not self._is_void(due)]
            heapq.heapify(self._heap)
