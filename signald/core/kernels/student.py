"""Student's law with a whole number of degrees of freedom, for which its probabilities are finite sums.

Abramowitz & Stegun (1964), "Handbook of Mathematical Functions", 26.7.3 and 26.7.4. Infinitely many degrees of freedom
are the normal law.
"""

import math
from functools import lru_cache

from signald.core.kernels.jit import inner, kernel


@inner
def below(t: float, df: float) -> float:
    """Probability of a figure under ``t`` standard scales; ``df`` is whole, at least 1, or infinite."""
    if math.isinf(df):
        return 0.5 * math.erfc(-t / math.sqrt(2.0))
    whole = int(df)
    sine = t / math.sqrt(df + t * t)
    square = df / (df + t * t)
    odd = whole % 2
    term = 1.0
    total = 0.0
    for i in range(whole // 2):
        total += term
        term *= square * (2 * i + 1 + odd) / (2 * i + 2 + odd)
    if odd:
        cosine = math.sqrt(square)
        return 0.5 + (math.atan2(t, math.sqrt(df)) + sine * cosine * total) / math.pi
    return 0.5 + 0.5 * sine * total


@inner
def spread(df: float) -> float:
    """Standard deviation in scales; infinite up to two degrees of freedom."""
    if math.isinf(df):
        return 1.0
    return math.sqrt(df / (df - 2.0)) if df > 2.0 else math.inf  # noqa: PLR2004  # the law's own bound


@kernel("f8(f8, f8)")
def probability_below(t: float, df: float) -> float:
    """Probability of a figure under ``t`` standard scales; see :func:`below`."""
    return below(t, df)


@lru_cache(maxsize=4_096)
def student_quantile(probability: float, df: float) -> float:
    """The figure with that probability below it, at least ½; to the last bits, by bisection."""
    low, high = 0.0, 1.0
    while probability_below(high, df) < probability:
        high *= 2.0
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if probability_below(middle, df) < probability else (low, middle)
    return high
