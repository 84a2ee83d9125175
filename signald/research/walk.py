"""Walks through releases in order of time, predicting each from those whose moves were over, as one would have live.

Moves are measured in what the hour made usual (:attr:`Sample.usual`). Many candidates run side by side; they differ in
how far responses may lie from zero, how fast they drift, how heavy the tails are and how long residuals are remembered.
Which of them to believe is learnt too, family by family, from how well each has predicted so far (dynamic model
averaging: Raftery, Kárný & Ettler 2010): nobody picks a hyperparameter, and none is picked with knowledge of later.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from signald.core.response import Belief, drift, expect, learn, start
from signald.model.parameters import SeriesId
from signald.model.time import NS_PER_S
from signald.research.sample import Floats, Sample
from signald.research.scores import Law

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
        df: Degrees of freedom of Student's law of the residuals.
        memory: Years in which half of what was learnt of their size fades.
    """

    spread: float
    half_life: float
    df: float
    memory: float


CANDIDATES: Final = tuple(
    Candidate(*one)
    for one in product((0.25, 0.5, 1.0, 2.0, 4.0, 8.0), (1.0, 4.0, math.inf), (3.0, 5.0, 10.0), (0.5, 2.0))
)

SILENT: Final = tuple(Candidate(0.0, math.inf, df, memory) for df, memory in product((3.0, 5.0, 10.0), (0.5, 2.0)))
"""The same laws around a mean that is always zero: what a model must beat."""


class Kin(NamedTuple):
    """Where a series belongs: one report is learnt together, and one family agrees on which candidates to believe."""

    report: str
    family: str


class Walked(NamedTuple):
    """Predictions of the rows that could be predicted, and what became of them.

    Attributes:
        rows: Places of those rows in the sample.
        law: Predicted moves, basis points.
        std_mean: Standard deviation of each predicted mean: what is not known of the responses.
        moves: What followed, basis points.
    """

    rows: Sequence[int]
    law: Law
    std_mean: Floats
    moves: Floats


class _Seen(NamedTuple):
    """A prediction that waits for its move to be over; per candidate but for the first four."""

    until: int
    row: int
    report: int
    move: float
    mean: Floats
    uncertain: Floats
    noise: Floats


def walk(
    sample: Sample,
    kin: Mapping[SeriesId, Kin],
    *,
    asset: str,
    seconds: int,
    candidates: Sequence[Candidate],
    embargo_s: int = 0,
) -> Walked:
    """Predict the moves of one asset over one horizon, one timestamp after another.

    Args:
        sample: Surprises and moves; rows without a standardised surprise, a move or a usual one are passed over.
        kin: Report and family of each series; responses of different reports are believed to be independent.
        asset: Whose moves.
        seconds: Over which horizon.
        candidates: The ways to learn between which the walk decides as it goes.
        embargo_s: Seconds after the end of a move before it is learnt from.
    """
    moves, usual = sample.moves[asset][seconds], sample.usual[asset][seconds]
    learner = _Learner(sample, kin, candidates)
    rows: list[int] = []
    predicted: list[tuple[float, float, float, float]] = []
    waiting: list[_Seen] = []
    for row in np.flatnonzero(~np.isnan(sample.z).all(axis=1) & ~np.isnan(moves) & (usual > 0.0)).tolist():
        now = int(sample.ts[row])
        while waiting and waiting[0].until <= now:
            learner.learn(waiting.pop(0))
        seen = learner.predict(row, now, now + (seconds + embargo_s) * NS_PER_S, float(moves[row] / usual[row]))
        waiting.append(seen)
        rows.append(row)
        predicted.append(learner.mix(seen, float(usual[row])))
    mean, scale, df, std_mean = np.array(predicted).reshape(-1, 4).T
    return Walked(rows, Law(mean, scale, df), std_mean, moves[rows])


class _Learner:
    """What all candidates believe of all reports."""

    def __init__(self, sample: Sample, kin: Mapping[SeriesId, Kin], candidates: Sequence[Candidate]) -> None:
        reports = sorted({kin[name].report for name in sample.series})
        self._columns = [[i for i, name in enumerate(sample.series) if kin[name].report == one] for one in reports]
        self._z = np.nan_to_num(sample.z)
        came = np.array([~np.isnan(sample.z[:, columns]).all(axis=1) for columns in self._columns])
        self._came = [np.flatnonzero(row).tolist() for row in came.T]
        families = [Counter(kin[sample.series[i]].family for i in columns) for columns in self._columns]
        self._family = [min(counts, key=lambda name: (-counts[name], name)) for counts in families]
        spread, half_life, df, memory = np.array(candidates).T
        self._half_life, self._df, self._memory = half_life * _YEAR_S, df, memory * _YEAR_S
        self._norm = np.array([math.lgamma((nu + 1.0) / 2.0) - math.lgamma(nu / 2.0) - 0.5 * math.log(nu) for nu in df])
        self._priors = [spread[:, None, None] ** 2 * np.eye(len(columns)) for columns in self._columns]
        self._beliefs: list[Belief] = [start(prior) for prior in self._priors]
        self._squares = np.zeros((len(reports), len(candidates)))
        self._counts = np.zeros((len(reports), len(candidates)))
        self._all_squares = np.ones(len(candidates))  # before anything is seen a release moves like any other minute
        self._all_counts = np.ones(len(candidates))
        self._record = {family: np.zeros(len(candidates)) for family in sorted(set(self._family))}
        self._now = int(sample.ts[0])
        self._drifted = [self._now] * len(reports)

    def predict(self, row: int, now: int, until: int, move: float) -> _Seen:
        """What each candidate expects after the surprises of ``row``; ``move`` is kept for when it may be known."""
        came: list[int] = self._came[row]
        self._pass_time(now, came)
        common = self._all_squares / self._all_counts
        noises: dict[int, Floats] = {
            report: (_COMMON_WEIGHT * common + self._squares[report]) / (_COMMON_WEIGHT + self._counts[report])
            for report in came
        }
        loudest = max(came, key=lambda report: float(noises[report].mean()))
        expected = [expect(self._beliefs[report], self._surprises(row, report)) for report in came]
        mean = np.sum([one for one, _ in expected], axis=0)
        uncertain = np.sum([one for _, one in expected], axis=0)
        return _Seen(until, row, loudest, move, mean, uncertain, noises[loudest])

    def mix(self, seen: _Seen, usual: float) -> tuple[float, float, float, float]:
        """One Student's law with the mean and scale of the believed mixture, in basis points; and its mean's error."""
        record = self._record[self._family[seen.report]]
        weights: Floats = np.exp(record - np.max(record))
        weights = weights / np.sum(weights)
        mean = float(weights @ seen.mean)
        uncertain = float(weights @ (seen.uncertain + (seen.mean - mean) ** 2))
        scale = math.sqrt(uncertain + float(weights @ seen.noise))
        df = 1.0 / float(np.sum(weights / self._df))
        return mean * usual, scale * usual, df, math.sqrt(uncertain) * usual

    def learn(self, seen: _Seen) -> None:
        """Take in a move that is over; the farther out it is, the less it teaches (the law's own weights)."""
        error = seen.move - seen.mean
        variance = seen.uncertain + seen.noise
        family = self._family[seen.report]
        self._record[family] = _DISCOUNT * self._record[family] + self._log_density(error, variance)
        weight = (self._df + 1.0) / (self._df + error**2 / variance)
        noise = seen.noise / weight
        rest, left = np.full_like(seen.mean, seen.move), np.zeros_like(seen.mean)
        came: list[int] = self._came[seen.row]
        expected = {report: expect(self._beliefs[report], self._surprises(seen.row, report)) for report in came}
        mean = np.sum([one for one, _ in expected.values()], axis=0)
        uncertain = np.sum([one for _, one in expected.values()], axis=0)
        for report in came:
            others = uncertain - expected[report][1] + noise
            own = seen.move - (mean - expected[report][0])
            surprises = self._surprises(seen.row, report)
            self._beliefs[report] = learn(self._beliefs[report], surprises, own, others)
            after, unsure = expect(self._beliefs[report], surprises)
            rest, left = rest - after, left + unsure
        squares = weight * (rest**2 + left)
        self._squares[seen.report] += squares
        self._counts[seen.report] += 1.0
        self._all_squares += squares
        self._all_counts += 1.0

    def _log_density(self, error: Floats, variance: Floats) -> Floats:
        """Of each candidate's law, as :func:`signald.research.scores.log_score` has it, less what they share."""
        return self._norm - 0.5 * np.log(variance) - 0.5 * (self._df + 1.0) * np.log1p(error**2 / (variance * self._df))

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
            self._drifted[report] = now

    def _surprises(self, row: int, report: int) -> Floats:
        return self._z[row, self._columns[report]]
