"""How good a predicted law was, once the move is known. All by element over arrays; bigger is worse but for log scores.

Gneiting & Raftery (2007), "Strictly Proper Scoring Rules, Prediction, and Estimation"; the CRPS of Student's law from
Jordan, Krüger & Lerch (2019), "Evaluating Probabilistic Forecasts with scoringRules".
"""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]


class Law(NamedTuple):
    """Student's law of each prediction: ``df`` may be infinite, which is the normal law."""

    mean: Floats
    scale: Floats
    df: Floats

    def take(self, rows: NDArray[np.bool_]) -> "Law":
        """Some of the predictions."""
        return Law(self.mean[rows], self.scale[rows], self.df[rows])


def log_score(law: Law, moves: Floats) -> Floats:
    """Logarithm of the density at the move, in nats."""
    z = (moves - law.mean) / law.scale
    return np.asarray(stats.t.logpdf(z, law.df)) - np.log(law.scale)


def crps(law: Law, moves: Floats) -> Floats:
    """Continuous ranked probability score, in the move's unit."""
    z = (moves - law.mean) / law.scale
    cdf, pdf = np.asarray(stats.t.cdf(z, law.df)), np.asarray(stats.t.pdf(z, law.df))
    normal = np.isinf(law.df)
    df = np.where(normal, 3.0, law.df)
    ratio = np.asarray(np.exp(special.betaln(0.5, df - 0.5) - 2.0 * special.betaln(0.5, df / 2.0)))
    heavy = 2.0 * pdf * (df + z**2) / (df - 1.0) - 2.0 * np.sqrt(df) / (df - 1.0) * ratio
    rest: Floats = np.where(normal, 2.0 * pdf - 1.0 / np.sqrt(np.pi), heavy)
    return law.scale * (z * (2.0 * cdf - 1.0) + rest)


def probability_up(law: Law) -> Floats:
    """Probability that the move is above zero."""
    return np.asarray(stats.t.sf(-law.mean / law.scale, law.df))


def brier(law: Law, moves: Floats) -> Floats:
    """Squared error of the probability that the move is above zero."""
    return (probability_up(law) - (moves > 0.0)) ** 2


def probability_integral(law: Law, moves: Floats) -> Floats:
    """Probability that the law gave to smaller moves: uniform if the laws are right (PIT)."""
    return np.asarray(stats.t.cdf((moves - law.mean) / law.scale, law.df))


def covered(law: Law, moves: Floats, level: float) -> NDArray[np.bool_]:
    """Whether the central interval of probability ``level`` held the move."""
    return np.abs(probability_integral(law, moves) - 0.5) <= level / 2.0


def quantiles(law: Law, level: float) -> Floats:
    """The move that each law puts probability ``level`` below."""
    return law.mean + law.scale * np.asarray(stats.t.ppf(level, law.df))
