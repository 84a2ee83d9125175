"""``--fail-if``: a score against a number, in words that a pull request's author understands."""

import pytest

from signald.app.research import check_threshold
from signald.errors import ConfigError
from signald.research.backtest import BacktestResult, HorizonScores

SCORES = HorizonScores(
    n=48,
    log_score_skill_vs_zero=0.05,
    log_score_skill_vs_ols=0.6,
    crps_skill_vs_zero=0.08,
    crps_skill_vs_ols=0.3,
    brier=0.2,
    coverage_50=0.5,
    coverage_90=0.9,
    hit_rate=None,
    hits_n=0,
    no_edge=1.0,
    r2=0.1,
)
RESULT = BacktestResult(releases=100, horizons={"300": SCORES}, per_indicator={}, placebo_rejections=0.05)


@pytest.mark.parametrize("expression", ["crps_skill_vs_zero < 0.1", "horizons.300.n<=48", "placebo_rejections >= 0.05"])
def test_threshold_that_is_crossed_is_said(expression: str) -> None:
    assert check_threshold(RESULT, expression) is not None


@pytest.mark.parametrize("expression", ["crps_skill_vs_zero < 0.08", "releases > 100", "horizons.300.brier>0.25"])
def test_threshold_that_is_kept_says_nothing(expression: str) -> None:
    assert check_threshold(RESULT, expression) is None


def test_score_that_could_not_be_computed_fails_whatever_is_asked_of_it() -> None:
    assert check_threshold(RESULT, "hit_rate < 0") == "hit_rate could not be computed"


@pytest.mark.parametrize("expression", ["", "brier", "brier = 1", "nosuch < 1", "horizons.77.n < 1", "brier < x"])
def test_expression_that_names_no_score_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError, match="--fail-if"):
        check_threshold(RESULT, expression)
