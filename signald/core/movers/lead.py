"""Which venue moves first: cross-correlation of returns a tenth of a second long.

For each venue, its return at t is set against that of the others, the median of theirs, at t + k tenths, k from −5 to
5; the k at which their correlation is largest is by how much it leads. What is known is only as fine as the looks, and
only as sure as there are returns: below 40 of them, or at a correlation that chance would reach in one of a hundred
trials (|r| > 2.58/√n), nothing is said.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FARTHEST: Final = 5
"""Looks to either side."""

LEAST: Final = 40
"""Returns before anything is said."""

_SURE: Final = 2.58  # of the standard error of a correlation of nothing


class Lead(NamedTuple):
    """By how many looks one leads the others, and how alike they are at that."""

    looks: int
    correlation: float


def leads(mids: Sequence[Floats]) -> tuple[Lead | None, ...]:
    """Of each venue, from one array of mids a look, NaN where one was not known; nothing after too few looks."""
    if len(mids) <= LEAST:
        return ()
    seen = np.array(mids)
    returns = np.diff(np.log(seen), axis=0)
    return tuple(_lead(returns, place) for place in range(returns.shape[1]))


def _lead(returns: Floats, place: int) -> Lead | None:
    others = np.delete(returns, place, axis=1)
    known = ~np.isnan(others).all(axis=1)
    if not known.any():
        return None
    market = np.full(len(returns), np.nan)
    market[known] = np.nanmedian(others[known], axis=1)
    best: Lead | None = None
    for k in sorted(range(-FARTHEST, FARTHEST + 1), key=abs):
        ours, theirs = (returns[: len(returns) - k, place], market[k:]) if k >= 0 else (returns[-k:, place], market[:k])
        found = _correlation(ours, theirs)
        if found is not None and (best is None or found > best.correlation + 1e-12):
            best = Lead(k, found)
    return best


def _correlation(ours: Floats, theirs: Floats) -> float | None:
    """About zero, as returns over a tenth of a second have no mean to speak of; ``None``: too few, or by chance."""
    usable = ~np.isnan(ours) & ~np.isnan(theirs)
    n = int(np.count_nonzero(usable))
    if n < LEAST:
        return None
    x, y = ours[usable], theirs[usable]
    scale = math.sqrt(float(x @ x) * float(y @ y))
    if not scale > 0.0:
        return None
    found = float(x @ y) / scale
    return found if found > _SURE / math.sqrt(n) else None
