"""What a series with little history borrows from others: its family's response."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Pooled(NamedTuple):
    """A family's response: its mean, the variance of that mean, and the variance between its series."""

    mean: float
    variance: float
    between: float


def pool(means: Sequence[float], variances: Sequence[float], reports: Sequence[str]) -> Pooled:
    """Mean of series' responses, weighted by precision, with the variance between them (DerSimonian & Laird 1986).

    Series of one report rest on the same timestamps, so a report's weight is shared among its series, and their
    errors are taken as perfectly correlated in the variance of the mean.

    Args:
        means: Each series' response.
        variances: Their squared standard errors.
        reports: The report of each; with fewer than two nothing is known of the variance between.
    """
    b, v = np.asarray(means), np.asarray(variances)
    share = np.array([1.0 / reports.count(one) for one in reports])
    fixed = 1.0 / v
    q = float(np.sum(fixed * (b - np.sum(fixed * b) / np.sum(fixed)) ** 2))
    spread = float(np.sum(fixed) - np.sum(fixed**2) / np.sum(fixed))
    between = max(0.0, (q - (len(b) - 1)) / spread)
    weights = share / (v + between)
    weights /= np.sum(weights)
    errors = weights * np.sqrt(v + between)
    variance = sum(
        float(np.sum(errors[[index for index, one in enumerate(reports) if one == report]])) ** 2
        for report in sorted(set(reports))
    )
    return Pooled(mean=float(np.sum(weights * b)), variance=variance, between=between)
