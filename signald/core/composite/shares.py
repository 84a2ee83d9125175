"""Who is believed how much: weights made shares, none above a cap, and means over some of the shares."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.jit import inner
from signald.core.kernels.machine import WordArray

# What a member is: columns of the table that says whose rows are blended.
MEMBER_ROW: Final = 0  # number of its row
MEMBER_VENUE: Final = 1  # number of its venue: rows of one venue share one cap
MEMBER_DEX: Final = 2  # 1: on a decentralised venue
MEMBER_FIELDS: Final = 3

# What was seen of it.
PRICE: Final = 0  # microprice, US dollars
SHARE: Final = 1  # of the weights; 0: not believed
BASIS: Final = 2  # its price less the composite's, basis points of the latter; NaN where either is unknown
DEPTH: Final = 3  # US dollars within 5 basis points of its mid on the smaller side, at least the touch
QUALITY: Final = 4  # weight before shares
HALF: Final = 5  # half its spread, US dollars
RANKED: Final = 6  # scratch, by rank: number of the member
GATHERED: Final = 7  # scratch, by venue: its members' weights
GRANTED: Final = 8  # scratch, by venue: its share
SEEN_FIELDS: Final = 9

BANDS: Final = 3
LADDER_FIELDS: Final = 3
"""Bids, asks, and those of both that rest on decentralised venues, US dollars; a row for each band of the board's."""

CAP: Final = 0.25
"""Share of the weights above which no venue comes, from four venues on; below that each has as much."""
FARTHEST_BPS: Final = 100.0
"""A venue farther from the middle of all is not believed; nor is one with a wider spread."""
OLDEST_NS: Final = 30_000_000_000
"""Nor is one whose book is older than the newest by more."""

Table = NDArray[np.float64]

_BPS: Final = 1e4


@inner
def doubt_the_far(members: WordArray, seen: Table) -> int:
    """Share out the weights, take them from whoever is far from the middle, and share out what is left.

    Returns:
        How many venues have any.
    """
    venues = _share_out(members, seen)
    if venues > 1:
        rank(seen, PRICE)
        middle = mean_between(seen, PRICE, 0.5 - 1e-9, 0.5 + 1e-9)
        far = False
        for i in range(len(seen)):
            if seen[i, SHARE] > 0.0 and abs(seen[i, PRICE] / middle - 1.0) * _BPS > FARTHEST_BPS:
                seen[i, QUALITY] = 0.0
                far = True
        if far:
            venues = _share_out(members, seen)
    return venues


@inner
def _share_out(members: WordArray, seen: Table) -> int:
    """Turn weights into shares that sum to 1, of which no venue has more than its cap; returns how many have any."""
    for i in range(len(seen)):
        seen[i, SHARE] = 0.0
        seen[i, GATHERED] = 0.0
        seen[i, GRANTED] = 0.0
    venues = 0
    for i in range(len(seen)):
        venue = members[i, MEMBER_VENUE]
        if seen[i, QUALITY] > 0.0 and seen[venue, GATHERED] == 0.0:
            venues += 1
        seen[venue, GATHERED] += seen[i, QUALITY]
    if venues > 0:
        _grant(seen, max(CAP, 1.0 / venues))
    for i in range(len(seen)):
        venue = members[i, MEMBER_VENUE]
        if seen[i, QUALITY] > 0.0:
            seen[i, SHARE] = seen[venue, GRANTED] * seen[i, QUALITY] / seen[venue, GATHERED]
    return venues


@inner
def _grant(seen: Table, cap: float) -> None:
    """Share out the whole among the venues by their weights: what one has above ``cap`` goes to the others."""
    left = 1.0
    free = 0.0
    for venue in range(len(seen)):
        free += seen[venue, GATHERED]
    again = True
    while again:
        again = False
        for venue in range(len(seen)):
            weight = seen[venue, GATHERED]
            if seen[venue, GRANTED] == 0.0 and weight * left > cap * free:
                seen[venue, GRANTED] = cap
                left -= cap
                free -= weight
                again = True
    for venue in range(len(seen)):
        if seen[venue, GRANTED] == 0.0 < seen[venue, GATHERED]:
            seen[venue, GRANTED] = seen[venue, GATHERED] * left / free


@inner
def rank(seen: Table, column: int) -> None:
    """Put the members in order of a column: those that have a share, lowest first. They are few."""
    ranked = 0
    for i in range(len(seen)):
        if seen[i, SHARE] > 0.0:
            place = ranked
            while place > 0 and seen[int(seen[place - 1, RANKED]), column] > seen[i, column]:
                seen[place, RANKED] = seen[place - 1, RANKED]
                place -= 1
            seen[place, RANKED] = float(i)
            ranked += 1
    for place in range(ranked, len(seen)):
        seen[place, RANKED] = -1.0


@inner
def mean_between(seen: Table, column: int, low: float, high: float) -> float:
    """Mean of a column over the shares from ``low`` to ``high``, in the order of :func:`rank`."""
    passed = 0.0
    total = 0.0
    taken = 0.0
    for place in range(len(seen)):
        i = int(seen[place, RANKED])
        if i < 0:
            break
        share = max(0.0, min(passed + seen[i, SHARE], high) - max(passed, low))
        total += share * seen[i, column]
        taken += share
        passed += seen[i, SHARE]
    return total / taken
