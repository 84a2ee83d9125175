import numpy as np
import pytest

from signald.research.paired import Scored, compare_pairs


def _run(losses: list[float], *, mean: float = 0.0) -> dict[int, Scored]:
    return {
        ts: Scored(ts=ts, mean=mean, scale=1.0, move=0.0, crps=loss, log_score=-loss) for ts, loss in enumerate(losses)
    }


def test_the_same_predictions_differ_in_nothing() -> None:
    compared = compare_pairs(_run([1.0, 2.0, 3.0]), _run([1.0, 2.0, 3.0]))

    assert compared is not None
    assert (compared.n, compared.changed) == (3, 0)
    assert (compared.crps.mean, compared.crps.lo, compared.crps.hi) == (0.0, 0.0, 0.0)
    assert not compared.crps.beyond_noise


def test_a_gain_at_every_release_is_more_than_noise() -> None:
    before = np.random.default_rng(0).uniform(5.0, 50.0, size=40)

    compared = compare_pairs(_run((0.9 * before).tolist(), mean=1.0), _run(before.tolist()))

    assert compared is not None
    assert compared.changed == 40
    assert compared.crps.mean == pytest.approx(0.1)
    assert (compared.crps.lo, compared.crps.hi) == pytest.approx((0.1, 0.1))
    assert compared.log_score.lo > 0.0
    assert compared.crps.beyond_noise


def test_differences_without_a_mean_are_mostly_within_noise() -> None:
    beyond = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        before = random.uniform(20.0, 50.0, size=40)
        compared = compare_pairs(_run((before + random.normal(size=40)).tolist()), _run(before.tolist()))
        assert compared is not None
        beyond += compared.log_score.beyond_noise

    assert beyond <= 20  # ten are due


def test_only_releases_in_common_are_compared() -> None:
    ours, theirs = _run([1.0, 2.0, 3.0]), _run([1.0, 2.0])

    compared = compare_pairs(ours, theirs)

    assert compared is not None
    assert compared.n == 2
    assert compare_pairs(ours, {}) is None
