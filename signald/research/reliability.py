"""Whether probabilities came true: the parts of the Brier score and the curve of outcomes against them.

Dimitriadis, Gneiting & Jordan (2021), "Stable reliability diagrams for probabilistic classifiers" (CORP): the best
monotone recalibration of the probabilities takes the place of bins, so nobody chooses any, and the parts add up.
"""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from signald.research.sample import Floats

_DRAWS: Final = 1_000


class BrierParts(NamedTuple):
    """Brier score = ``reliability`` - ``resolution`` + ``uncertainty``.

    Attributes:
        reliability: What recalibration would gain; 0 is best.
        resolution: How much better the recalibrated probabilities are than the base rate; more is better.
        uncertainty: Score of the base rate: what no forecast can change.
    """

    reliability: float
    resolution: float
    uncertainty: float


class Curve(NamedTuple):
    """Outcomes against probabilities, both in rising order of probability.

    Attributes:
        said: The probabilities.
        came: Recalibrated: how often it came true at such probabilities.
        lo: Where 90 % of such curves begin if the probabilities are right.
        hi: Where they end.
    """

    said: Floats
    came: Floats
    lo: Floats
    hi: Floats


def brier_parts(probabilities: Floats, outcomes: NDArray[np.bool_]) -> BrierParts:
    """Split the mean Brier score of ``probabilities`` of ``outcomes``."""
    parts = brier_parts_of_draws(probabilities, outcomes, np.ones((1, len(outcomes))))
    return BrierParts(*parts[0].tolist())


def brier_parts_of_draws(probabilities: Floats, outcomes: NDArray[np.bool_], counts: Floats) -> Floats:
    """The same for each draw, ``counts[draw, forecast]`` times each forecast: ``[draw, part]``."""
    levels, member = np.unique(probabilities, return_inverse=True)
    belongs = np.equal.outer(member, np.arange(len(levels))).astype(np.float64)
    total = counts @ belongs
    true = (counts * outcomes) @ belongs
    everything = counts.sum(axis=1)
    score = (true @ (1.0 - levels) ** 2 + (total - true) @ levels**2) / everything
    base = true.sum(axis=1) / everything
    uncertainty = base * (1.0 - base)
    best = np.array([_best(*of) for of in zip(true, total, strict=True)]) / everything
    return np.stack([score - best, uncertainty - best, uncertainty], axis=1)


def reliability_curve(probabilities: Floats, outcomes: NDArray[np.bool_]) -> Curve:
    """The recalibrated probabilities, with the band within which they lie if nothing is wrong."""
    said = np.sort(probabilities)
    came = _recalibrate(said, outcomes[np.argsort(probabilities, kind="stable")].astype(np.float64))
    random = np.random.default_rng(0)
    drawn = [_recalibrate(said, (random.random(len(said)) < said).astype(np.float64)) for _ in range(_DRAWS)]
    lo, hi = np.quantile(drawn, [0.05, 0.95], axis=0)
    return Curve(said, came, lo, hi)


def _best(true: Floats, total: Floats) -> float:
    """Sum of squared errors after recalibration; what came true, and all, at rising probabilities."""
    kept = total > 0.0
    fitted = _isotonic(true[kept] / total[kept], total[kept])
    return float(true[kept] @ (1.0 - fitted) ** 2 + (total - true)[kept] @ fitted**2)


def _recalibrate(said: Floats, came: Floats) -> Floats:
    """Isotonic regression of ``came`` on ``said``; equal probabilities get one value."""
    _, member = np.unique(said, return_inverse=True)
    total = np.bincount(member).astype(np.float64)
    return _isotonic(np.bincount(member, came) / total, total)[member]


def _isotonic(means: Floats, weights: Floats) -> Floats:
    fit: Any = optimize.isotonic_regression(means, weights=weights)
    return np.asarray(fit.x, dtype=np.float64)
