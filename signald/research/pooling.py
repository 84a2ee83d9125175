"""What a series with little history borrows from others: its family's response, and everybody's residual variance."""

# SciPy has no type stubs: what comes out of it is given its type at the end of this file.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


class Pooled(NamedTuple):
    """A family's response: its mean, the variance of that mean, and the variance between its series."""

    mean: float
    variance: float
    between: float


class Prior(NamedTuple):
    """A common variance that counts as much as ``df`` degrees of freedom of one's own."""

    variance: float
    df: float


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


def common_variance(variances: Sequence[float], dfs: Sequence[float]) -> Prior:
    """The prior that best explains how much the series' variances differ.

    After Smyth (2004), "Linear Models and Empirical Bayes Methods for Assessing Differential Expression". Sample
    variances are taken as ``σ² χ²_d / d`` with ``1/σ²`` of a scaled chi-squared law, whose two parameters follow from
    the mean and variance of the logarithms. Where those differ no more than chance would have it, the prior has
    infinitely many degrees of freedom: one variance for all.
    """
    s, d = np.asarray(variances), np.asarray(dfs)
    logs = np.log(s) - _digamma(d / 2.0) + np.log(d / 2.0)
    mean = float(np.mean(logs))
    excess = float(np.var(logs, ddof=1) - np.mean(_trigamma(d / 2.0))) if len(s) > 1 else 0.0
    if excess <= 0.0:
        return Prior(variance=math.exp(mean), df=math.inf)
    df = 2.0 * inverse_trigamma(excess)
    return Prior(variance=math.exp(mean + float(_digamma(df / 2.0)) - math.log(df / 2.0)), df=df)


def moderate(variance: float, df: float, prior: Prior) -> float:
    """One series' variance, drawn to the common one as far as it rests on little; ``df`` 0: the common one."""
    if math.isinf(prior.df):
        return prior.variance
    return (prior.df * prior.variance + df * variance) / (prior.df + df)


def inverse_trigamma(y: float) -> float:
    """``x`` with ``ψ'(x) = y`` for ``y`` above 0, by Newton's method on ``1/ψ'`` (Smyth 2004, appendix)."""
    x = 0.5 + 1.0 / y
    while True:
        trigamma = float(_trigamma(x))
        step = trigamma * (1.0 - trigamma / y) / float(_polygamma(2, x))
        x += step
        if -step <= x * 1e-12:
            return x


def _digamma(x: Floats | float) -> Floats:
    return np.asarray(special.digamma(x))


def _trigamma(x: Floats | float) -> Floats:
    return _polygamma(1, x)


def _polygamma(order: int, x: Floats | float) -> Floats:
    return np.asarray(special.polygamma(order, x))
