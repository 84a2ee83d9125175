"""Past events nearest to what is heard now: what a desk remembers, found by the distance of the surprises."""

import math
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Final, TypeAlias

from signald.model.learning import PastEvent
from signald.model.parameters import SeriesId
from signald.model.signals import PastMove

MOST: Final = 3
"""Past events that a document shows."""

_first_two = itemgetter(0, 1)

Ranked: TypeAlias = Sequence[tuple[float, PastEvent]]


def rank_past(events: Sequence[PastEvent], heard: Mapping[SeriesId, float]) -> Ranked:
    """Events at which one of the series heard now came, nearest first; of equals the newest.

    The distance is Euclid's over the series heard now, one that did not come then having surprised nobody.
    """
    if len(heard) == 1:  # the way that must be short; the same numbers, since the root of a square is exact
        ((name, z),) = heard.items()
        alike = [(abs(event.z[name] - z), -event.ts, event) for event in events if name in event.z]
    else:
        like = [event for event in events if not heard.keys().isdisjoint(event.z)]
        alike = [
            (math.sqrt(math.fsum((event.z.get(name, 0.0) - z) ** 2 for name, z in heard.items())), -event.ts, event)
            for event in like
        ]
    return [(distance, event) for distance, _, event in sorted(alike, key=_first_two)]


def nearest_moves(ranked: Ranked, asset: str) -> tuple[PastMove, ...]:
    """The nearest of them whose move of ``asset`` is known."""
    known = (one for one in ranked if asset in one[1].moves)
    return tuple(
        PastMove(
            ts_scheduled=event.ts, surprise_z=event.z, realised_bps=event.moves[asset], distance=round(distance, 3)
        )
        for (distance, event), _ in zip(known, range(MOST), strict=False)
    )
