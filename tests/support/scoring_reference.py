"""What the scoring kernel must say, written to be read: subsets and a linear solver, straight from the model."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from signald.model.macro import ReleaseId
from signald.model.parameters import Parameters, Response, Series, series_of

Floats = NDArray[np.float64]


class Reference(NamedTuple):
    """One asset at one horizon; ``shares`` are by release and add up to ``mean``."""

    mean: float
    std: float
    lo: float
    hi: float
    p_up: float
    releases: float
    std_mean: float
    shares: dict[ReleaseId, float]


class _Part(NamedTuple):
    """What one report and period contributes: weights on its series, and variances."""

    weights: dict[str, float]
    shares: dict[ReleaseId, float]
    residual: float
    uncertain: float


def score_reference(
    parameters: Parameters, asset: str, seconds: int, heard: Mapping[ReleaseId, float]
) -> Reference | None:
    """Predict one asset over one horizon from the surprises in ``heard``; ``None`` if they say nothing."""
    response = next(one for one in parameters.assets[asset] if one.seconds == seconds)
    described = {one.id: one for one in parameters.series}
    groups: dict[tuple[str, str], dict[str, tuple[ReleaseId, float]]] = {}
    for release, z in heard.items():
        series = described.get(series_of(release))
        if series is not None and series.response != "none":
            cut = min(max(z, -parameters.winsor), parameters.winsor)
            groups.setdefault((series.report, release.split(":")[1]), {})[series.id] = (release, cut)
    if not groups:
        return None
    parts = [
        _own(parameters, response, report, known)
        if any(described[name].response == "own" for name in known)
        else _pooled(parameters, response, report, known=known, described=described)
        for (report, _), known in groups.items()
    ]
    heard_names = [name for known in groups.values() for name in known if _is_heard(known, described[name], described)]
    mean = sum(share for part in parts for share in part.shares.values())
    between = _parameter_variance(parameters, response, [part.weights for part in parts], described)
    uncertain = between + sum(part.uncertain for part in parts)
    residual, df = max(
        (_residual(parameters, response, name) for name in heard_names), key=lambda one: (one[0], -one[1])
    )
    scale = math.sqrt(uncertain + residual**2 + sum(part.residual for part in parts))
    law = stats.t(df, loc=mean, scale=scale)
    return Reference(
        mean=mean,
        std=float(law.std()),
        lo=float(law.ppf(0.05)),
        hi=float(law.ppf(0.95)),
        p_up=float(law.sf(0.0)),
        releases=min(_count(parameters, response, described[name]) for name in heard_names),
        std_mean=math.sqrt(uncertain),
        shares={release: share for part in parts for release, share in part.shares.items()},
    )


def _own(
    parameters: Parameters, response: Response, report_id: str, known: Mapping[str, tuple[ReleaseId, float]]
) -> _Part:
    report = next((one for one in parameters.reports if one.id == report_id), None)
    names = list(report.series) if report is not None else [name for name in known if name in parameters.own]
    moments = np.array(report.moments) if report is not None else np.eye(len(names))
    beta = np.array([response.beta[parameters.own.index(name)] for name in names])
    p = [index for index, name in enumerate(names) if name in known]
    a = [index for index, name in enumerate(names) if name not in known]
    z = np.array([known[names[index]][1] for index in p])
    gamma = np.linalg.solve(moments[np.ix_(p, p)], moments[np.ix_(p, a)])
    left = moments[np.ix_(a, a)] - moments[np.ix_(a, p)] @ gamma
    unexplained = float(beta[a] @ left @ beta[a])
    reach = float(z @ np.linalg.solve(moments[np.ix_(p, p)], z)) / (report.n if report is not None else 1)
    alone = beta[p] + gamma @ beta[a]
    return _Part(
        weights={
            **dict(zip([names[i] for i in p], z, strict=True)),
            **dict(zip([names[i] for i in a], z @ gamma, strict=True)),
        },
        shares={
            **{release: 0.0 for release, _ in known.values()},
            **{known[names[index]][0]: float(alone[place] * z[place]) for place, index in enumerate(p)},
        },
        residual=unexplained,
        uncertain=unexplained * reach,
    )


def _pooled(
    parameters: Parameters,
    response: Response,
    report_id: str,
    *,
    known: Mapping[str, tuple[ReleaseId, float]],
    described: Mapping[str, Series],
) -> _Part:
    report = next((one for one in parameters.reports if one.id == report_id), None)
    rho = report.pooled_correlation if report is not None else 0.0
    size = len(known)
    together = (
        np.linalg.solve((1.0 - rho) * np.eye(size) + rho * np.ones((size, size)), np.ones(size))
        if rho < 1.0
        else np.full(size, 1.0 / size)
    )
    weights = {name: float(together[place]) * z for place, (name, (_, z)) in enumerate(known.items())}
    return _Part(
        weights=weights,
        shares={
            known[name][0]: response.families[described[name].family].mean * weight for name, weight in weights.items()
        },
        residual=0.0,
        uncertain=0.0,
    )


def _is_heard(known: Mapping[str, object], series: Series, described: Mapping[str, Series]) -> bool:
    return series.response == "own" or all(described[name].response == "pooled" for name in known)


def _residual(parameters: Parameters, response: Response, name: str) -> tuple[float, float]:
    """Scale and degrees of freedom of what is left of the move at a series' releases."""
    place = [*parameters.own, *parameters.pooled].index(name)
    df = math.inf if response.residual_df is None else response.residual_df[place]
    return response.residual[place], df


def _count(parameters: Parameters, response: Response, series: Series) -> float:
    if series.response == "own":
        return response.count[parameters.own.index(series.id)]
    return response.families[series.family].count


def _parameter_variance(
    parameters: Parameters, response: Response, parts: list[dict[str, float]], described: Mapping[str, Series]
) -> float:
    """Variance of the mean by what is not known of the responses; one series in two periods has one response."""
    total: dict[str, float] = {}
    for weights in parts:
        for name, weight in weights.items():
            total[name] = total.get(name, 0.0) + weight
    own = np.array([total.get(name, 0.0) for name in parameters.own])
    variance = float(own @ np.array(response.covariance).reshape(len(own), len(own)) @ own)
    for family, lent in response.families.items():
        of = [
            weight for name, weight in total.items() if name in parameters.pooled and described[name].family == family
        ]
        variance += lent.variance * sum(of) ** 2 + lent.between * sum(weight**2 for weight in of)
    return variance
