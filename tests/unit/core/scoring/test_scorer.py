import math

import msgspec
import numpy as np
import pytest

from signald.core.board import BoardRows, empty_rows
from signald.core.kernels.rows import STATE_LIVE
from signald.core.scoring import Prediction, Scorer
from signald.core.scoring.prediction import judge_edge
from signald.core.scoring.scorer import MAX_ANSWERS
from signald.model.parameters import Parameters, Report, Transfer
from tests.support.models import build_instrument, build_model, build_response, build_series

_CPI = "us.cpi.yoy:2025-01"
_CORE = "us.core_cpi.mom:2025-01"


def _model(*, beta: tuple[float, float] = (-60.0, -30.0), std_error: float = 5.0, moment: float = 0.0) -> Parameters:
    return build_model(
        [
            build_series("us.core_cpi.mom", "us.cpi", sigma=0.1),
            build_series("us.cpi.yoy", "us.cpi", sigma=0.1),
            build_series("us.ppi.yoy", "us.ppi", sigma=0.2, response="pooled"),
            build_series("us.fomc.rate", "us.fomc", sigma=0.1, response="none"),
        ],
        {
            asset: tuple(
                build_response(seconds, [scale * one for one in beta], pooled=1, std_error=std_error)
                for seconds in (300, 900)
            )
            for asset, scale in (("BTC", 1.0), ("ETH", 1.5))
        },
        reports=[
            Report(
                id="us.cpi",
                series=("us.core_cpi.mom", "us.cpi.yoy"),
                moments=((1.0, moment), (moment, 1.0)),
                n=23,
                pooled_correlation=1.0,
            )
        ],
    )


def _rows(**changes: float) -> BoardRows:
    rows = empty_rows(1).copy()
    book = {"bid": 99.0, "ask": 101.0, "mid": 100.0, "microprice": 100.1, "spread_bps": 1.0, "imbalance": 0.0}
    for name, value in {"state": STATE_LIVE, **book, "bid_depth_5": 6e5, "ask_depth_5": 5e5, **changes}.items():
        rows[name] = value
    return rows


def _score(
    model: Parameters, surprises: dict[str, float | None], rows: BoardRows | None = None, *, ts_ingest: int = 0
) -> Prediction:
    scorer = Scorer(model, [build_instrument("BTC")])
    rows = _rows() if rows is None else rows
    return scorer.score(scorer.plan(list(surprises)), list(surprises.values()), rows, ts_ingest=ts_ingest)[0]


def test_an_inflation_surprise_moves_the_price_by_its_response() -> None:
    prediction = _score(_model(), {_CPI: 2.0})

    assert prediction.verdict == "down"
    assert [(one.seconds, one.mean_bps, one.n) for one in prediction.horizons] == [(300, -60.0, 23), (900, -60.0, 23)]
    assert prediction.confidence == 1.0 - prediction.horizons[0].p_up
    assert [(one.release_id, one.contribution_bps) for one in prediction.drivers] == [(_CPI, -60.0)]
    assert prediction.flags == ()


def test_an_absent_sibling_is_expected_from_the_one_that_came() -> None:
    alone = _score(_model(moment=0.8), {_CPI: 1.0})
    together = _score(_model(moment=0.8), {_CPI: 1.0, _CORE: 0.8})

    assert alone.horizons[0].mean_bps == pytest.approx(-30.0 - 60.0 * 0.8)
    assert together.horizons[0].mean_bps == pytest.approx(alone.horizons[0].mean_bps)
    assert alone.horizons[0].std_bps > together.horizons[0].std_bps


def test_the_second_figure_of_a_bundle_takes_its_share_from_the_first() -> None:
    model = _model(moment=0.8)

    first = _score(model, {_CPI: 1.0, _CORE: None})
    second = _score(model, {_CPI: 1.0, _CORE: -1.0})

    assert [one.release_id for one in first.drivers] == [_CPI]
    assert [one.contribution_bps for one in second.drivers] == pytest.approx([-30.0, 60.0])
    assert second.verdict == "up"


def test_surprises_are_cut_at_four_deviations() -> None:
    assert _score(_model(), {_CPI: 40.0}).horizons == _score(_model(), {_CPI: 4.0}).horizons


@pytest.mark.parametrize("surprises", [{_CPI: None}, {}, {"us.fomc.rate:2025-01-29": 3.0}, {"us.unknown:2025-01": 1.0}])
def test_without_a_surprise_or_a_response_nothing_is_said(surprises: dict[str, float | None]) -> None:
    prediction = _score(_model(), surprises)

    assert (prediction.verdict, prediction.confidence, prediction.horizons) == ("no_edge", None, ())
    assert prediction.drivers == ()
    assert (prediction.desk.quote_widen_bps, prediction.desk.skew_bps) == (None, None)


def test_a_figure_as_expected_has_no_edge_but_a_distribution() -> None:
    prediction = _score(_model(), {_CPI: 0.0, _CORE: 0.0})

    assert prediction.verdict == "no_edge"
    assert prediction.confidence == 0.5
    assert prediction.horizons[0].mean_bps == 0.0
    assert prediction.horizons[0].std_bps == 50.0


def test_an_asset_without_a_model_has_no_horizons() -> None:
    scorer = Scorer(_model(), [build_instrument("DOGE"), build_instrument("ETH")])

    doge, eth = scorer.score(scorer.plan([_CPI]), [1.0], empty_rows(2), ts_ingest=0)

    assert doge.horizons == ()
    assert eth.horizons[0].mean_bps == -45.0


@pytest.mark.parametrize("beta", [1.3, -0.4])
def test_an_asset_that_follows_another_moves_by_its_beta_and_less_surely(beta: float) -> None:
    follower = Transfer(asset="BTC", beta=beta, width=1.5, n=1_000)
    model = msgspec.structs.replace(_model(), transfers={"DOGE": follower})
    scorer = Scorer(model, [build_instrument("DOGE"), build_instrument("BTC")])

    doge, btc = scorer.score(scorer.plan([_CPI]), [1.0], empty_rows(2), ts_ingest=0)

    ours, theirs = doge.horizons[0], btc.horizons[0]
    assert ours.mean_bps == pytest.approx(beta * theirs.mean_bps)
    assert ours.std_bps == pytest.approx(1.5 * abs(beta) * theirs.std_bps)
    assert ours.hi_bps - ours.mean_bps == pytest.approx(ours.mean_bps - ours.lo_bps)
    assert abs(ours.p_up - 0.5) < abs(theirs.p_up - 0.5)
    assert doge.drivers[0].contribution_bps == pytest.approx(ours.mean_bps)


def test_heavy_tails_widen_the_deviation_and_are_those_of_the_loudest_figure() -> None:
    response = msgspec.structs.replace(
        build_response(300, [-60.0, -30.0], std_error=0.0), residual=(50.0, 80.0), residual_df=(30, 4)
    )
    series = [build_series("us.core_cpi.mom", "us.cpi"), build_series("us.nfp", "us.employment")]
    model = build_model(series, {"BTC": (response,)})

    horizon = _score(model, {_CORE: 0.0, "us.nfp:2025-01": 0.0}).horizons[0]

    assert horizon.std_bps == pytest.approx(80.0 * math.sqrt(4.0 / 2.0))
    assert horizon.hi_bps == pytest.approx(80.0 * 2.1318467863266499)  # 95 % of Student's law, 4 degrees of freedom


def test_a_pooled_series_speaks_only_where_its_report_is_otherwise_silent() -> None:
    model = build_model(
        [build_series("us.ppi.mom", "us.ppi"), build_series("us.ppi.yoy", "us.ppi", response="pooled")],
        {"BTC": (build_response(300, [-24.0], pooled=1),)},
    )

    alone = _score(model, {"us.ppi.yoy:2025-01": 1.0})
    both = _score(model, {"us.ppi.yoy:2025-01": 1.0, "us.ppi.mom:2025-01": 1.0})

    assert alone.horizons[0].mean_bps == -20.0
    assert alone.flags == ("thin_history",)
    assert [one.contribution_bps for one in both.drivers] == [0.0, -24.0]


def test_two_months_of_one_series_at_one_minute_are_two_surprises_of_one_response() -> None:
    model = build_model([build_series("us.nfp", "us.employment")], {"BTC": (build_response(300, [-30.0]),)})

    prediction = _score(model, {"us.nfp:2025-10": 1.0, "us.nfp:2025-11": 1.0})

    assert prediction.horizons[0].mean_bps == -60.0
    assert prediction.horizons[0].std_bps == pytest.approx(math.hypot(50.0, 2.0 * 5.0))


@pytest.mark.parametrize(
    ("mean", "std_mean", "cost", "verdict"),
    [
        (-10.0, 5.0, 0.5, "down"),
        (10.0, 5.0, 0.5, "up"),
        (10.0, 5.0, 10.0, "no_edge"),
        (8.2, 5.0, 0.0, "no_edge"),
        (8.3, 5.0, 0.0, "up"),
        (0.0, 0.0, 0.0, "no_edge"),
    ],
)
def test_an_edge_survives_costs_and_what_is_not_known_of_the_response(
    mean: float, std_mean: float, cost: float, verdict: str
) -> None:
    assert judge_edge(mean, std_mean, cost_bps=cost) == verdict


def test_a_wide_spread_swallows_the_edge() -> None:
    assert _score(_model(), {_CPI: 1.0}, _rows(spread_bps=59.0)).verdict == "down"
    assert _score(_model(), {_CPI: 1.0}, _rows(spread_bps=61.0)).verdict == "no_edge"


def test_the_smaller_side_bounds_the_size_and_risk_makes_it_less() -> None:
    desk = _score(_model(), {_CPI: 1.0}).desk

    assert desk.quote_widen_bps is not None
    assert desk.quote_widen_bps > 5.0
    assert desk.max_size_usd == pytest.approx(5e5 * 5.0 / desk.quote_widen_bps)
    assert _score(_model(), {_CPI: 1.0}, _rows(bid_depth_5=math.nan)).desk.max_size_usd is None


def test_guidance_ends_with_the_longest_horizon() -> None:
    assert _score(_model(), {_CPI: 1.0}, ts_ingest=7).desk.ts_expires == 900_000_000_007


def test_the_desk_widens_with_the_predicted_deviation_and_skews_with_the_sure_part_of_the_mean() -> None:
    calm, moved = _score(_model(), {_CPI: 0.5}), _score(_model(), {_CPI: 3.0})

    assert calm.desk.quote_widen_bps == pytest.approx(calm.horizons[0].std_bps * math.sqrt(10.0 / 300.0))
    assert calm.desk.quote_widen_bps is not None
    assert moved.desk.quote_widen_bps is not None
    assert moved.desk.quote_widen_bps > calm.desk.quote_widen_bps
    assert moved.confidence is not None
    assert moved.desk.skew_bps == pytest.approx(-90.0 * (2.0 * moved.confidence - 1.0))


def test_skew_grows_with_the_surprise() -> None:
    skews = [_score(_model(), {_CPI: float(z)}).desk.skew_bps for z in np.linspace(-4.0, 4.0, 33)]

    assert skews == sorted(skews, reverse=True, key=lambda skew: skew or 0.0)


@pytest.mark.parametrize(("consensus", "expected"), [(2.9, (0.1, 1.0)), (None, None)])
def test_a_surprise_needs_a_consensus(consensus: float | None, expected: tuple[float, float] | None) -> None:
    found = Scorer(_model(), []).surprise(_CPI, 3.0, consensus)

    assert found == (None if expected is None else pytest.approx(expected))


def test_a_series_the_model_does_not_know_has_a_surprise_without_a_scale() -> None:
    scorer = Scorer(_model(), [])

    found = scorer.surprise("us.unknown:2025-01", 3.0, 2.5)

    assert found is not None
    assert (found.raw, found.z) == (0.5, None)
    assert scorer.farthest("us.unknown:2025-01") is None
    assert scorer.farthest(_CPI) == pytest.approx(0.8)


def test_a_stage_never_seen_is_judged_by_the_best_known_stage() -> None:
    model = build_model(
        [build_series("us.gdp.qoq:advance", "us.gdp", sigma=0.5)], {"BTC": (build_response(300, [40.0]),)}
    )

    assert _score(model, {"us.gdp.qoq:2025-Q1:third": 1.0}).horizons[0].mean_bps == 40.0


def test_before_the_figure_the_move_is_as_uncertain_as_surprise_and_residual_together() -> None:
    scorer = Scorer(_model(std_error=0.0), [build_instrument("BTC"), build_instrument("SOL")])

    alone, unknown = scorer.uncertainty_bps(scorer.plan([_CPI]))

    assert alone == pytest.approx(math.hypot(60.0, math.hypot(30.0, 50.0)), rel=0.02)
    assert unknown is None


def test_nothing_is_known_before_a_figure_without_a_response() -> None:
    scorer = Scorer(_model(), [build_instrument("BTC")])

    assert scorer.uncertainty_bps(scorer.plan(["us.fomc.rate:2025-03-19"])) == (None,)


def test_instruments_of_one_asset_say_the_same_unless_their_markets_differ() -> None:
    instruments = (build_instrument("BTC"), build_instrument("BTC", "okx"), build_instrument("BTC", "bybit"))
    scorer = Scorer(_model(), instruments)
    plan = scorer.plan([_CPI])
    plan.rescale(np.array([1.0, 2.0, 1.0]))

    said = scorer.score(plan, [2.0], empty_rows(3), ts_ingest=0)

    means = [one.horizons[0].mean_bps for one in said]
    assert means == [pytest.approx(-60.0), pytest.approx(-120.0), pytest.approx(-60.0)]
    assert said[0].horizons == said[2].horizons
    assert [one.drivers[0].contribution_bps for one in said] == pytest.approx(means)


def test_what_is_looked_up_is_what_would_be_computed() -> None:
    surprises = ([0.0, None], [-0.0, None], [1.5, None], [1.5, -0.5])
    scorer = Scorer(_model(moment=0.5), [build_instrument("BTC"), build_instrument("ETH")])
    plan = scorer.plan([_CORE, _CPI])

    first = [scorer.answer(plan, one) for one in surprises]
    again = [scorer.answer(plan, one) for one in surprises]
    anew = [scorer.answer(scorer.plan([_CORE, _CPI]), one) for one in surprises]

    assert all(one is other for one, other in zip(first, again, strict=True))
    assert [repr(one) for one in first] == [repr(one) for one in anew]  # -0.0 is another text than 0.0


def test_when_the_market_moves_more_what_was_said_before_is_forgotten() -> None:
    scorer = Scorer(_model(), [build_instrument("BTC")])
    plan = scorer.plan([_CPI])
    [calm] = scorer.answer(plan, [1.0])

    plan.rescale(np.array([2.0]))
    [wild] = scorer.answer(plan, [1.0])

    assert calm is not None
    assert wild is not None
    assert wild.horizons[0].mean_bps == 2.0 * calm.horizons[0].mean_bps


def test_no_more_answers_are_remembered_than_a_ladder_needs() -> None:
    scorer = Scorer(_model(), [build_instrument("BTC")])
    plan = scorer.plan([_CPI])

    for number in range(MAX_ANSWERS + 1):
        scorer.answer(plan, [number / 100.0])

    assert len(plan.answers) <= MAX_ANSWERS
