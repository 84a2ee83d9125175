"""Past events nearest to what is heard now: what a desk remembers, found by the distance of the surprises."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from signald.model.learning import PastEvent
from signald.model.parameters import SeriesId
from signald.model.signals import PastMove

MOST: Final = 3
"""Past events that a document shows."""

Ranked: TypeAlias = Sequence[tuple[float, PastEvent]]


def rank_past(events: Sequence[PastEvent], heard: Mapping[SeriesId, float]) -> Ranked:
    """Events at which one of the series heard now came, nearest first; of equals the newest.

    The distance is Euclid's over the series heard now, one that did not come then having surprised nobody.
    """
    like = [event for event in events if not heard.keys().isdisjoint(event.z)]
    ranked = [
        (math.sqrt(math.fsum((event.z.get(name, 0.0) - z) ** 2 for name, z in heard.items())), event) for event in like
    ]
    return sorted(ranked, key=lambda one: (one[0], -one[1].ts))


def nearest_moves(ranked: Ranked, asset: str) -> tuple[PastMove, ...]:
    """The nearest of them whose move of ``asset`` is known."""
    known = (one for one in ranked if asset in one[1].moves)
    return tuple(
        PastMove(
            ts_scheduled=event.ts, surprise_z=event.z, realised_bps=event.moves[asset], distance=round(distance, 3)
        )
        for (distance, event), _ in zip(known, range(MOST), strict=False)
    )
