from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from signald.errors import ConfigError
from signald.model.indicators import load_indicators
from signald.model.parameters import Parameters
from signald.model.time import parse_rfc3339
from signald.research.backtest import BacktestResult, backtest, examine
from signald.research.prices import Bars
from signald.research.scope import Scope
from tests.support.models import build_model, build_response, build_series
from tests.support.samples import DAY_NS, plant
from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(60)  # walks through 23 months of bars

_ROOT = Path(__file__).parents[3]
_INDICATORS = load_indicators((_ROOT / "configs" / "indicators.toml").read_bytes())
_EIGHT = (
    *("us.cpi.mom", "us.core_cpi.mom", "us.nfp", "us.unemployment_rate", "us.average_hourly_earnings.mom"),
    *("us.ppi.mom", "us.core_ppi.mom", "us.core_pce.mom"),
)


class _Files(NamedTuple):
    calendars: list[Path]
    prices: list[Path]


@pytest.fixture(scope="module")
def files() -> _Files:
    calendar = shared_data("macro", "calendar")
    return _Files(
        [calendar / "calendar_us_ff.csv", calendar / "calendar_us_investing.csv"],
        sorted(shared_data("macro", "prices").glob("btc_5m_*.csv.gz")),
    )


@pytest.fixture(scope="module")
def held_out(files: _Files) -> BacktestResult:
    scope = Scope(begin=parse_rfc3339("2023-07-01T00:00:00Z"), indicators=_EIGHT)
    return backtest(files.calendars, files.prices, _INDICATORS, scope=scope).result


def test_the_last_twelve_months_are_predicted_better_than_by_zero_or_least_squares(held_out: BacktestResult) -> None:
    five_minutes = held_out.horizons["300"]

    assert five_minutes.n == 48
    for skill in (
        five_minutes.crps_skill_vs_zero,
        five_minutes.crps_skill_vs_ols,
        five_minutes.log_score_skill_vs_zero,
        five_minutes.log_score_skill_vs_ols,
    ):
        assert skill is not None
        assert skill >= 0.1
    assert five_minutes.coverage_50 == pytest.approx(0.5, abs=0.05)
    assert five_minutes.coverage_90 == pytest.approx(0.9, abs=0.05)


def test_the_result_has_the_contracts_keys(held_out: BacktestResult) -> None:
    content = msgspec.to_builtins(held_out)

    assert set(content) >= {"releases", "horizons", "per_indicator", "placebo_rejections"}
    assert set(content["horizons"]) == {"300", "900", "3600"}
    assert set(content["horizons"]["300"]) >= {
        *("n", "log_score_skill_vs_zero", "log_score_skill_vs_ols", "crps_skill_vs_zero", "crps_skill_vs_ols"),
        *("brier", "coverage_50", "coverage_90", "hit_rate", "no_edge"),
    }
    assert set(_EIGHT) <= set(content["per_indicator"])


def _evaluate(scope: Scope, model: Parameters | None = None) -> BacktestResult:
    """Planted responses of two reports, one release a day in turn, over 200 days."""
    sample = plant(
        {"us.cpi.mom": -30.0, "us.ppi.mom": -12.0},
        {"us.cpi": ["us.cpi.mom"], "us.ppi": ["us.ppi.mom"]},
        releases=100,
        noise_bps=15.0,
    )
    bars = Bars(300 * 10**9, np.array([0, 1]), np.ones(2), np.ones(2), np.zeros(2, dtype=np.int64))
    return examine(sample, {"BTC": [bars]}, _INDICATORS, scope=scope, model=model).result


def test_what_is_scored_lies_between_the_bounds_and_all_before_is_learnt_from() -> None:
    whole = _evaluate(Scope())
    part = _evaluate(Scope(begin=150 * DAY_NS, end=180 * DAY_NS))

    assert (part.releases, part.horizons["300"].n) == (30, 30)
    assert whole.releases == 200
    skill = part.horizons["300"].crps_skill_vs_zero
    assert skill is not None
    assert skill > 0.1


def test_the_indicators_named_choose_the_timestamps() -> None:
    result = _evaluate(Scope(indicators=("us.ppi.mom",)))

    assert result.releases == 100
    assert list(result.per_indicator) == ["us.ppi.mom"]


def test_a_scope_without_releases_has_no_scores() -> None:
    empty = _evaluate(Scope(begin=10_000 * DAY_NS))

    assert empty.releases == 0
    assert empty.horizons["300"].n == 0
    assert empty.horizons["300"].crps_skill_vs_zero is None
    assert empty.per_indicator == {}


def test_a_finished_model_is_scored_as_it_stands() -> None:
    model = build_model(
        [build_series("us.cpi.mom", "us.cpi", sigma=0.1), build_series("us.ppi.mom", "us.ppi", sigma=0.1)],
        {"BTC": (build_response(300, [-30.0, -12.0], std_error=0.1, residual=15.0),)},
    )

    scores = _evaluate(Scope(), model).horizons["300"]

    assert scores.hit_rate is not None
    assert scores.hit_rate > 0.7
    assert scores.coverage_90 == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("scope", [Scope(asset="DOGE"), Scope(indicators=("us.cpj.mom",))])
def test_an_asset_or_indicator_that_is_not_there_is_an_error_that_names_it(scope: Scope) -> None:
    with pytest.raises(ConfigError, match=r"DOGE|us\.cpj\.mom"):
        _evaluate(scope)
