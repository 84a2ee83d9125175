import math

import numpy as np
import pytest
from scipy.special import polygamma

from signald.research.pooling import common_variance, inverse_trigamma, moderate, pool


def test_equal_responses_are_pooled_like_one_sample() -> None:
    pooled = pool([-20.0, -20.0, -20.0], [4.0, 4.0, 4.0], ["a", "b", "c"])

    assert pooled.mean == pytest.approx(-20.0)
    assert pooled.variance == pytest.approx(4.0 / 3.0)
    assert pooled.between == 0.0


def test_the_dersimonian_laird_estimate_is_that_of_the_textbook() -> None:
    means, variances = np.array([10.0, 30.0, 55.0]), np.array([25.0, 36.0, 49.0])

    pooled = pool(means.tolist(), variances.tolist(), ["a", "b", "c"])

    w = 1.0 / variances
    q = np.sum(w * (means - np.sum(w * means) / np.sum(w)) ** 2)
    between = (q - 2.0) / (np.sum(w) - np.sum(w**2) / np.sum(w))
    random_w = 1.0 / (variances + between)
    assert pooled.between == pytest.approx(between)
    assert pooled.mean == pytest.approx(np.sum(random_w * means) / np.sum(random_w))
    assert pooled.variance == pytest.approx(1.0 / np.sum(random_w))


def test_a_report_counts_once_however_many_series_it_has() -> None:
    once = pool([-100.0, -20.0], [9.0, 9.0], ["a", "b"])
    thrice = pool([-100.0, -100.0, -100.0, -20.0], [9.0, 9.0, 9.0, 9.0], ["a", "a", "a", "b"])

    assert thrice.mean == pytest.approx(once.mean)
    assert thrice.mean == pytest.approx(-60.0)


def test_series_of_one_report_do_not_make_the_mean_surer() -> None:
    alone = pool([-20.0, -20.0], [9.0, 9.0], ["a", "b"])
    doubled = pool([-20.0, -20.0, -20.0, -20.0], [9.0, 9.0, 9.0, 9.0], ["a", "a", "b", "b"])

    assert doubled.variance == pytest.approx(alone.variance)


@pytest.mark.parametrize("x", [0.01, 0.3, 1.0, 5.0, 1000.0])
def test_the_inverse_of_trigamma_inverts_it(x: float) -> None:
    assert inverse_trigamma(float(polygamma(1, x))) == pytest.approx(x, rel=1e-9)


def test_the_prior_of_drawn_variances_is_recovered() -> None:
    random = np.random.default_rng(0)
    df, variance = 6.0, 4.0
    true = df * variance / random.chisquare(df, size=4_000)
    sampled = true * random.chisquare(20, size=4_000) / 20

    prior = common_variance(sampled.tolist(), [20] * 4_000)

    assert prior.df == pytest.approx(df, rel=0.1)
    assert prior.variance == pytest.approx(variance, rel=0.05)


def test_variances_that_differ_by_chance_alone_are_one() -> None:
    prior = common_variance([1.0, 1.1, 0.9], [5, 5, 5])

    assert math.isinf(prior.df)
    assert moderate(50.0, 3.0, prior) == prior.variance


def test_moderation_weighs_by_degrees_of_freedom() -> None:
    prior = common_variance([1.0, 9.0, 90.0, 4.0], [30, 30, 30, 30])

    assert moderate(9.0, 0.0, prior) == pytest.approx(prior.variance)
    assert moderate(9.0, 1e12, prior) == pytest.approx(9.0)
    assert min(prior.variance, 90.0) < moderate(90.0, 5.0, prior) < max(prior.variance, 90.0)
