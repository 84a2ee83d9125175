import math
import statistics

import numpy as np
import pytest

from signald.core.surprise import scale, scale_floor, surprise, winsorise


@pytest.mark.parametrize(
    ("actual", "consensus", "expected"), [(3.0, 2.9, 0.1), (2.8, 2.9, -0.1), (256.0, 160.0, 96.0), (4.1, 4.1, 0.0)]
)
def test_a_surprise_is_actual_less_consensus_as_one_would_write_it(
    actual: float, consensus: float, expected: float
) -> None:
    assert surprise(actual, consensus) == expected


def test_the_scale_is_the_standard_deviation_of_the_newest_window() -> None:
    past = [5.0, -5.0, *(0.1 * index for index in range(24))]

    assert scale(past, step=0.1) == pytest.approx(statistics.stdev(past[2:]), rel=1e-15)


def test_too_few_surprises_have_no_scale() -> None:
    assert scale([0.1, -0.1] * 3 + [0.2], step=0.1) is None
    assert scale([0.1, -0.1] * 4, step=0.1) is not None


def test_a_series_that_never_surprised_is_measured_by_its_rounding() -> None:
    assert scale([0.0] * 24, step=0.25) == 0.25 / math.sqrt(6.0)


def test_the_floor_is_the_deviation_that_rounding_alone_gives() -> None:
    random = np.random.default_rng(1)
    exact = random.uniform(0.0, 10.0, size=(200_000, 2))

    rounded = np.round(exact, 1) - exact

    assert float(np.std(rounded[:, 0] - rounded[:, 1])) == pytest.approx(scale_floor(0.1), rel=0.01)


def test_long_samples_standardised_by_all_that_went_before_have_unit_deviation() -> None:
    surprises = (np.random.default_rng(3).normal(size=1_500) * 0.3).tolist()

    scales = [scale(surprises[:index], step=1e-6, window=len(surprises)) for index in range(len(surprises))]

    z = [raw / sigma for raw, sigma in zip(surprises, scales, strict=True) if sigma is not None]
    assert statistics.pstdev(z[500:]) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("z", "expected"), [(5.0, 4.0), (-40.0, -4.0), (3.9, 3.9), (0.0, 0.0)])
def test_winsorising_cuts_at_four(z: float, expected: float) -> None:
    assert winsorise(z) == expected


def test_a_surprise_that_is_none_has_no_sign() -> None:
    assert math.copysign(1.0, surprise(0.29999999999999993, 0.3)) == 1.0
