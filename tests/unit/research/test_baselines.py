import msgspec
import numpy as np
import pytest
import statsmodels.api as sm

from signald.model.parameters import Parameters
from signald.research.baselines import apply_model, walk_least_squares
from tests.support.models import build_model, build_response, build_series
from tests.support.samples import plant

_REPORTS = {"us.cpi": ["us.cpi.mom"], "us.ppi": ["us.ppi.mom"]}
_BETA = {"us.cpi.mom": -60.0, "us.ppi.mom": -24.0}


def test_least_squares_predicts_by_all_moves_that_were_over() -> None:
    sample = plant(_BETA, _REPORTS, releases=40, noise_bps=30.0)

    walked = walk_least_squares(sample, asset="BTC", seconds=300)

    row = 60
    fit = sm.OLS(sample.moves["BTC"][300][:row], np.nan_to_num(sample.z[:row])).fit()
    place = list(walked.rows).index(row)
    said = fit.get_prediction(np.nan_to_num(sample.z[row])).summary_frame()
    assert walked.law.mean[place] == pytest.approx(said["mean"].iloc[0], rel=1e-9)
    assert walked.std_mean[place] == pytest.approx(said["mean_se"].iloc[0], rel=1e-9)
    assert walked.law.scale[place] ** 2 == pytest.approx(said["mean_se"].iloc[0] ** 2 + fit.scale, rel=1e-9)


def test_least_squares_says_nothing_before_eight_moves_were_over() -> None:
    walked = walk_least_squares(plant(_BETA, _REPORTS, releases=20, noise_bps=30.0), asset="BTC", seconds=300)

    assert walked.rows[0] == 8


def _model() -> Parameters:
    return build_model(
        [build_series("us.cpi.mom", "us.cpi", sigma=0.1), build_series("us.ppi.mom", "us.ppi", sigma=0.2)],
        {"BTC": (build_response(300, [-60.0, -24.0]), build_response(900, [-61.0, -25.0]))},
    )


def test_a_finished_model_predicts_by_its_own_scales() -> None:
    sample = plant(_BETA, _REPORTS, releases=20, noise_bps=30.0)

    walked = apply_model(_model(), sample, asset="BTC", seconds=300)

    expected = np.where(np.isnan(sample.raw[:, 0]), -24.0 * sample.raw[:, 1] / 0.2, -60.0 * sample.raw[:, 0] / 0.1)
    assert walked.law.mean.tolist() == pytest.approx(expected.tolist())
    assert np.all(walked.law.scale >= 50.0)


def test_a_model_is_silent_where_it_knows_no_series() -> None:
    sample = plant(_BETA, _REPORTS, releases=20, noise_bps=30.0)
    model = _model()
    narrow = msgspec.structs.replace(model, series=model.series[:1], own=model.own[:1])

    walked = apply_model(
        msgspec.structs.replace(narrow, assets={"BTC": (build_response(300, [-60.0]),)}),
        sample,
        asset="BTC",
        seconds=300,
    )

    assert [row % 2 for row in walked.rows] == [0] * 20
