import math

import numpy as np
import pytest

from signald.research.learner import CANDIDATES, Candidate, Kin, Learner, Learnt
from signald.research.sample import Floats, Sample
from signald.research.walk import usual_moves, walk_on
from tests.support.samples import build_sample

_KIN = {"us.cpi.mom": Kin("us.cpi", "inflation"), "us.cpi.size": Kin("us.cpi", "inflation")}
_YEAR_DAYS = 365.25


def _learn(sample: Sample, candidates: tuple[Candidate, ...] = CANDIDATES[::37]) -> Learnt:
    learner = Learner(sample, _KIN, candidates)
    walk_on(learner, sample, candidates, asset="BTC", seconds=300)
    return learner.conclude(usual_moves(sample, candidates, asset="BTC", seconds=300)[-1])[0]


def _sample(names: list[str], z: Floats, moves: Floats) -> Sample:
    return build_sample(names, z, {"BTC": {300: moves}})


def test_a_response_that_drifts_is_followed_with_honest_errors() -> None:
    covered: list[bool] = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        kept = 0.5 ** (1.0 / _YEAR_DAYS)
        beta = np.empty(250)
        beta[0] = random.normal() * 40.0
        for day in range(1, len(beta)):
            beta[day] = kept * beta[day - 1] + math.sqrt(1.0 - kept**2) * random.normal() * 40.0
        z = random.normal(size=(len(beta), 1))
        learnt = _learn(_sample(["us.cpi.mom"], z, beta * z[:, 0] + random.normal(size=len(beta)) * 20.0))
        covered.append(abs(learnt.mean[0] - beta[-1]) <= 1.96 * math.sqrt(learnt.covariance[0, 0]))

    assert np.mean(covered) >= 0.85


def test_asymmetry_given_as_a_surprise_of_its_own_is_recovered() -> None:
    random = np.random.default_rng(1)
    z = random.normal(size=(400, 1))
    both = np.hstack([z, np.abs(z)])
    moves = both @ np.array([-20.0, -15.0]) + random.normal(size=400) * 10.0

    learnt = _learn(_sample(["us.cpi.mom", "us.cpi.size"], both, moves))

    errors = np.sqrt(np.diag(learnt.covariance))
    assert np.all(np.abs(learnt.mean - [-20.0, -15.0]) <= 2.5 * errors)
    assert np.all(errors < 2.0)


def test_what_was_learnt_long_ago_counts_less() -> None:
    random = np.random.default_rng(2)
    z = random.normal(size=(200, 1))
    sample = _sample(["us.cpi.mom"], z, -20.0 * z[:, 0] + random.normal(size=200))

    forgetful, faithful = (_learn(sample, (Candidate(1.0, half_life, 5.0, 1.0),)) for half_life in (0.1, math.inf))

    assert faithful.counts[0] == 200.0
    expected = np.sum(0.5 ** (2.0 * np.arange(200) / (0.1 * _YEAR_DAYS)))
    assert forgetful.counts[0] == pytest.approx(expected)


def test_everything_scales_with_what_is_usual() -> None:
    random = np.random.default_rng(3)
    z = random.normal(size=(100, 1))
    sample = _sample(["us.cpi.mom"], z, -20.0 * z[:, 0] + random.normal(size=100) * 10.0)
    candidates = (Candidate(1.0, 1.0, 5.0, 1.0),)
    learner = Learner(sample, _KIN, candidates)
    walk_on(learner, sample, candidates, asset="BTC", seconds=300)

    (once,), (twice,) = learner.conclude(np.array([10.0])), learner.conclude(np.array([20.0]))

    assert twice.mean == pytest.approx(2.0 * once.mean)
    assert twice.covariance == pytest.approx(4.0 * once.covariance)
    assert twice.scale == pytest.approx(2.0 * once.scale)
    assert twice.df == once.df


def test_of_the_candidates_that_one_is_believed_that_predicts() -> None:
    random = np.random.default_rng(4)
    z = random.normal(size=(150, 1))
    sample = _sample(["us.cpi.mom"], z, -60.0 * z[:, 0] + random.normal(size=150) * 10.0)
    near, far = Candidate(0.25, 0.5, 5.0, 1.0), Candidate(8.0, math.inf, 5.0, 1.0)

    both, alone = _learn(sample, (near, far)), _learn(sample, (far,))

    assert both.mean[0] == pytest.approx(alone.mean[0], abs=0.1)


def test_a_scale_that_rests_on_little_has_heavy_tails() -> None:
    random = np.random.default_rng(5)
    z = random.normal(size=(200, 1))
    moves = random.normal(size=200) * 10.0
    candidates = (Candidate(1.0, 1.0, 30.0, 2.0),)

    few = _learn(_sample(["us.cpi.mom"], z[:4], moves[:4]), candidates)
    many = _learn(_sample(["us.cpi.mom"], z, moves), candidates)

    assert few.df < 8.0 < many.df < 30.0
