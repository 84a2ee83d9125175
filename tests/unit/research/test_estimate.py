import msgspec
import numpy as np
import pytest
import statsmodels.api as sm

from signald.core.board import empty_rows
from signald.core.scoring import Scorer
from signald.model.parameters import Parameters, Response
from signald.research.calibrate import describe_series
from signald.research.estimate import Estimate, estimate, taken_alone
from signald.research.regression import regress
from signald.research.sample import Sample
from tests.support.models import build_instrument
from tests.support.samples import build_indicator, build_sample, plant

_REPORTS = {"us.cpi": ["us.cpi.mom", "us.cpi.yoy"], "us.ppi": ["us.ppi.mom"], "us.pce": ["us.pce.mom"]}
_BETA = {"us.cpi.mom": -60.0, "us.cpi.yoy": -20.0, "us.ppi.mom": -24.0, "us.pce.mom": -28.0}
_INDICATORS = {
    name: build_indicator(name, report=report)
    for report, names in {**_REPORTS, "us.late": ["us.late.yoy", "us.late.mom"]}.items()
    for name in names
}


def _estimate(sample: Sample) -> Estimate:
    return estimate(sample, _INDICATORS, primary_s=300)


def _response(estimated: Estimate) -> Response:
    return estimated.assets["BTC"][0]


@pytest.mark.timeout(60)  # some hundred estimations
def test_planted_responses_are_recovered_with_nominal_coverage() -> None:
    covered: list[bool] = []
    for seed in range(24):
        sample = plant(_BETA, _REPORTS, releases=60, noise_bps=80.0, correlation=0.5, seed=seed)
        response = _response(_estimate(sample))
        errors = np.sqrt(np.diag(np.array(response.covariance)))
        covered.extend(np.abs(np.array(response.beta) - np.array(list(_BETA.values()))) <= 1.96 * errors)

    assert np.mean(covered) == pytest.approx(0.95, abs=0.05)


def test_the_least_squares_beside_it_are_statsmodels_own() -> None:
    sample = plant(_BETA, _REPORTS, releases=30, noise_bps=80.0, correlation=0.6)

    response = _response(_estimate(sample))

    design = np.nan_to_num(sample.z)
    expected = sm.OLS(sample.moves["BTC"][300], design).fit(cov_type="HC1")
    assert response.least_squares == pytest.approx(expected.params.tolist(), rel=1e-6)
    assert response.least_squares_error == pytest.approx(expected.bse.tolist(), rel=1e-6)
    assert response.r2 == pytest.approx(expected.rsquared, rel=1e-6)


def test_responses_lie_nearer_to_zero_than_least_squares_say() -> None:
    sample = plant(_BETA, _REPORTS, releases=30, noise_bps=80.0, correlation=0.6)

    response = _response(_estimate(sample))

    assert np.linalg.norm(response.beta) < np.linalg.norm(response.least_squares)
    assert all(0.0 < one <= count for one, count in zip(response.effective, response.count, strict=True))


def test_normal_noise_is_told_from_heavy_tails() -> None:
    normal = plant(_BETA, _REPORTS, releases=120, noise_bps=80.0)
    tails = np.random.default_rng(3).standard_t(3, size=360) * 40.0
    heavy = normal._replace(moves={"BTC": {300: np.nan_to_num(normal.z) @ np.array(list(_BETA.values())) + tails}})

    light_df, heavy_df = (_response(_estimate(one)).residual_df for one in (normal, heavy))

    assert light_df is not None
    assert heavy_df is not None
    assert max(heavy_df) < min(light_df)


def test_the_scores_of_the_walk_stand_beside_the_responses() -> None:
    scores = _response(_estimate(plant(_BETA, _REPORTS, releases=120, noise_bps=40.0))).scores

    assert scores is not None
    assert scores.n == 360
    assert min(scores.crps_skill, scores.log_score_gain, scores.r2) > 0.05
    assert (scores.coverage_50, scores.coverage_90) == pytest.approx((0.5, 0.9), abs=0.08)


def test_a_figure_taken_alone_has_the_response_of_its_own_regression() -> None:
    sample = plant(_BETA, _REPORTS, releases=40, noise_bps=80.0, correlation=0.6)
    estimated = _estimate(sample)
    fit = regress(sample.moves["BTC"][300], np.nan_to_num(sample.z))

    alone = taken_alone(estimated.own, estimated.reports, fit.beta, fit.covariance)

    for place, name in enumerate(estimated.own):
        came = ~np.isnan(sample.z[:, place])
        regression = sm.OLS(sample.moves["BTC"][300][came], sample.z[came, place]).fit()
        assert alone[place].mean == pytest.approx(regression.params[0], rel=1e-5), name
        assert alone[place].variance == pytest.approx(regression.bse[0] ** 2, rel=0.5), name


def test_scoring_one_figure_of_two_says_what_the_regression_on_it_alone_says() -> None:
    sample = plant(_BETA, _REPORTS, releases=40, noise_bps=80.0, correlation=0.6)
    model = _model(sample)
    response = model.assets["BTC"][0]
    plain = msgspec.structs.replace(response, beta=response.least_squares)
    scorer = Scorer(msgspec.structs.replace(model, assets={"BTC": (plain,)}), [build_instrument("BTC")])

    (prediction,) = scorer.score(scorer.plan(["us.cpi.yoy:2025-01"]), [1.0], empty_rows(1), ts_ingest=0)

    came = ~np.isnan(sample.z[:, 1])
    regression = sm.OLS(sample.moves["BTC"][300][came], sample.z[came, 1]).fit()
    assert prediction.horizons[0].mean_bps == pytest.approx(regression.params[0], rel=1e-5)
    assert prediction.horizons[0].std_bps == pytest.approx(np.sqrt(regression.scale), rel=0.25)


def test_a_short_history_takes_its_familys_response() -> None:
    planted = plant(_BETA, _REPORTS, releases=40, noise_bps=10.0)
    short = np.full((len(planted.ts), 1), np.nan)
    short[::12, 0] = np.random.default_rng(1).normal(size=len(short[::12]))
    sample = build_sample([*planted.series, "us.late.yoy"], np.hstack([planted.z, short]), planted.moves)

    estimated = _estimate(sample)

    assert estimated.pooled == ("us.late.yoy",)
    family = _response(estimated).families["inflation"]
    assert min(_BETA.values()) < family.mean < max(_BETA.values())
    assert family.between > 100.0
    assert family.count == 120
    described = {one.id: one for one in describe_series(sample, estimated, _INDICATORS)}
    assert described["us.late.yoy"].thin_history
    assert described["us.late.yoy"].response == "pooled"


def test_without_two_reports_a_family_lends_nothing() -> None:
    planted = plant({"us.ppi.mom": -24.0}, {"us.ppi": ["us.ppi.mom"]}, releases=40, noise_bps=10.0)
    short = np.full((40, 1), np.nan)
    short[:10, 0] = np.random.default_rng(1).normal(size=10)
    sample = build_sample(["us.ppi.mom", "us.late.yoy"], np.hstack([planted.z, short]), planted.moves)

    assert _estimate(sample).pooled == ()


def test_a_series_that_never_surprises_has_no_response() -> None:
    planted = plant(_BETA, _REPORTS, releases=30, noise_bps=50.0)
    z = planted.z.copy()
    z[~np.isnan(z[:, 2]), 2] = 0.0

    assert "us.ppi.mom" not in _estimate(build_sample(planted.series, z, planted.moves)).own


def test_two_short_series_of_one_report_share_what_their_surprises_have_in_common() -> None:
    planted = plant(_BETA, _REPORTS, releases=40, noise_bps=50.0)
    one = np.full((len(planted.ts), 1), np.nan)
    one[::12, 0] = np.random.default_rng(1).normal(size=len(one[::12]))
    sample = build_sample(
        [*planted.series, "us.late.mom", "us.late.yoy"], np.hstack([planted.z, one, one]), planted.moves
    )

    estimated = _estimate(sample)

    assert next(report for report in estimated.reports if report.id == "us.late").pooled_correlation == 1.0


def test_rows_after_a_moment_change_nothing_estimated_at_it() -> None:
    sample = plant(_BETA, _REPORTS, releases=40, noise_bps=80.0)
    now = int(sample.ts[80])

    known = sample.known_at(now, seconds=300)

    changed = {"BTC": {300: np.where(sample.ts > now - 1, 1e6, sample.moves["BTC"][300])}}
    assert known.ts[-1] < now
    assert _estimate(known) == _estimate(sample._replace(moves=changed).known_at(now, seconds=300))


def _model(sample: Sample) -> Parameters:
    estimated = _estimate(sample)
    return Parameters(
        calendars=(),
        prices=(),
        first_release="",
        last_release="",
        window=24,
        winsor=4.0,
        primary_s=300,
        series=describe_series(sample, estimated, _INDICATORS),
        own=estimated.own,
        pooled=estimated.pooled,
        reports=estimated.reports,
        assets=dict(estimated.assets),
    )
