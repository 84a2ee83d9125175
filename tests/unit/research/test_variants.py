import numpy as np

from signald.model.time import NS_PER_S
from signald.research.learner import CANDIDATES, Kin
from signald.research.variants import VARIANTS, observe_revisions, vary, vary_kin
from signald.research.walk import walk
from signald.sources.calendars.files import CalendarRow
from tests.support.samples import build_indicator, build_sample

_KIN = {"us.cpi.mom": Kin("us.cpi", "inflation"), "us.adp": Kin("us.adp", "labour")}


def _row(month: int, *, prior: float | None, revised: float | None, actual: float = 0.3) -> CalendarRow:
    period = f"{2020 + month // 12}-{month % 12 + 1:02d}"
    return CalendarRow(
        release_id=f"us.cpi.mom:{period}",
        indicator="us.cpi.mom",
        period=period,
        ts_scheduled=(month + 1) * 30 * 86_400 * NS_PER_S,
        actual=actual,
        consensus=0.2,
        prior=prior,
        revised_prior=revised,
    )


def test_revisions_are_scaled_by_those_before_them() -> None:
    rows = [_row(month, prior=0.2, revised=0.2 + 0.1 * (-1) ** month) for month in range(12)]

    found = observe_revisions(rows, {"us.cpi.mom": build_indicator("us.cpi.mom", report="us.cpi")})

    assert {one.series for one in found} == {"us.cpi.mom:revision"}
    assert [one.raw for one in found[:2]] == [0.1, -0.1]
    assert found[7].z is None
    assert found[8].z is not None


def test_a_release_without_both_priors_has_no_revision() -> None:
    rows = [_row(1, prior=None, revised=0.2), _row(2, prior=0.2, revised=None)]

    assert observe_revisions(rows, {"us.cpi.mom": build_indicator("us.cpi.mom", report="us.cpi")}) == []


def test_sizes_are_series_of_their_own_beside_the_surprises() -> None:
    z = np.array([[1.0, np.nan], [-2.0, 0.5]])
    sample = build_sample(["us.cpi.mom", "us.adp"], z, {"BTC": {300: np.zeros(2)}})

    varied = vary(sample, "size", indicators=["us.cpi.mom"])

    assert varied.series == ("us.cpi.mom", "us.adp", "us.cpi.mom:size")
    assert varied.z[:, 2].tolist() == [1.0, 2.0]


def test_in_basis_points_the_volatility_does_not_count() -> None:
    sample = build_sample(["us.cpi.mom"], np.ones((3, 1)), {"BTC": {300: np.zeros(3)}})
    rising = sample._replace(usual={"BTC": {300: np.array([np.nan, 10.0, 20.0])}})

    varied = vary(rising, "basis-points", indicators=[])

    assert np.isnan(varied.usual["BTC"][300][0])
    assert varied.usual["BTC"][300][1:].tolist() == [10.0, 10.0]


def test_by_family_a_loud_report_does_not_widen_the_laws_of_others() -> None:
    random = np.random.default_rng(0)
    z = np.full((120, 2), np.nan)
    z[0::2, 0], z[1::2, 1] = random.normal(size=60), random.normal(size=60)
    moves = np.where(np.arange(120) % 2 == 0, 200.0, 10.0) * random.normal(size=120)
    sample = build_sample(["us.cpi.mom", "us.adp"], z, {"BTC": {300: moves}})

    together, apart = (
        walk(sample, vary_kin(_KIN, variant), asset="BTC", seconds=300, candidates=CANDIDATES[::37])
        for variant in (None, "family-scale")
    )

    assert np.all(apart.law.scale[21::2] < together.law.scale[21::2])


def test_what_is_decided_on_is_left_as_it_is() -> None:
    sample = build_sample(["us.cpi.mom"], np.ones((3, 1)), {"BTC": {300: np.zeros(3)}})

    assert vary(sample, None, indicators=[]) is sample
    assert vary_kin(_KIN, None) is _KIN
    assert set(VARIANTS) == {"size", "revisions", "basis-points", "family-scale", "drift", "drift-30m"}
