import numpy as np
import pytest

from signald.core.response import Belief, drift, expect, learn, start


def _data(releases: int = 60, series: int = 4, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    surprises = random.normal(size=(releases, series)) * (random.uniform(size=(releases, series)) < 0.6)
    return surprises, surprises @ np.array([-96.0, -24.0, 0.0, 21.0])[:series] + random.normal(size=releases) * 50.0


def _learn_all(prior: np.ndarray, surprises: np.ndarray, moves: np.ndarray, *, noise: float) -> Belief:
    belief = start(prior)
    for row, move in zip(surprises, moves, strict=True):
        belief = learn(belief, row, float(move), np.full(len(prior), noise))
    return belief


def test_forgetting_nothing_from_a_diffuse_prior_is_least_squares() -> None:
    surprises, moves = _data()

    belief = _learn_all(1e12 * np.eye(4)[None], surprises, moves, noise=2500.0)

    expected = np.linalg.lstsq(surprises, moves, rcond=None)[0]
    assert belief.mean[0] == pytest.approx(expected, rel=1e-10)
    assert belief.covariance[0] == pytest.approx(2500.0 * np.linalg.inv(surprises.T @ surprises), rel=1e-8)


def test_a_tight_prior_is_ridge_regression() -> None:
    surprises, moves = _data()

    belief = _learn_all(400.0 * np.eye(4)[None], surprises, moves, noise=2500.0)

    ridge = np.linalg.solve(surprises.T @ surprises + 2500.0 / 400.0 * np.eye(4), surprises.T @ moves)
    assert belief.mean[0] == pytest.approx(ridge, rel=1e-10)


def test_candidates_share_nothing() -> None:
    surprises, moves = _data()
    priors = np.array([100.0, 1e4])[:, None, None] * np.eye(4)

    both = _learn_all(priors, surprises, moves, noise=2500.0)

    for place in range(2):
        alone = _learn_all(priors[place : place + 1], surprises, moves, noise=2500.0)
        assert both.mean[place] == pytest.approx(alone.mean[0], rel=1e-12)
        assert both.covariance[place] == pytest.approx(alone.covariance[0], rel=1e-12)


def test_what_was_learnt_fades_towards_the_prior() -> None:
    prior = 100.0 * np.eye(4)[None]
    belief = _learn_all(prior, *_data(), noise=2500.0)

    half = drift(belief, prior, np.array([0.5]))
    gone = drift(belief, prior, np.array([0.0]))

    assert half.mean == pytest.approx(belief.mean / 2.0)
    assert np.all(np.diagonal(half.covariance[0]) > np.diagonal(belief.covariance[0]))
    assert gone.mean == pytest.approx(0.0)
    assert gone.covariance == pytest.approx(prior)


def test_what_nobody_said_is_not_learnt() -> None:
    belief = start(100.0 * np.eye(2)[None])

    after = learn(belief, np.array([1.0, 0.0]), -50.0, np.array([100.0]))

    assert after.mean[0].tolist() == [-25.0, 0.0]
    assert after.covariance[0].tolist() == [[50.0, 0.0], [0.0, 100.0]]
    assert expect(after, np.array([2.0, 0.0]))[0].tolist() == [-50.0]


def test_planted_drift_is_followed_with_nominal_coverage() -> None:
    random = np.random.default_rng(3)
    prior, kept, noise = np.array([[[900.0]]]), 0.97, 400.0
    beta, belief, covered = random.normal() * 30.0, start(prior), []
    for _ in range(2_000):
        beta = kept * beta + random.normal() * np.sqrt(900.0 * (1.0 - kept**2))
        belief = drift(belief, prior, np.array([kept]))
        surprise = random.normal(size=1)
        belief = learn(belief, surprise, float(beta * surprise[0] + random.normal() * 20.0), np.array([noise]))
        covered.append(abs(beta - belief.mean[0, 0]) <= 1.96 * np.sqrt(belief.covariance[0, 0, 0]))

    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)
