import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.board import empty_rows
from signald.core.scoring import Scorer
from signald.model.parameters import Family, Parameters, Report, Response
from tests.support.models import build_instrument, build_model, build_series
from tests.support.scoring_reference import score_reference

_BUNDLE = [
    *("us.a.one:2025-01", "us.a.two:2025-01", "us.a.three:2025-01", "us.a.lent:2025-01"),
    *("us.b.one:2025-01", "us.b.one:2024-12"),
    *("us.c.lent:2025-01", "us.c.more:2025-01"),
    "us.d.silent:2025-01",
    "us.e.unknown:2025-01",
]


@st.composite
def _models(draw: st.DrawFn) -> Parameters:
    """A model of three reports with random numbers; in each the moments are positive definite."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    series = [
        *(build_series(f"us.a.{name}", "us.a") for name in ("one", "three", "two")),
        build_series("us.b.one", "us.b"),
        build_series("us.a.lent", "us.a", response="pooled"),
        build_series("us.c.lent", "us.c", response="pooled"),
        build_series("us.c.more", "us.c", response="pooled"),
        build_series("us.d.silent", "us.d", response="none"),
    ]
    factors = random.normal(size=(3, 20))
    moments = factors @ factors.T / 20
    reports = [
        Report(
            id="us.a",
            series=("us.a.one", "us.a.three", "us.a.two"),
            moments=tuple(map(tuple, moments.tolist())),
            n=20,
            pooled_correlation=1.0,
        ),
        Report(id="us.b", series=("us.b.one",), moments=((0.7,),), n=9, pooled_correlation=1.0),
        Report(id="us.c", series=(), moments=(), n=1, pooled_correlation=float(random.uniform())),
    ]
    return build_model(
        series,
        {asset: tuple(_response(random, seconds) for seconds in (300, 900)) for asset in ("BTC", "ETH")},
        reports=reports,
    )


def _response(random: np.random.Generator, seconds: int) -> Response:
    errors = random.normal(size=(4, 30)) * 8.0
    mean, variance, between = random.normal() * 40.0, random.uniform(1.0, 90.0), random.uniform(0.0, 900.0)
    return Response(
        seconds=seconds,
        n=50,
        r2=0.3,
        beta=tuple((random.normal(size=4) * 60.0).tolist()),
        covariance=tuple(map(tuple, (errors @ errors.T / 30).tolist())),
        count=tuple(random.integers(15, 60, size=4).tolist()),
        families={"inflation": Family(mean=mean, variance=variance, between=between, count=80)},
        residual=tuple(random.uniform(20.0, 90.0, size=7).tolist()),
        residual_df=None if random.uniform() < 0.2 else tuple(random.integers(3, 40, size=7).tolist()),
    )


_heard = st.lists(
    st.one_of(st.none(), st.just(0.0), st.floats(-6.0, 6.0)), min_size=len(_BUNDLE), max_size=len(_BUNDLE)
)


@given(_models(), _heard)
def test_the_compiled_score_equals_the_numpy_reference(model: Parameters, heard: list[float | None]) -> None:
    scorer = Scorer(model, [build_instrument("ETH"), build_instrument("BTC"), build_instrument("DOGE")])

    predictions = scorer.score(scorer.plan(_BUNDLE), heard, empty_rows(3), ts_ingest=0)

    known = {release: z for release, z in zip(_BUNDLE, heard, strict=True) if z is not None}
    for prediction, asset in zip(predictions, ("ETH", "BTC"), strict=False):
        expected = [score_reference(model, asset, seconds, known) for seconds in (300, 900)]
        assert len(prediction.horizons) == sum(one is not None for one in expected)
        for horizon, one in zip(prediction.horizons, filter(None, expected), strict=True):
            got = (horizon.mean_bps, horizon.std_bps, horizon.lo_bps, horizon.hi_bps, horizon.p_up, horizon.n)
            assert got == pytest.approx(
                (one.mean, one.std, one.lo, one.hi, one.p_up, one.releases), rel=1e-12, abs=1e-10
            )
        if expected[0] is not None:
            shares = {driver.release_id: driver.contribution_bps for driver in prediction.drivers}
            assert shares == pytest.approx(expected[0].shares, rel=1e-12, abs=1e-10)
    assert predictions[2].horizons == ()


@given(_models(), _heard)
def test_drivers_add_up_to_the_mean_and_guidance_is_finite(model: Parameters, heard: list[float | None]) -> None:
    scorer = Scorer(model, [build_instrument("BTC")])

    (prediction,) = scorer.score(scorer.plan(_BUNDLE), heard, empty_rows(1), ts_ingest=0)

    if prediction.horizons:
        total = sum(driver.contribution_bps for driver in prediction.drivers)
        assert total == pytest.approx(prediction.horizons[0].mean_bps, abs=1e-9)
        assert prediction.confidence is not None
        assert 0.5 <= prediction.confidence <= 1.0
        assert prediction.desk.quote_widen_bps is not None
        assert prediction.desk.quote_widen_bps > 0.0


@given(_models(), _heard)
def test_scoring_the_mirrored_surprises_mirrors_the_prediction(model: Parameters, heard: list[float | None]) -> None:
    scorer = Scorer(model, [build_instrument("BTC")])
    plan = scorer.plan(_BUNDLE)

    (one,) = scorer.score(plan, heard, empty_rows(1), ts_ingest=0)
    (other,) = scorer.score(plan, [None if z is None else -z for z in heard], empty_rows(1), ts_ingest=0)

    for horizon, mirrored in zip(one.horizons, other.horizons, strict=True):
        assert mirrored.mean_bps == pytest.approx(-horizon.mean_bps, abs=1e-9)
        assert mirrored.std_bps == pytest.approx(horizon.std_bps, rel=1e-12)
        assert mirrored.p_up == pytest.approx(1.0 - horizon.p_up, abs=1e-12)


@given(_models(), _heard)
def test_a_plan_remembers_nothing_of_what_it_scored_before(model: Parameters, heard: list[float | None]) -> None:
    scorer = Scorer(model, [build_instrument("BTC")])
    used = scorer.plan(_BUNDLE)
    scorer.score(used, [2.0] * len(_BUNDLE), empty_rows(1), ts_ingest=0)

    again = scorer.score(used, heard, empty_rows(1), ts_ingest=0)

    assert again == scorer.score(scorer.plan(_BUNDLE), heard, empty_rows(1), ts_ingest=0)
