"""The market's conditions against the usual ones: by how much more or less its moves are to be expected."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signald.model.instruments import Instrument
from signald.model.parameters import Parameters

Floats = NDArray[np.float64]

BAR_S: Final = 300
"""Volatility is measured in moves of so long a time, as where the model was estimated."""

BARS: Final = 12
"""As many as an hour has."""

LEAST_BARS: Final = 6
"""With fewer than half of them it is not known."""

_CALM, _WILD = 0.25, 4.0  # bounds of what volatility multiplies with
_DEEP, _THIN = 0.5, 2.0  # and depth


class Conditions(NamedTuple):
    """What each instrument's moves, as the model says them, are multiplied with.

    Attributes:
        volatility: Because of the last hour; ``None`` where that is not known, or is not to count for any.
        depth: Because of the book's depth; ``None``: it is not to count.
        factors: Both together.
    """

    volatility: tuple[float | None, ...] | None
    depth: tuple[float, ...] | None
    factors: Floats

    @classmethod
    def usual(cls, instruments: int) -> "Conditions":
        """Nothing is known of them."""
        return cls(None, None, np.ones(instruments))

    @classmethod
    def of(cls, volatility: tuple[float | None, ...], depth: tuple[float, ...] | None) -> "Conditions":
        """Both together; what is not known multiplies with 1."""
        factors = np.array([1.0 if one is None else one for one in volatility])
        return cls(volatility, depth, factors if depth is None else factors * np.array(depth))


def hourly_bps(mids: Sequence[float]) -> float | None:
    """Standard deviation of a bar's move, from mids a bar apart, NaN where one was not known; ``None``: too few.

    From their mean absolute move, as of a normal law: the estimate that calibration makes of the hour before.
    """
    moves = [abs(after / before - 1.0) * 1e4 for before, after in pairwise(mids)]
    known = [one for one in moves if not math.isnan(one)]
    return math.sqrt(math.pi / 2.0) * math.fsum(known) / len(known) if len(known) >= LEAST_BARS else None


def volatility_factor(parameters: Parameters, asset: str, hourly: float | None) -> float | None:
    """What the model's moves of ``asset`` are multiplied with when a bar of the last hour moved by ``hourly``.

    A usual move is made of the month's volatility and of the hour's, the latter with the power that the model learnt.
    ``None`` where the hour or the model does not say.
    """
    transfer = parameters.transfers.get(asset)
    responses = parameters.assets.get(asset if transfer is None else transfer.asset, ())
    pace = next((one.pace for one in responses if one.seconds == parameters.primary_s), None)
    if pace is None or hourly is None or not hourly > 0.0 or not pace.lately > 0.0:
        return None
    now = hourly * math.sqrt(parameters.primary_s / BAR_S)
    return min(max((now / pace.lately) ** pace.hour, _CALM), _WILD)


def depth_factor(now: float | None, usual: float | None, *, elasticity: float) -> float:
    """What moves are multiplied with in a book of depth ``now``: (usual / now) to the ``elasticity``, ½ … 2.

    Impact grows as liquidity falls (Kyle 1985, "Continuous auctions and insider trading"), but nobody has estimated by
    how much around releases: the elasticity is configured, by default 0, and the factor then 1; as where depth is not
    known.
    """
    if not now or not usual or math.isnan(now) or math.isnan(usual):
        return 1.0
    return min(max((usual / now) ** elasticity, _DEEP), _THIN)


def by_asset(instruments: Sequence[Instrument], hourly: Sequence[float | None]) -> Mapping[str, float]:
    """Of several instruments of one asset the median: no single book decides."""
    found: dict[str, list[float]] = {}
    for instrument, one in zip(instruments, hourly, strict=True):
        if one is not None:
            found.setdefault(instrument.base, []).append(one)
    return {asset: float(np.median(of)) for asset, of in found.items()}
