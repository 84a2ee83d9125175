import numpy as np
import pytest
from scipy import integrate, stats

from signald.research.scores import Law, brier, covered, crps, log_score, probability_integral, probability_up


def _law(mean: float, scale: float, df: float) -> Law:
    return Law(np.array([mean]), np.array([scale]), np.array([df]))


def test_the_crps_of_the_standard_normal_law_at_zero_is_that_of_the_books() -> None:
    assert f"{crps(_law(0.0, 1.0, np.inf), np.array([0.0]))[0]:.10f}" == "0.2336949773"
    assert crps(_law(0.0, 1.0, np.inf), np.array([0.0]))[0] == pytest.approx(
        np.sqrt(2.0 / np.pi) - 1.0 / np.sqrt(np.pi), abs=1e-15
    )


@pytest.mark.parametrize("df", [2.5, 5.0, 30.0, np.inf])
@pytest.mark.parametrize("move", [-180.0, 0.0, 35.0])
def test_the_crps_is_the_integral_that_defines_it(df: float, move: float) -> None:
    law = stats.t(df, -30.0, 50.0)
    expected = integrate.quad(lambda x: law.cdf(x) ** 2, -np.inf, move)[0]
    expected += integrate.quad(lambda x: law.sf(x) ** 2, move, np.inf)[0]

    assert crps(_law(-30.0, 50.0, df), np.array([move]))[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("df", [4.0, np.inf])
def test_the_log_score_is_the_log_density(df: float) -> None:
    expected = stats.t.logpdf(20.0, df, -30.0, 50.0)

    assert log_score(_law(-30.0, 50.0, df), np.array([20.0]))[0] == pytest.approx(expected)


def test_the_true_law_scores_best_on_average() -> None:
    moves = stats.t.rvs(5, -20.0, 40.0, size=20_000, random_state=np.random.default_rng(0))
    laws = [Law(*(np.full(20_000, value) for value in law)) for law in ((-20.0, 40.0, 5.0), (0.0, 40.0, 5.0))]
    wide = Law(*(np.full(20_000, value) for value in (-20.0, 80.0, 5.0)))

    for other in (laws[1], wide):
        assert crps(laws[0], moves).mean() < crps(other, moves).mean()
        assert log_score(laws[0], moves).mean() > log_score(other, moves).mean()
        assert brier(laws[0], moves).mean() <= brier(other, moves).mean()


def test_intervals_of_the_true_law_cover_as_they_say_and_its_integral_is_uniform() -> None:
    moves = np.random.default_rng(1).normal(-20.0, 40.0, size=20_000)
    law = Law(np.full(20_000, -20.0), np.full(20_000, 40.0), np.full(20_000, np.inf))

    assert covered(law, moves, 0.5).mean() == pytest.approx(0.5, abs=0.01)
    assert covered(law, moves, 0.9).mean() == pytest.approx(0.9, abs=0.01)
    assert np.quantile(probability_integral(law, moves), [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


def test_the_probability_of_a_rise_is_one_half_without_a_mean() -> None:
    assert probability_up(_law(0.0, 10.0, 4.0))[0] == pytest.approx(0.5)
    assert brier(_law(0.0, 10.0, 4.0), np.array([5.0]))[0] == pytest.approx(0.25)
    assert probability_up(_law(30.0, 10.0, np.inf))[0] == pytest.approx(stats.norm.cdf(3.0))
