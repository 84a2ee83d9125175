"""A sample → responses: learnt release by release for series with a history, their family's for the others."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from signald.core.learning import tidied, tidy
from signald.core.surprise import MINIMUM
from signald.model.learning import Pace
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import LEAST_DF, Family, Report, Response, Scores, SeriesId
from signald.research.learner import CANDIDATES, SILENT, Kin, Learner, Learnt
from signald.research.pooling import pool
from signald.research.regression import regress
from signald.research.sample import Flags, Floats, Sample
from signald.research.scores import covered, crps, log_score
from signald.research.spread import IN_TURN, Workers
from signald.research.walk import YEAR_NS, Walked, usable_rows, usual_moves, walk, walk_on

LEAST_OWN: Final = 15
"""Releases with surprise and move from which on a series has a response of its own."""

LEAST_SURPRISING: Final = 8
"""How many of them must have surprised: a decision that everybody expects says nothing of a response."""

LEAST_REPORTS: Final = 2
"""Reports of a family from which on it has a response to lend: with one nothing is known of how much they differ."""


class Estimate(NamedTuple):
    """Everything estimated from one sample; as in :class:`signald.model.parameters.Parameters`."""

    own: tuple[SeriesId, ...]
    pooled: tuple[SeriesId, ...]
    reports: tuple[Report, ...]
    assets: Mapping[str, tuple[Response, ...]]


class Marginal(NamedTuple):
    """The response to a series' surprise when nothing is known of its siblings, and the variance of that."""

    mean: float
    variance: float


def indicator_of(indicators: Mapping[IndicatorId, Indicator], series: SeriesId) -> Indicator:
    """The indicator a series belongs to."""
    return indicators[series.partition(":")[0]]


def estimate(
    sample: Sample, indicators: Mapping[IndicatorId, Indicator], *, primary_s: int, workers: Workers = IN_TURN
) -> Estimate:
    """Estimate all responses.

    A series has one of its own where enough releases with surprises lie within the prices of every asset. The others
    take their family's, if that rests on two reports. Where no series has one of its own there are no assets.
    """
    estimator = _Estimator(sample, indicators, primary_s)
    if not estimator.own:
        return Estimate((), (), (), {})
    jobs = [(asset, seconds) for asset, moves in sample.moves.items() for seconds in sorted(moves)]
    responses = dict(zip(jobs, workers.map(_respond, jobs, (sample, dict(indicators), primary_s)), strict=True))
    return Estimate(
        own=estimator.own,
        pooled=estimator.pooled,
        reports=estimator.reports,
        assets={
            asset: tuple(responses[asset, seconds] for seconds in sorted(moves))
            for asset, moves in sample.moves.items()
        },
    )


def _respond(job: tuple[str, int], common: tuple[Sample, Mapping[IndicatorId, Indicator], int]) -> Response:
    return _Estimator(*common).respond(*job)


class _Estimator:
    """One sample with what is the same for all assets and horizons."""

    def __init__(self, sample: Sample, indicators: Mapping[IndicatorId, Indicator], primary_s: int) -> None:
        self._sample = sample
        self._report = {name: indicator_of(indicators, name).report for name in sample.series}
        self._family = {name: indicator_of(indicators, name).family for name in sample.series}
        self._kin = {name: Kin(self._report[name], self._family[name]) for name in sample.series}
        self._column = {name: index for index, name in enumerate(sample.series)}
        priced = [moves[primary_s] for moves in sample.moves.values()]
        self._priced = np.all(~np.isnan(priced), axis=0)
        self.own = tuple(name for name in sample.series if self._has_history(name))
        self.pooled = tuple(name for name in sample.series if name not in self.own and self._can_borrow(name))
        self._surprises = np.nan_to_num(sample.z[:, [self._column[name] for name in self.own]])
        self._came = ~np.isnan(sample.z[:, [self._column[name] for name in self.own]])
        self.reports = tuple(self._relate(report) for report in sorted(set(self._report.values())))

    def respond(self, asset: str, seconds: int) -> Response:
        """The responses of one asset over one horizon: what one believes who has walked through all releases."""
        sample = self._sample
        learner = Learner(sample, self._kin, CANDIDATES)
        walked = walk_on(learner, sample, CANDIDATES, asset=asset, seconds=seconds)
        year = usable_rows(sample, asset=asset, seconds=seconds) & (sample.ts > sample.ts[walked.rows[-1]] - YEAR_NS)
        usual = np.median(usual_moves(sample, CANDIDATES, asset=asset, seconds=seconds)[year], axis=0)
        learnt = learner.conclude(usual)
        beta, covariance = self._own_belief(learnt)
        moves = sample.moves[asset][seconds]
        rows = ~np.isnan(moves) & self._came.any(axis=1)
        fit = regress(moves[rows], self._surprises[rows])
        by_column = {column: one for one in learnt for column in one.columns}
        residuals = [by_column[self._column[name]] for name in (*self.own, *self.pooled)]
        faded = {column: count for one in learnt for column, count in zip(one.columns, one.counts, strict=True)}
        return Response(
            seconds=seconds,
            n=int(np.count_nonzero(rows)),
            r2=tidy(fit.r2),
            beta=tidied(beta),
            covariance=tuple(tidied(row) for row in covariance),
            count=tuple(np.count_nonzero(self._came[rows], axis=0).tolist()),
            families=self._pool_families(beta, covariance, self._came[rows]),
            residual=tidied([one.scale for one in residuals]),
            residual_df=tuple(max(round(one.df), LEAST_DF) for one in residuals),
            effective=tidied([faded[self._column[name]] for name in self.own]),
            least_squares=tidied(fit.beta),
            least_squares_error=tidied(np.sqrt(np.diag(fit.covariance))),
            usual=tidy(float(np.median(sample.usual[asset][seconds][year]))),
            scores=self._score(walked, asset, seconds),
            pace=self._pace([by_column[self._column[name]] for name in self.own], sample.lately[asset][seconds][year]),
        )

    def _pace(self, learnt: Sequence[Learnt], lately: Floats) -> Pace:
        """How the own series' responses go on learning."""
        return Pace(
            prior=tidied([one.prior for one in learnt]),
            fades=tidied([one.fades for one in learnt]),
            residual_count=tidied([one.residual_count for one in learnt]),
            residual_fades=tidied([one.residual_fades for one in learnt]),
            hour=tidy(float(np.mean([one.hour for one in learnt]))),
            lately=tidy(float(np.nanmedian(lately))),
        )

    def _own_belief(self, learnt: Sequence[Learnt]) -> tuple[Floats, Floats]:
        """Mean and covariance of the own series' responses; those of different reports are independent."""
        columns = [self._column[name] for name in self.own]
        size = len(self._sample.series)
        mean, covariance = np.zeros(size), np.zeros((size, size))
        for one in learnt:
            mean[one.columns] = one.mean
            covariance[np.ix_(one.columns, one.columns)] = one.covariance
        return mean[columns], covariance[np.ix_(columns, columns)]

    def _score(self, walked: Walked, asset: str, seconds: int) -> Scores:
        """How the walk fared in its last year, beside one that always expects zero."""
        ts = self._sample.ts[walked.rows]
        late: Flags = ts > ts[-1] - YEAR_NS
        silent = walk(self._sample, self._kin, asset=asset, seconds=seconds, candidates=SILENT)
        ours, zero, moves = walked.law.take(late), silent.law.take(late), walked.moves[late]
        return Scores(
            n=len(moves),
            crps_skill=tidy(1.0 - float(crps(ours, moves).mean() / crps(zero, moves).mean())),
            log_score_gain=tidy(float(np.mean(log_score(ours, moves) - log_score(zero, moves)))),
            coverage_50=tidy(float(covered(ours, moves, 0.5).mean())),
            coverage_90=tidy(float(covered(ours, moves, 0.9).mean())),
            r2=tidy(1.0 - float(np.sum((moves - ours.mean) ** 2) / np.sum(moves**2))),
        )

    def _has_history(self, name: str) -> bool:
        z = self._sample.z[self._priced, self._column[name]]
        surprising = int(np.count_nonzero(np.nan_to_num(z)))
        return int(np.count_nonzero(~np.isnan(z))) >= LEAST_OWN and surprising >= LEAST_SURPRISING

    def _can_borrow(self, name: str) -> bool:
        """Whether its surprises have a scale and its family has a response: one that rests on two reports."""
        raw = self._sample.raw[:, self._column[name]]
        reports = {self._report[one] for one in self.own if self._family[one] == self._family[name]}
        return int(np.count_nonzero(~np.isnan(raw))) >= MINIMUM and len(reports) >= LEAST_REPORTS

    def _relate(self, report: str) -> Report:
        """How the surprises of one report move together, in the rows that responses are estimated from."""
        names = [name for name in self.own if self._report[name] == report]
        columns = [self.own.index(name) for name in names]
        rows = self._priced & self._came[:, columns].any(axis=1)
        surprises = self._surprises[np.ix_(rows, columns)]
        count = int(np.count_nonzero(rows))
        moments = surprises.T @ surprises / max(count, 1)
        return Report(
            id=report,
            series=tuple(names),
            moments=tuple(tidied(row) for row in moments),
            n=max(count, 1),
            pooled_correlation=self._correlation([n for n in self.pooled if self._report[n] == report]),
        )

    def _correlation(self, names: Sequence[SeriesId]) -> float:
        """Mean correlation about zero between the surprises of these series; 1 where it cannot be known."""
        known: list[float] = []
        for first, second in combinations(names, 2):
            pair = self._sample.raw[:, [self._column[first], self._column[second]]]
            pair = pair[~np.isnan(pair).any(axis=1)]
            scale = float(np.linalg.norm(pair[:, 0]) * np.linalg.norm(pair[:, 1]))
            if len(pair) >= MINIMUM and scale > 0.0:
                known.append(float(np.sum(pair[:, 0] * pair[:, 1])) / scale)
        return tidy(min(max(float(np.mean(known)), 0.0), 1.0)) if known else 1.0

    def _pool_families(self, beta: Floats, covariance: Floats, came: Flags) -> dict[str, Family]:
        """The response of each family that lends one, from its series taken alone."""
        alone = taken_alone(self.own, self.reports, beta, covariance)
        families: dict[str, Family] = {}
        for family in sorted({self._family[name] for name in self.pooled}):
            of = [index for index, name in enumerate(self.own) if self._family[name] == family]
            pooled = pool(
                [alone[index].mean for index in of],
                [alone[index].variance for index in of],
                [self._report[self.own[index]] for index in of],
            )
            families[family] = Family(
                mean=tidy(pooled.mean),
                variance=tidy(pooled.variance),
                between=tidy(pooled.between),
                count=int(np.count_nonzero(came[:, of].any(axis=1))),
            )
        return families


def taken_alone(own: Sequence[SeriesId], reports: Sequence[Report], beta: Floats, covariance: Floats) -> list[Marginal]:
    """Each own series' response to its surprise alone: its siblings at their expectation given it.

    The same as scoring a bundle of that figure, see :mod:`signald.core.kernels.conditioning`.
    """
    found: dict[SeriesId, Marginal] = {}
    for report in reports:
        at = [own.index(name) for name in report.series]
        ours, errors = beta[at], covariance[np.ix_(at, at)]
        moments = np.array(report.moments)
        for place, name in enumerate(report.series):
            weights = moments[:, place] / moments[place, place]
            left = moments - np.outer(weights, moments[place])
            unexplained = float(ours @ left @ ours) / (report.n * moments[place, place])
            found[name] = Marginal(float(ours @ weights), float(weights @ errors @ weights) + unexplained)
    return [found[name] for name in own]
