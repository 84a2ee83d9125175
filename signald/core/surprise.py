"""Actual against consensus, in standard deviations of the same series' own past surprises.

After Balduzzi, Elton & Green (2001), "Economic News and Bond Prices": S = (actual - consensus) / σ, here with a rolling
σ, since an expanding one is poisoned by 2020. Used alike by the engine and by research.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

WINDOW: Final = 24
"""Past surprises that make a standard deviation: two years of a monthly series."""

MINIMUM: Final = 8
"""Past surprises below which a standard deviation is not believed: its own relative error is then above a quarter."""

WINSOR: Final = 4.0
"""Standardised surprises are cut at ± this when they are scored."""


_DECIMALS: Final = 9


class Surprise(NamedTuple):
    """One surprise: ``raw`` in the indicator's unit; ``z`` in standard deviations, uncut; ``None`` without a scale."""

    raw: float
    z: float | None


def surprise(actual: float, consensus: float) -> float:
    """Actual less consensus, to nine decimals: 3.0 - 2.9 is 0.1, not 0.10000000000000009; a zero never has a sign."""
    return round(actual - consensus, _DECIMALS) + 0.0


def scale_floor(step: float) -> float:
    """The standard deviation that rounding alone gives: actual and consensus are each off by up to half a step.

    The difference of two independent uniform errors of variance step²/12 each.
    """
    return step / math.sqrt(6.0)


def scale(past: Sequence[float], *, step: float, window: int = WINDOW, minimum: int = MINIMUM) -> float | None:
    """Standard deviation of the newest ``window`` of ``past`` surprises, at least :func:`scale_floor`.

    Args:
        past: Surprises of one series in order of time, in its unit, all known before the one to be judged.
        step: Smallest step in which the agency publishes.
        window: How many to use.
        minimum: With fewer than this the answer is ``None``.
    """
    newest = past[-window:]
    count = len(newest)
    if count < minimum:
        return None
    mean = math.fsum(newest) / count
    variance = math.fsum((one - mean) ** 2 for one in newest) / (count - 1)
    return max(math.sqrt(variance), scale_floor(step))


def winsorise(z: float, limit: float = WINSOR) -> float:
    """``z`` cut at ± ``limit``."""
    return min(max(z, -limit), limit)
