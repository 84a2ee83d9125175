"""How bitcoin goes with a reference: correlation and beta of returns a bar long, exponentially weighted.

With returns b and r of a bar and λ = ½^(1/half-life): S_xy ← λ S_xy + (1 − λ) x y, means taken as zero (RiskMetrics
1996, Technical Document, ch. 5); correlation = S_br / √(S_bb S_rr), beta = S_br / S_rr. Only bars at whose both ends
reference and books were heard count, so that nothing happens in it over a night or a week-end.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from signald.core.movers.rules import RegimeRules
from signald.model.movers import Reference, ReferenceState, ReferenceView
from signald.model.time import Nanos

LEAST: Final = 12
"""Bars before anything is said."""

_FARTHEST: Final = 0.1  # a reference that moves by more within a bar is mistaken
_STILL: Final = 2  # bars without any move: nobody trades it


class Companion:
    """One reference beside one asset."""

    def __init__(self, rules: RegimeRules) -> None:
        """Nothing was heard."""
        self._rules = rules
        self._kept = 0.5 ** (1.0 / rules.half_life_bars)
        self._sums = [0.0, 0.0, 0.0]
        self._bars = 0
        self._still = 0
        self._sequences: dict[str, int] = {}
        self._bar: int | None = None
        self._price = math.nan
        self._mids: tuple[float | None, ...] = ()
        self._heard: Nanos = 0

    def is_repetition(self, heard: Reference) -> bool:
        """Whether it is not newer than what its source said before."""
        return heard.sequence <= self._sequences.get(heard.source, -1)

    def hear(self, heard: Reference, mids: Sequence[float | None]) -> None:
        """Take a price, and what books of the asset showed at that moment, in dollars, in a fixed order."""
        if len(self._sequences) < _MOST_SOURCES or heard.source in self._sequences:
            self._sequences[heard.source] = heard.sequence
        self._heard = heard.ts_ingest
        bar = heard.ts_ingest // self._rules.bar_ns
        if bar == self._bar:
            return
        if self._bar is not None and bar == self._bar + 1:
            self._count(heard.price / self._price - 1.0, _move(self._mids, mids))
        self._bar, self._price, self._mids = bar, heard.price, tuple(mids)

    def view(self, now: Nanos) -> ReferenceView | None:
        """What is known; ``None`` before there are bars enough, or if one of the two has never moved."""
        own, shared, others = self._sums
        if self._bars < LEAST or not own > 0.0 or not others > 0.0:
            return None
        state: ReferenceState = "live"
        if now - self._heard > self._rules.stale_after_ns:
            state = "stale"
        elif self._still >= _STILL:
            state = "closed"
        correlation = min(max(shared / math.sqrt(own * others), -1.0), 1.0)
        return ReferenceView(correlation=correlation, beta=shared / others, bars=self._bars, state=state)

    def _count(self, reference: float, asset: float | None) -> None:
        was_closed = self._still >= _STILL
        self._still = self._still + 1 if reference == 0.0 else 0
        if asset is None or abs(reference) > _FARTHEST or was_closed or self._still >= _STILL:
            return
        products = (asset * asset, asset * reference, reference * reference)
        self._sums = [
            self._kept * before + (1.0 - self._kept) * one for before, one in zip(self._sums, products, strict=True)
        ]
        self._bars += 1


_MOST_SOURCES: Final = 16


def _move(before: Sequence[float | None], now: Sequence[float | None]) -> float | None:
    """Median move of the books that are known at both ends: none of them enters or leaves as a move."""
    moves = [b / a - 1.0 for a, b in zip(before, now, strict=False) if a is not None and b is not None]
    return median(moves) if moves else None
