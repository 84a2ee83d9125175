"""What became of each release's predictions, and the next model that follows from it, outside all release windows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from signald.core.engine.world import Output, World
from signald.core.learning import Outcome, learn_outcome
from signald.model.macro import ReleaseId
from signald.model.notices import ModelLearnt
from signald.model.signals import Flag, Signal
from signald.model.time import NS_PER_S, Nanos

_DOUBTED_FIGURE: Final[frozenset[Flag]] = frozenset(
    {"late_release", "early_release", "conflicting_sources", "outlier", "unit_slip", "partial_bundle", "test"}
)
"""Nothing is learnt from a figure that is doubted."""

_DOUBTED_MOVE: Final[frozenset[Flag]] = frozenset({"stale_book", "no_book", "crossed_book", "depegged_quote"})
"""And no response from a move that is; surprises come from elsewhere, and σ is learnt from them alike everywhere."""

_MOST: Final = 64  # moments whose outcomes are awaited


@dataclass(slots=True)
class _Heard:
    """What is known of one moment so far; ``moves``: asset and seconds → moves of its instruments."""

    surprises: dict[ReleaseId, float] = field(default_factory=dict[ReleaseId, float])
    moves: dict[str, dict[int, list[float]]] = field(default_factory=dict[str, dict[int, list[float]]])
    is_doubted: bool = False

    def outcome(self, ts: Nanos) -> Outcome:
        """Of several instruments of one asset the median counts: no single book decides what is learnt."""
        return Outcome(
            ts,
            self.surprises,
            {asset: {seconds: median(of) for seconds, of in by.items()} for asset, by in self.moves.items()},
        )


class Lessons:
    """Collects outcomes from what the guard says, and has the model learn them when no release is near."""

    def __init__(self, world: World, *, lead_ns: Nanos) -> None:
        """Take what the engine knows; a release is near from ``lead_ns`` before it to the longest horizon after it."""
        self._world = world
        self._scorer = world.documents.scorer
        self._lead_ns = lead_ns
        self._assets = {one.id: one.base for one in self._scorer.instruments}
        self._heard: dict[Nanos, _Heard] = {}
        self._pending: list[Outcome] = []
        self._due: Nanos | None = None

    def note(self, outputs: Iterable[Output]) -> None:
        """See what the guard told of reactions and outcomes."""
        over: dict[Nanos, Nanos] = {}
        for one in outputs:
            if isinstance(one, Signal) and one.kind in {"reaction", "outcome"} and one.ts_scheduled is not None:
                self._take(one, one.ts_scheduled)
                if one.kind == "outcome":
                    over[one.ts_scheduled] = one.ts_ingest
        for scheduled, now in over.items():
            heard = self._heard.pop(scheduled, None)
            if heard is not None and not heard.is_doubted:
                self._pending.append(heard.outcome(scheduled))
                self._due = self._quiet_from(now)

    def next_ts(self) -> Nanos | None:
        """When the model may learn what it has not learnt yet."""
        return self._due

    def fire(self) -> list[Output]:
        """Learn what is pending, at its own time; nothing if a release has come near meanwhile."""
        assert self._due is not None
        now, quiet = self._due, self._quiet_from(self._due)
        if quiet > now:
            self._due = quiet
            return []
        pending, self._pending, self._due = self._pending, [], None
        told: list[Output] = []
        for outcome in pending:
            before = self._scorer.parameters
            after = learn_outcome(before, outcome, ts_effective=now)
            if after is not None:
                self._scorer.adopt(after)
                told.append(
                    ModelLearnt(
                        id=after.id,
                        parent=before.id,
                        releases=tuple(outcome.surprises),
                        moves_bps={
                            asset: {str(seconds): move for seconds, move in by.items()}
                            for asset, by in outcome.moves.items()
                        },
                        ts_ingest=now,
                    )
                )
        return told

    def _take(self, signal: Signal, scheduled: Nanos) -> None:
        """Keep surprises, and one instrument's move over one of the model's horizons, unless they are doubted."""
        if scheduled not in self._heard and len(self._heard) >= _MOST:
            del self._heard[next(iter(self._heard))]
        heard = self._heard.setdefault(scheduled, _Heard())
        if _DOUBTED_FIGURE.intersection(signal.flags) or any(cause.figure for cause in signal.causes):
            heard.is_doubted = True
        heard.surprises = {one.release_id: one.surprise for one in signal.causes if one.surprise is not None}
        seconds = (signal.ts_event - scheduled) // NS_PER_S
        asset = self._assets.get(signal.instrument or "", "")
        if asset not in self._scorer.parameters.assets or seconds not in self._scorer.horizons_s:
            return
        if isinstance(signal.realised_bps, float) and not _DOUBTED_MOVE.intersection(signal.flags):
            usual = signal.realised_bps / _scaled_by(signal)
            heard.moves.setdefault(asset, {}).setdefault(seconds, []).append(usual)

    def _quiet_from(self, now: Nanos) -> Nanos:
        """The first moment from ``now`` on at which no release is near."""
        quiet = now
        for scheduled in sorted(self._world.register.bundles):
            over = scheduled + self._scorer.longest_ns
            if over > quiet and scheduled - self._lead_ns <= quiet:
                quiet = over
        return quiet


def _scaled_by(signal: Signal) -> float:
    """What the model's own moves were multiplied with in this document."""
    if signal.model is None:
        return 1.0
    factors = (signal.model.volatility, signal.model.depth)
    return math.prod(one for one in factors if isinstance(one, float))
