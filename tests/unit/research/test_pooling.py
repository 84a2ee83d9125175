import numpy as np
import pytest

from signald.research.pooling import pool


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
