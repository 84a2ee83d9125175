"""Assets whose prices hold too few releases for responses of their own: how they follow the one that has most."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from signald.core.learning import tidy
from signald.model.parameters import Transfer
from signald.research.prices import Bars, Prices
from signald.research.sample import Floats, Sample

LEAST_SHARE: Final = 0.5
"""Share of the leading asset's releases below which an asset follows it."""

LEAST_BARS: Final = 288
"""Common bars below which it is not known how."""


def leader_of(sample: Sample, *, seconds: int) -> str:
    """The asset whose prices hold most releases; of equals the first by name."""
    return max(sorted(sample.moves), key=lambda asset: _known(sample, asset, seconds))


def followers_of(sample: Sample, prices: Prices, *, seconds: int) -> Mapping[str, Transfer]:
    """How each asset of too few releases follows the leader; those that have too few bars in common are left out."""
    leader = leader_of(sample, seconds=seconds)
    enough = LEAST_SHARE * _known(sample, leader, seconds)
    found: dict[str, Transfer] = {}
    for asset in sorted(sample.moves):
        if _known(sample, asset, seconds) < enough:
            transfer = follow(leader, prices[leader], prices[asset])
            if transfer is not None:
                found[asset] = transfer
    return found


def lead(sample: Sample, *, seconds: int) -> Sample:
    """The sample without the assets of too few releases."""
    enough = LEAST_SHARE * _known(sample, leader_of(sample, seconds=seconds), seconds)
    kept = [asset for asset in sample.moves if _known(sample, asset, seconds) >= enough]
    by_asset = {name: {asset: getattr(sample, name)[asset] for asset in kept} for name in ("moves", "usual", "lately")}
    return sample._replace(**by_asset)


def follow(leader: str, leading: Sequence[Bars], following: Sequence[Bars]) -> Transfer | None:
    """Regress the one's bars on the other's, without a constant; ``None`` where they have too few in common.

    Moves of the same minutes, each bar from its open to its close. The follower's law is as much wider than its beta
    makes it as its own moves are: by one over the correlation about zero.
    """
    ours, theirs = _common(leading, following)
    if len(ours) < LEAST_BARS:
        return None
    shared, squares, own = float(ours @ theirs), float(ours @ ours), float(theirs @ theirs)
    if shared == 0.0:
        return None
    width = max(float(np.sqrt(squares * own)) / abs(shared), 1.0)
    return Transfer(asset=leader, beta=tidy(shared / squares), width=max(tidy(width), 1.0), n=len(ours))


def _common(leading: Sequence[Bars], following: Sequence[Bars]) -> tuple[Floats, Floats]:
    """Moves of the bars that both have, of the longest length that both have."""
    for one in leading:
        for other in following:
            if one.step_ns == other.step_ns:
                _, at, there = np.intersect1d(one.start, other.start, assume_unique=True, return_indices=True)
                return one.close[at] / one.open[at] - 1.0, other.close[there] / other.open[there] - 1.0
    return np.empty(0), np.empty(0)


def _known(sample: Sample, asset: str, seconds: int) -> int:
    return int(np.count_nonzero(~np.isnan(sample.moves[asset][seconds])))
