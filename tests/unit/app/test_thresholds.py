"""``--fail-if``: a score against a number, in words that a pull request's author understands."""

import numpy as np
import pytest

from signald.app.research import check_threshold
from signald.errors import ConfigError
from signald.research.backtest import BacktestResult
from signald.research.placebo import Placebo
from signald.research.skill import HorizonScores, Interval, Power
from signald.research.strategy import Trades, sum_up

SCORES = HorizonScores(
    n=48,
    log_score_skill_vs_zero=0.05,
    log_score_skill_vs_ols=0.6,
    crps_skill_vs_zero=0.08,
    crps_skill_vs_ols=0.3,
    brier=0.2,
    coverage_50=0.5,
    coverage_90=0.9,
    no_edge=1.0,
    r2=0.1,
    intervals={"crps_skill_vs_zero": Interval(lo=-0.05, hi=0.2), "hit_rate": Interval()},
    power=Power(crps_skill=0.2),
)
RESULT = BacktestResult(
    releases=100,
    asset="BTC",
    first=1,
    last=2,
    embargo_s=3600,
    model=None,
    horizons={"300": SCORES, "900": SCORES},
    per_indicator={"us.cpi.mom": SCORES},
    strategy=sum_up({("model", 300): Trades(np.arange(4), np.arange(4.0))}, seconds=300, cost_bps=10.0),
    placebo_rejections=0.05,
    placebo={"all": Placebo(tests=100, rejections=0.05, lo=0.03, hi=0.07, rejections_hc1=0.06)},
)


@pytest.mark.parametrize(
    "expression",
    [
        *("crps_skill_vs_zero < 0.1", "horizons.300.n<=48", "placebo_rejections >= 0.05", "placebo.all.hi > 0.06"),
        *("intervals.crps_skill_vs_zero.lo < 0", "per_indicator.us.cpi.mom.r2 < 0.2", "strategy.trades < 20"),
        *("total_bps < 10", "power.crps_skill > 0.1", "horizons.900.coverage_90 < 0.95"),
    ],
)
def test_threshold_that_is_crossed_is_said(expression: str) -> None:
    assert check_threshold(RESULT, expression) is not None


@pytest.mark.parametrize("expression", ["crps_skill_vs_zero < 0.08", "releases > 100", "horizons.300.brier>0.25"])
def test_threshold_that_is_kept_says_nothing(expression: str) -> None:
    assert check_threshold(RESULT, expression) is None


def test_score_that_could_not_be_computed_fails_whatever_is_asked_of_it() -> None:
    assert check_threshold(RESULT, "hit_rate < 0") == "hit_rate could not be computed"
    assert check_threshold(RESULT, "intervals.hit_rate.lo < 0") == "intervals.hit_rate.lo could not be computed"


@pytest.mark.parametrize(
    "expression",
    ["", "brier", "brier = 1", "nosuch < 1", "horizons.77.n < 1", "brier < x", "strategy < 1", "asset < 1"],
)
def test_expression_that_names_no_score_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError, match="--fail-if"):
        check_threshold(RESULT, expression)


def test_a_slip_of_the_pen_is_told_the_nearest_score() -> None:
    with pytest.raises(ConfigError, match="did you mean 'crps_skill_vs_zero'"):
        check_threshold(RESULT, "crps_skil_vs_zero < 0")
