import math

import numpy as np
import pytest

from signald.core.scoring.conditions import (
    Conditions,
    by_asset,
    depth_factor,
    hourly_bps,
    volatility_factor,
)
from signald.model.parameters import Transfer
from tests.support.instruments import BTCUSDT, ETHUSDT
from tests.support.models import build_model, build_pace, build_response, build_series

_SERIES = (build_series("us.cpi.mom", "us.cpi"),)
_MODEL = build_model(_SERIES, {"BTC": (build_response(300, (-40.0,), pace=build_pace(1)),)})


def test_an_hours_volatility_is_that_of_its_bars() -> None:
    random = np.random.default_rng(0)
    mids = 100.0 * np.cumprod(1.0 + 1e-4 * 15.0 * random.normal(size=4_000))

    assert hourly_bps(mids.tolist()) == pytest.approx(15.0, rel=0.05)


def test_with_too_few_bars_it_is_not_known() -> None:
    mids = [100.0, 101.0, 100.0, math.nan, 100.0, 101.0, math.nan, 100.0, 101.0, math.nan, 100.0, 101.0, 100.0]

    assert hourly_bps(mids[:9]) is None
    assert hourly_bps(mids) == pytest.approx(math.sqrt(math.pi / 2.0) * 1e4 * (0.01 + 1 / 101) / 2, rel=0.05)


def test_moves_grow_with_the_power_of_the_hours_volatility_that_the_model_learnt() -> None:
    assert volatility_factor(_MODEL, "BTC", 20.0) == pytest.approx(1.0)
    assert volatility_factor(_MODEL, "BTC", 80.0) == pytest.approx(2.0)
    assert volatility_factor(_MODEL, "BTC", 1e6) == 4.0
    assert volatility_factor(_MODEL, "BTC", 1e-3) == 0.25


def test_where_hour_or_model_do_not_say_it_is_not_known() -> None:
    plain = build_model(_SERIES, {"BTC": (build_response(300, (-40.0,)),)})

    assert volatility_factor(_MODEL, "BTC", None) is None
    assert volatility_factor(_MODEL, "BTC", 0.0) is None
    assert volatility_factor(_MODEL, "DOGE", 20.0) is None
    assert volatility_factor(plain, "BTC", 20.0) is None


def test_an_asset_that_follows_another_has_its_power() -> None:
    transfers = {"DOGE": Transfer(asset="BTC", beta=1.3, width=1.4, n=1_000)}
    model = build_model(_SERIES, _MODEL.assets, transfers=transfers)

    assert volatility_factor(model, "DOGE", 80.0) == pytest.approx(2.0)


def test_depth_counts_between_a_half_and_twice_and_by_default_not_at_all() -> None:
    assert depth_factor(50.0, 100.0, elasticity=0.5) == pytest.approx(math.sqrt(2.0))
    assert depth_factor(1.0, 1e6, elasticity=1.0) == 2.0
    assert depth_factor(1e6, 1.0, elasticity=1.0) == 0.5
    assert depth_factor(1.0, 1e6, elasticity=0.0) == 1.0
    assert depth_factor(None, 100.0, elasticity=1.0) == 1.0


def test_of_several_books_of_one_asset_the_median_counts() -> None:
    assert by_asset((BTCUSDT, BTCUSDT, BTCUSDT, ETHUSDT), (10.0, 12.0, 500.0, None)) == {"BTC": 12.0}


def test_what_is_not_known_multiplies_with_one() -> None:
    conditions = Conditions.of((2.0, None), (0.5, 2.0))

    assert conditions.factors.tolist() == [1.0, 2.0]
