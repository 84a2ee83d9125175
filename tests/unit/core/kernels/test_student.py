# SciPy has no type stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math

import pytest
from scipy import stats

from signald.core.kernels.student import probability_below, student_quantile

_FREEDOM = [1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 31.0, 200.0, math.inf]


@pytest.mark.parametrize("df", _FREEDOM)
@pytest.mark.parametrize("t", [-40.0, -3.7, -1.0, -1e-6, 0.0, 0.4, 2.0, 25.0])
def test_the_finite_sums_are_students_law(t: float, df: float) -> None:
    exact = 0.5 + math.atan(t) / math.pi if df == 1.0 else stats.t.cdf(t, df)  # SciPy is off by 1e-11 near zero there
    assert probability_below(t, df) == pytest.approx(exact, abs=1e-14)


@pytest.mark.parametrize("df", _FREEDOM)
@pytest.mark.parametrize("probability", [0.5, 0.75, 0.95, 0.999])
def test_the_quantile_inverts_it(probability: float, df: float) -> None:
    assert student_quantile(probability, df) == pytest.approx(stats.t.ppf(probability, df), rel=1e-12, abs=1e-12)
