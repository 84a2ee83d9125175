"""How good one prediction was, once the move is known: the scores of research, for one law at a time."""

import math
from typing import NamedTuple

from signald.core.kernels.student import probability_below


class StudentLaw(NamedTuple):
    """A prediction: location and scale in basis points, and degrees of freedom, whole or infinite (normal)."""

    mean: float
    scale: float
    df: float


def log_mark(law: StudentLaw, move: float) -> float:
    """Logarithm of the density at what happened, nats; the higher the better."""
    z, df = (move - law.mean) / law.scale, law.df
    if math.isinf(df):
        return -0.5 * z * z - 0.5 * math.log(2.0 * math.pi) - math.log(law.scale)
    norm = math.lgamma((df + 1.0) / 2.0) - math.lgamma(df / 2.0) - 0.5 * math.log(df * math.pi)
    return norm - 0.5 * (df + 1.0) * math.log1p(z * z / df) - math.log(law.scale)


def crps_mark(law: StudentLaw, move: float) -> float:
    """Continuous ranked probability score, basis points; the lower the better.

    Jordan, Krüger & Lerch (2019), "Evaluating Probabilistic Forecasts with scoringRules", appendix A.
    """
    z, df = (move - law.mean) / law.scale, law.df
    centre = z * (2.0 * probability_below(z, df) - 1.0)
    density = math.exp(log_mark(StudentLaw(0.0, 1.0, df), z))
    if math.isinf(df):
        return law.scale * (centre + 2.0 * density - 1.0 / math.sqrt(math.pi))
    spread = 2.0 * math.sqrt(df) / (df - 1.0) * math.exp(_log_beta(0.5, df - 0.5) - 2.0 * _log_beta(0.5, df / 2.0))
    return law.scale * (centre + 2.0 * density * (df + z * z) / (df - 1.0) - spread)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
