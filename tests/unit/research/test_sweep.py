import msgspec
import numpy as np
import pytest

from signald.bench.scale import bench_scale, sections
from signald.errors import ConfigError
from signald.research.scope import Scope
from signald.research.score_table import render_sweep
from signald.research.spread.cluster import open_workers
from signald.research.strategy import Trades, luckiest, sharpe, sum_up
from signald.research.sweep import grid, sweep_samples
from tests.support.samples import DAY_NS, build_indicator, plant

pytestmark = pytest.mark.timeout(60)  # a machine that may be busy


def test_a_grid_has_every_combination_and_the_last_setting_changes_fastest() -> None:
    points = grid(Scope(embargo_s=7), ["variant=decided,size", "cost_bps=5,10"])

    assert [(one.variant, one.cost_bps) for one in points] == [(None, 5.0), (None, 10.0), ("size", 5.0), ("size", 10.0)]
    assert {one.embargo_s for one in points} == {7}


@pytest.mark.parametrize(
    "over", [["cost"], ["cost_bps="], ["cost_bps=5", "cost_bps=6"], ["cost_bps=x"], ["embargo_s=-1"], ["variant=other"]]
)
def test_what_is_no_setting_is_refused(over: list[str]) -> None:
    with pytest.raises(ConfigError, match="--over"):
        grid(Scope(), over)


def test_every_strategy_of_a_sweep_is_a_trial_of_each() -> None:
    random = np.random.default_rng(3)
    own = {("model", 300): Trades(np.arange(40) * DAY_NS, random.normal(1.0, 10.0, 40))}
    others = [0.1, -0.2, 0.3, None]

    alone = sum_up(own, seconds=300, cost_bps=10.0)
    beside = sum_up(own, seconds=300, cost_bps=10.0, others=others)

    ratio = sharpe(own["model", 300].earned)
    assert ratio is not None
    assert (alone.trials, beside.trials) == (1, 5)
    assert beside.sharpe_luck == luckiest([ratio, 0.1, -0.2, 0.3], trials=5)
    assert alone.deflated_sharpe is None
    assert beside.deflated_sharpe is not None


def test_a_sweep_gives_the_same_bytes_whoever_does_the_work() -> None:
    names = {"us.a": "us.a", "us.b": "us.b"}
    indicators = {name: build_indicator(name, report=report) for name, report in names.items()}
    sample = plant({"us.a": 60.0, "us.b": 0.0}, {"us.a": ["us.a"], "us.b": ["us.b"]}, releases=30, noise_bps=10.0)
    points = grid(Scope(), ["cost_bps=5,1000"])

    here = sweep_samples(sample, None, indicators, points=points)
    with open_workers("threads", count=2) as workers:
        there = sweep_samples(sample, None, indicators, points=points, workers=workers)

    assert msgspec.json.encode(there) == msgspec.json.encode(here)
    assert here.trials == 2 * 4
    assert here.best == 0
    assert here.points[0].strategy.trades > here.points[1].strategy.trades == 0
    assert {one.strategy.trials for one in here.points} == {here.trials}
    assert render_sweep(here)


def test_the_bench_times_both_and_compares_their_bytes() -> None:
    names = [f"us.{letter}" for letter in "abc"]
    result = bench_scale(
        {name: build_indicator(name, report=name) for name in names}, points=2, rows=60, scheduler="threads"
    )

    assert result.same
    assert result.speedup == pytest.approx(result.seconds["1"] / result.seconds["2"])
    assert len(sections(result)) == 4
