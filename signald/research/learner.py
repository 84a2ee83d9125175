"""Learns responses release by release, in many ways at once, and learns which of the ways to believe.

Moves are measured in usual ones: what the volatility of the month and of the hour before would make of as long a time.
The ways to learn (candidates) differ in how far responses may lie from zero, how fast they drift, how heavy the tails
are, how long residuals are remembered and how much the last hour says of the volatility. Which of them to believe is
learnt too, family by family, from how well each has predicted so far (dynamic model averaging: Raftery, Kárný & Ettler
2010, "Online Prediction Under Model Uncertainty"): nobody picks a hyperparameter, and none is picked with knowledge of
later. That is also how a family is pooled: its series agree on how far from zero any of them may lie.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from scipy import special  # pyright: ignore[reportMissingTypeStubs]  # SciPy has none

from signald.core.response import Belief, drift, expect_together, learn_together, start
from signald.model.parameters import SeriesId
from signald.model.time import NS_PER_S
from signald.research.sample import Flags, Floats, Sample

_YEAR_S: Final = 365.25 * 86_400.0
_DISCOUNT: Final = 0.99
"""How much of a candidate's record counts one release later (Raftery, Kárný & Ettler's own value)."""

_COMMON_WEIGHT: Final = 4.0
"""Releases' worth of weight of the residuals of all reports in each report's own: the least that has a variance."""


class Candidate(NamedTuple):
    """One way to learn.

    Attributes:
        spread: Standard deviation of responses around zero before anything is known, in usual moves per σ.
        half_life: Years in which half of what was learnt of a response fades.
        df: Degrees of freedom of Student's law of the residuals, were their scale known.
        memory: Years in which half of what was learnt of their size fades.
        hour: How much of the usual move is the volatility of the hour before, 0…1; the rest is that of the month.
    """

    spread: float
    half_life: float
    df: float
    memory: float
    hour: float = 0.5


_SPREADS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_HALF_LIVES: Final = (0.5, 1.0, 2.0, 4.0, math.inf)
_RESIDUALS: Final = tuple(product((3.0, 5.0, 10.0, 30.0), (0.5, 2.0), (0.0, 0.5, 1.0)))

CANDIDATES: Final = tuple(
    Candidate(spread, half_life, *one) for spread, half_life, one in product(_SPREADS, _HALF_LIVES, _RESIDUALS)
)

SILENT: Final = tuple(Candidate(0.0, math.inf, *one) for one in _RESIDUALS)
"""The same laws around a mean that is always zero: what a model must beat."""


class Kin(NamedTuple):
    """Where a series belongs.

    Attributes:
        report: What is learnt together.
        family: What agrees on which candidates to believe.
        scale: What the scale of a report's residuals is drawn to: that of all that name the same.
    """

    report: str
    family: str
    scale: str = ""


class Seen(NamedTuple):
    """A prediction that waits for its move to be over; per candidate from ``usual`` on.

    Attributes:
        until: When the move is over, ns.
        row: Of the sample.
        report: The report whose residuals are the largest of those that came.
        usual: What is a usual move, basis points.
        move: The move, in usual ones, as are the rest.
        mean: Expected.
        uncertain: Variance of that.
        noise: Squared scale of the residual's law.
        df: Its degrees of freedom, the scale being estimated.
    """

    until: int
    row: int
    report: int
    usual: Floats
    move: Floats
    mean: Floats
    uncertain: Floats
    noise: Floats
    df: Floats


class Learnt(NamedTuple):
    """What is believed in the end of one report's responses, candidates averaged.

    Attributes:
        columns: Of the sample.
        mean: Basis points per standard deviation of surprise.
        covariance: Of that, the candidates' disagreement included.
        counts: Releases of each series, faded as what was learnt from them has.
        scale: Of Student's law of the residuals, basis points.
        df: Its degrees of freedom.
        prior: Variance of each response before anything is known, squared basis points.
        fades: Rate at which what was learnt of responses is forgotten, halvings a year.
        residual_count: Releases that the scale of residuals rests on.
        residual_fades: Rate at which those are forgotten, halvings a year.
        hour: How much of the usual move is the volatility of the hour before.
    """

    columns: Sequence[int]
    mean: Floats
    covariance: Floats
    counts: Floats
    scale: float
    df: float
    prior: float
    fades: float
    residual_count: float
    residual_fades: float
    hour: float


class Learner:
    """What all candidates believe of all reports."""

    def __init__(self, sample: Sample, kin: Mapping[SeriesId, Kin], candidates: Sequence[Candidate]) -> None:
        """Know nothing yet.

        Args:
            sample: Whose rows will be predicted and learnt from.
            kin: Report and family of each series; responses of different reports are believed to be independent.
            candidates: The ways to learn.
        """
        reports = sorted({kin[name].report for name in sample.series})
        self._columns = [[i for i, name in enumerate(sample.series) if kin[name].report == one] for one in reports]
        self._z = np.nan_to_num(sample.z)
        self._there = ~np.isnan(sample.z)
        came = np.array([self._there[:, columns].any(axis=1) for columns in self._columns])
        self._came = [np.flatnonzero(row).tolist() for row in came.T]
        families = [Counter(kin[sample.series[i]].family for i in columns) for columns in self._columns]
        self._family = [min(counts, key=lambda name: (-counts[name], name)) for counts in families]
        spread, half_life, df, memory, self._hour = np.array(candidates).T
        self._spread = spread
        self._half_life, self._df, self._memory = half_life * _YEAR_S, df, memory * _YEAR_S
        self._priors = [spread[:, None, None] ** 2 * np.eye(len(columns)) for columns in self._columns]
        self._beliefs: list[Belief] = [start(prior) for prior in self._priors]
        self._faded = [np.zeros((len(candidates), len(columns))) for columns in self._columns]
        self._squares = np.zeros((len(reports), len(candidates)))
        self._counts = np.zeros((len(reports), len(candidates)))
        scales = [kin[sample.series[columns[0]]].scale for columns in self._columns]
        self._scale = [sorted(set(scales)).index(one) for one in scales]
        # Before anything is seen a release moves like any other minute.
        self._all_squares = np.ones((len(set(scales)), len(candidates)))
        self._all_counts = np.ones((len(set(scales)), len(candidates)))
        self._record = {family: _first_record(spread) for family in sorted(set(self._family))}
        self._now = int(sample.ts[0])
        self._drifted = [self._now] * len(reports)

    def predict(self, row: int, now: int, until: int, *, move: float, usual: Floats) -> Seen:
        """What each candidate expects after the surprises of ``row``; ``move`` is kept for when it may be known."""
        came: list[int] = self._came[row]
        self._pass_time(now, came)
        noises = {report: self._noise(report) for report in came}
        loudest = max(came, key=lambda report: float(noises[report].mean()))
        mean, uncertain = expect_together(*self._heard(row, came))
        return Seen(until, row, loudest, usual, move / usual, mean, uncertain, noises[loudest], self._freedom(loudest))

    def mix(self, seen: Seen) -> tuple[float, float, float, float]:
        """One Student's law with mean, scale and tails of the believed mixture, basis points; and its mean's error."""
        weights = self._weights(self._family[seen.report])
        means = seen.mean * seen.usual
        mean = float(weights @ means)
        uncertain = float(weights @ (seen.uncertain * seen.usual**2 + (means - mean) ** 2))
        scale = math.sqrt(uncertain + float(weights @ (seen.noise * seen.usual**2)))
        return mean, scale, 1.0 / float(np.sum(weights / seen.df)), math.sqrt(uncertain)

    def learn(self, seen: Seen) -> None:
        """Take in a move that is over; the farther out it is, the less it teaches (the law's own weights)."""
        error = seen.move - seen.mean
        variance = seen.uncertain + seen.noise
        family = self._family[seen.report]
        density = _log_density(error, variance, seen.df) - np.log(seen.usual)
        self._record[family] = _DISCOUNT * self._record[family] + density
        weight = (self._df + 1.0) / (self._df + error**2 / variance)
        noise = seen.noise / weight
        came: list[int] = self._came[seen.row]
        learnt, left = learn_together(*self._heard(seen.row, came), seen.move, noise)
        for report, belief in zip(came, learnt, strict=True):
            self._beliefs[report] = belief
            self._faded[report] += self._there[seen.row, self._columns[report]]
        squares = weight * left
        self._squares[seen.report] += squares
        self._counts[seen.report] += 1.0
        self._all_squares[self._scale[seen.report]] += squares
        self._all_counts[self._scale[seen.report]] += 1.0

    def conclude(self, usual: Floats, of: Flags | None = None) -> list[Learnt]:
        """What is believed of each report where a usual move is ``usual`` basis points, by candidate.

        ``of`` are the columns whose reports are asked for; ``None``: all.
        """
        reports = [at for at, columns in enumerate(self._columns) if of is None or of[columns].any()]
        return [self._conclude(report, usual) for report in reports]

    def _conclude(self, report: int, usual: Floats) -> Learnt:
        weights = self._weights(self._family[report])
        means = self._beliefs[report].mean * usual[:, None]
        mean = weights @ means
        apart = means - mean
        covariance = np.einsum("c,cij->ij", weights * usual**2, self._beliefs[report].covariance)
        return Learnt(
            columns=self._columns[report],
            mean=mean,
            covariance=covariance + np.einsum("c,ci,cj->ij", weights, apart, apart),
            counts=weights @ self._faded[report],
            scale=math.sqrt(float(weights @ (self._noise(report) * usual**2))),
            df=1.0 / float(np.sum(weights / self._freedom(report))),
            prior=float(weights @ (self._spread * usual) ** 2),
            fades=float(np.sum(weights * _YEAR_S / self._half_life)),
            residual_count=_COMMON_WEIGHT + float(weights @ self._counts[report]),
            residual_fades=float(np.sum(weights * _YEAR_S / self._memory)),
            hour=float(weights @ self._hour),
        )

    def _weights(self, family: str) -> Floats:
        """How much each candidate is believed, adding up to 1."""
        record = self._record[family]
        weights: Floats = np.exp(record - np.max(record))
        return weights / np.sum(weights)

    def _noise(self, report: int) -> Floats:
        """Squared scale of a report's residuals, drawn to that of all reports."""
        of = self._scale[report]
        common = _COMMON_WEIGHT * self._all_squares[of] / self._all_counts[of]
        return (common + self._squares[report]) / (_COMMON_WEIGHT + self._counts[report])

    def _freedom(self, report: int) -> Floats:
        """Degrees of freedom of a residual whose scale is estimated from as many as that: tails of both add up."""
        return 1.0 / (1.0 / self._df + 1.0 / (_COMMON_WEIGHT + self._counts[report]))

    def _heard(self, row: int, came: Sequence[int]) -> tuple[list[Belief], list[Floats]]:
        """What is believed of the reports of a row, and their surprises."""
        return [self._beliefs[report] for report in came], [self._surprises(row, report) for report in came]

    def _pass_time(self, now: int, came: Sequence[int]) -> None:
        """Let residuals fade until ``now``, and responses of the reports that came drift."""
        remembered = 0.5 ** ((now - self._now) / NS_PER_S / self._memory)
        self._now = now
        self._squares *= remembered
        self._counts *= remembered
        self._all_squares *= remembered
        self._all_counts *= remembered
        for report in came:
            kept = 0.5 ** ((now - self._drifted[report]) / NS_PER_S / self._half_life)
            self._beliefs[report] = drift(self._beliefs[report], self._priors[report], kept)
            self._faded[report] *= kept[:, None] ** 2
            self._drifted[report] = now

    def _surprises(self, row: int, report: int) -> Floats:
        return self._z[row, self._columns[report]]


def _first_record(spread: Floats) -> Floats:
    """Logarithm of how much each candidate is believed before anything is seen.

    A half-Cauchy law of the spread, in usual moves (Gelman 2006, "Prior Distributions for Variance Parameters in
    Hierarchical Models"), on a grid of its logarithm; all alike where every spread is 0.
    """
    return np.log(np.where(spread > 0.0, spread / (1.0 + spread**2), 1.0))


def _log_density(error: Floats, variance: Floats, df: Floats) -> Floats:
    """Of each candidate's law, as :func:`signald.research.scores.log_score` has it, less what they share."""
    norm: Floats = special.gammaln((df + 1.0) / 2.0) - special.gammaln(df / 2.0) - 0.5 * np.log(df)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return norm - 0.5 * np.log(variance) - 0.5 * (df + 1.0) * np.log1p(error**2 / (variance * df))
