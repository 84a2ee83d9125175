import math

import numpy as np
import pytest

from signald.research.judging import Judged
from signald.research.scores import Law
from signald.research.strategy import Trades, deflated_sharpe, luckiest, sharpe, sum_up, try_all
from tests.support.samples import DAY_NS


def _law(mean: list[float]) -> Law:
    return Law(np.array(mean), np.full(len(mean), 50.0), np.full(len(mean), 5.0))


def _judged(mean: list[float], moves: list[float]) -> Judged:
    silent = _law([0.0] * len(mean))
    return Judged(
        rows=tuple(range(len(mean))),
        model=_law(mean),
        std_mean=np.full(len(mean), 10.0),
        edge=np.sign(mean),
        baselines={"zero": silent, "ols": silent, "sign": _law([-one for one in mean])},
        moves=np.array(moves),
    )


def test_the_papers_example_of_a_deflated_sharpe_ratio() -> None:
    """Bailey & López de Prado (2014), section "A numerical example": 2.5 a year, five years of days, 100 trials."""
    spread = math.sqrt(0.5 / 250.0)
    ratios = [-spread, spread] * 50
    scaled = [one / float(np.std(ratios, ddof=1)) * spread for one in ratios]

    luck = luckiest(scaled, trials=100)

    assert luck == pytest.approx(0.1132, abs=5e-5)
    probability = deflated_sharpe(2.5 / math.sqrt(250.0), luck=0.1132, count=1250, skewness=-3.0, kurtosis=10.0)
    assert probability == pytest.approx(0.9004, abs=5e-4)


def test_trades_go_where_the_mean_exceeds_the_costs_and_pay_them() -> None:
    ts = np.arange(4, dtype=np.int64) * DAY_NS

    tried = try_all({300: _judged([20.0, -20.0, 5.0, -30.0], [15.0, -40.0, 90.0, 10.0])}, ts, cost_bps=10.0)

    assert tried["model", 300].earned.tolist() == [5.0, 30.0, -20.0]
    assert tried["model", 300].ts.tolist() == [0, DAY_NS, 3 * DAY_NS]
    assert tried["sign", 300].earned.tolist() == [-25.0, -50.0, 0.0]
    assert tried["verdict", 300].earned.tolist() == [5.0, 30.0, 80.0, -20.0]
    assert len(tried["ols", 300].earned) == 0


def test_the_sum_of_a_strategy_states_trials_and_drawdown() -> None:
    ts = np.arange(4, dtype=np.int64) * DAY_NS
    tried = try_all({300: _judged([20.0, -20.0, 5.0, -30.0], [15.0, -40.0, 90.0, 10.0])}, ts, cost_bps=10.0)

    summed = sum_up(tried, seconds=300, cost_bps=10.0)

    assert (summed.trades, summed.total_bps, summed.drawdown_bps, summed.trials) == (3, 15.0, 20.0, 4)
    assert summed.mean_bps == pytest.approx(5.0)
    assert summed.sharpe == pytest.approx(5.0 / 25.0)
    assert summed.deflated_sharpe is not None
    assert summed.deflated_sharpe < 0.5


def test_of_too_few_trades_nothing_is_said() -> None:
    none = Trades(np.zeros(0, dtype=np.int64), np.zeros(0))

    summed = sum_up({("model", 300): none}, seconds=300, cost_bps=10.0)

    assert (summed.mean_bps, summed.sharpe, summed.deflated_sharpe, summed.total_bps) == (None, None, None, 0.0)
    assert sharpe(np.array([1.0, 2.0])) is None
    assert sharpe(np.ones(9)) is None


def test_more_trials_make_luck_luckier() -> None:
    few, many = luckiest([0.1, -0.1, 0.2], trials=3), luckiest([0.1, -0.1, 0.2], trials=300)

    assert few is not None
    assert many is not None
    assert 0.0 < few < many
