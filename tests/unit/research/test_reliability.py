import numpy as np
import pytest

from signald.research.reliability import brier_parts, brier_parts_of_draws, reliability_curve


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_of_the_brier_score_add_up(seed: int) -> None:
    random = np.random.default_rng(seed)
    said, came = random.random(60).round(2), random.random(60) < 0.4

    parts = brier_parts(said, came)

    score = np.mean((said - came) ** 2)
    assert parts.reliability - parts.resolution + parts.uncertainty == pytest.approx(score, abs=1e-12)
    assert min(parts) >= 0.0


def test_the_parts_of_a_draw_are_those_of_its_forecasts_as_often_as_drawn() -> None:
    random = np.random.default_rng(0)
    said, came = random.random(60).round(1), random.random(60) < 0.4
    counts = random.integers(0, 4, size=60)

    parts = brier_parts_of_draws(said, came, counts[None, :].astype(np.float64))

    assert parts[0].tolist() == pytest.approx(brier_parts(np.repeat(said, counts), np.repeat(came, counts)))


def test_the_base_rate_as_forecast_has_neither_fault_nor_merit() -> None:
    came = np.arange(40) % 4 == 0

    parts = brier_parts(np.full(40, 0.25), came)

    assert parts == pytest.approx((0.0, 0.0, 0.1875))


def test_a_forecast_that_is_always_sure_and_right_resolves_everything() -> None:
    came = np.arange(40) % 4 == 0

    parts = brier_parts(came.astype(np.float64), came)

    assert parts == pytest.approx((0.0, 0.1875, 0.1875))


def test_a_forecast_that_is_sure_and_wrong_is_all_fault() -> None:
    came = np.arange(40) % 2 == 0

    assert brier_parts(1.0 - came, came) == pytest.approx((0.75, 0.0, 0.25))


def test_the_curve_of_right_probabilities_lies_within_its_band() -> None:
    random = np.random.default_rng(3)
    said = random.random(400)

    curve = reliability_curve(said, random.random(400) < said)

    assert np.all(np.diff(curve.came) >= 0.0)
    assert np.mean((curve.lo <= curve.came) & (curve.came <= curve.hi)) > 0.6


def test_the_curve_of_overconfident_probabilities_leaves_its_band() -> None:
    random = np.random.default_rng(4)
    truth = random.random(400)

    curve = reliability_curve(np.clip(3.0 * (truth - 0.5) + 0.5, 0.01, 0.99), random.random(400) < truth)

    assert np.mean((curve.lo <= curve.came) & (curve.came <= curve.hi)) < 0.4
