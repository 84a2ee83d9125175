import math

import msgspec
import numpy as np
import pytest

from signald.core.learning import Outcome, learn_outcome, learnt_through
from signald.core.surprise import scale
from signald.model.learning import Pace
from signald.model.parameters import Parameters, Report, decode_parameters, encode_parameters, identify
from signald.model.time import parse_rfc3339
from tests.support.models import build_model, build_pace, build_response, build_series

_CPI = "us.cpi.mom:2025-01"
_CORE = "us.core_cpi.mom:2025-01"
_NFP = "us.nfp:2025-01"
_DAY = 86_400 * 10**9
_T0 = parse_rfc3339("2025-02-12T13:30:00Z")
_YEAR_NS = 365.25 * _DAY


def _model(pace: Pace | None = None, *, residual: float = 50.0) -> Parameters:
    series = tuple(
        msgspec.structs.replace(build_series(name, report), step=0.1, recent=(0.1, -0.1) * 12)
        for name, report in (("us.core_cpi.mom", "us.cpi"), ("us.cpi.mom", "us.cpi"), ("us.nfp", "us.employment"))
    )
    reports = (
        Report(
            id="us.cpi",
            series=("us.core_cpi.mom", "us.cpi.mom"),
            moments=((1.0, 0.3), (0.3, 1.0)),
            n=24,
            pooled_correlation=1.0,
        ),
        Report(id="us.employment", series=("us.nfp",), moments=((1.0,),), n=24, pooled_correlation=1.0),
    )
    responses = tuple(
        build_response(seconds, (-40.0, -60.0, -50.0), std_error=20.0, residual=residual, pace=pace or build_pace(3))
        for seconds in (300, 900)
    )
    return build_model(series, {"BTC": responses}, reports=reports)


def _outcome(move: float | None, *, ts: int = _T0, **surprises: float) -> Outcome:
    names = {"cpi": _CPI, "core": _CORE, "nfp": _NFP}
    moves = {} if move is None else {"BTC": {300: move, 900: move}}
    return Outcome(ts, {names[name]: raw for name, raw in surprises.items()}, moves)


def _learn(model: Parameters, outcome: Outcome) -> Parameters:
    learnt = learn_outcome(model, outcome, ts_effective=outcome.ts + 3_600 * 10**9)
    assert learnt is not None
    return learnt


def test_an_outcome_teaches_as_least_squares_on_prior_and_outcome_would() -> None:
    model = _model()

    learnt = _learn(model, _outcome(-200.0, cpi=0.1, core=0.2)).assets["BTC"][0]

    before = model.assets["BTC"][0]
    z = np.array([2.0, 1.0, 0.0])
    precision = np.linalg.inv(np.array(before.covariance)) + np.outer(z, z) / 50.0**2
    expected = np.linalg.solve(
        precision, np.linalg.inv(np.array(before.covariance)) @ np.array(before.beta) + z * -200.0 / 50.0**2
    )
    assert learnt.beta == pytest.approx(expected, rel=1e-6)
    assert np.array(learnt.covariance) == pytest.approx(np.linalg.inv(precision), rel=1e-5, abs=1e-4)
    assert learnt.count == (24, 24, 23)
    assert learnt.n == before.n + 1


def test_what_was_not_heard_of_for_long_fades_towards_its_prior() -> None:
    model = _model(build_pace(3, fades=1.0))
    years = (_T0 - learnt_through(model)) / _YEAR_NS

    learnt = _learn(model, _outcome(0.0, nfp=0.1)).assets["BTC"][0]

    kept = 0.5**years
    assert learnt.beta[:2] == pytest.approx([-40.0 * kept, -60.0 * kept], rel=1e-6)
    assert learnt.covariance[0][0] == pytest.approx(400.0 * kept**2 + 400.0 * (1.0 - kept**2), rel=1e-6)
    assert learnt.effective[0] == pytest.approx(23.0 * kept**2, rel=1e-6)


def test_a_move_far_out_teaches_less_under_a_law_with_heavy_tails() -> None:
    normal = _model()
    response = tuple(msgspec.structs.replace(one, residual_df=(3, 3, 3)) for one in normal.assets["BTC"])
    heavy = identify(msgspec.structs.replace(normal, assets={"BTC": response}))

    steps = [abs(_learn(model, _outcome(-900.0, nfp=0.1)).assets["BTC"][0].beta[2] + 50.0) for model in (normal, heavy)]

    assert 0.0 < steps[1] < steps[0] / 3.0


def test_the_residuals_scale_follows_what_is_left_of_moves() -> None:
    model = _model(residual=10.0)

    for day in range(300):
        model = _learn(model, _outcome(40.0 if day % 2 else -40.0, ts=_T0 + day * _DAY, nfp=0.0))

    assert model.assets["BTC"][0].residual[2] == pytest.approx(40.0, rel=0.05)
    assert model.assets["BTC"][0].residual[0] == 10.0


def test_sigma_is_that_of_the_newest_window() -> None:
    model = _model()

    learnt = _learn(model, _outcome(10.0, cpi=0.5))

    before, after = ({one.id: one for one in of.series}["us.cpi.mom"] for of in (model, learnt))
    assert after.recent == (*before.recent[1:], 0.5)
    assert after.sigma == pytest.approx(scale(after.recent, step=0.1), rel=1e-6)
    assert after.n_surprises == before.n_surprises + 1
    assert learnt.series[2] == model.series[2]


def test_the_next_model_says_what_it_came_of_and_reads_back() -> None:
    model = _model()

    first = _learn(model, _outcome(10.0, cpi=0.1))
    second = _learn(first, _outcome(10.0, ts=_T0 + _DAY, nfp=0.1))

    assert second.lineage is not None
    assert (second.lineage.root, second.lineage.parent, second.lineage.steps) == (model.id, first.id, 2)
    assert [event.ts for event in second.events] == [_T0, _T0 + _DAY]
    assert decode_parameters(encode_parameters(second)) == second


@pytest.mark.parametrize(
    "outcome",
    [
        _outcome(10.0, ts=parse_rfc3339("2024-06-28T12:30:00Z"), cpi=0.1),
        _outcome(10.0),
        Outcome(_T0, {"us.unknown:2025-01": 0.1}, {"BTC": {300: 1.0}}),
    ],
    ids=["learnt already", "no surprise", "unknown series"],
)
def test_where_there_is_nothing_to_learn_the_model_stays(outcome: Outcome) -> None:
    assert learn_outcome(_model(), outcome, ts_effective=_T0) is None


def test_without_a_move_only_the_scale_of_surprises_is_learnt() -> None:
    model = _model()

    learnt = _learn(model, _outcome(None, cpi=0.5))

    assert learnt.series != model.series
    assert learnt.assets["BTC"][0].beta == model.assets["BTC"][0].beta
    assert learnt.events == ()


def test_many_outcomes_recover_a_planted_response() -> None:
    random = np.random.default_rng(3)
    model = _model(build_pace(3, prior=1e6), residual=30.0)

    for day in range(200):
        cpi, core = random.normal(size=2)
        move = 25.0 * cpi - 10.0 * core + random.normal() * 20.0
        sigma = {one.id: one.sigma for one in model.series}
        model = _learn(
            model,
            _outcome(
                float(move), ts=_T0 + day * _DAY, cpi=cpi * sigma["us.cpi.mom"], core=core * sigma["us.core_cpi.mom"]
            ),
        )

    response = model.assets["BTC"][0]
    errors = [math.sqrt(response.covariance[place][place]) for place in range(2)]
    assert abs(response.beta[1] - 25.0) <= 3.0 * errors[1]
    assert abs(response.beta[0] + 10.0) <= 3.0 * errors[0]
    assert max(errors) < 3.0
