"""How much of an adjustment was over before its figure, and what it gains to take that off."""

import numpy as np
import pytest

from signald.model.time import NS_PER_S
from signald.research.drift import discount, moves_before, share_before, weigh
from signald.research.judging import Judged
from signald.research.prices import Bars
from signald.research.sample import Floats
from signald.research.scores import Law

SHARE = 0.40
NOISE_BPS = 30.0


def planted(n: int, *, seed: int, share: float = SHARE, noise_bps: float = NOISE_BPS) -> tuple[Floats, Floats, Floats]:
    """Surprises, and the moves before and after: 60 bp to each in all, ``share`` of that before; and noise."""
    random = np.random.default_rng(seed)
    z = random.normal(size=n)
    before = 60.0 * share * z + random.normal(0.0, noise_bps, n)
    after = 60.0 * (1.0 - share) * z + random.normal(0.0, noise_bps, n)
    return z, before, after


def judged(mean: Floats, moves: Floats) -> Judged:
    law = Law(mean, np.full(len(mean), 40.0), np.full(len(mean), 8.0))
    rows = tuple(range(len(mean)))
    return Judged(rows, law, np.full(len(mean), 5.0), np.sign(mean), {}, moves)


def test_a_planted_share_of_noisy_moves_is_recovered_with_its_error() -> None:
    found = [share_before(*planted(400, seed=seed)) for seed in range(200)]
    shares = np.array([one.share for one in found if one is not None])
    errors = np.array([one.error for one in found if one is not None])

    assert len(shares) == len(found)
    assert shares.mean() == pytest.approx(SHARE, abs=0.005)
    assert errors.mean() == pytest.approx(shares.std(), rel=0.15)
    within = np.abs(shares - SHARE) <= 1.96 * errors
    assert within.mean() == pytest.approx(0.95, abs=0.04)


def test_without_noise_the_share_is_exact_whatever_the_scale_of_what_is_expected() -> None:
    z, before, after = planted(20, seed=1, noise_bps=0.0)

    found = share_before(-7.0 * z, before, after)

    assert found is not None
    assert found.share == pytest.approx(SHARE)
    assert found.error == pytest.approx(0.0, abs=1e-9)
    assert found.n == 20


def test_too_few_releases_or_none_that_say_anything_tell_no_share() -> None:
    z, before, after = planted(2, seed=1)

    assert share_before(z, before, after) is None
    assert share_before(np.zeros(9), np.ones(9), np.ones(9)) is None
    assert share_before(np.full(9, np.nan), np.ones(9), np.ones(9)) is None


def test_what_is_unknown_is_left_out() -> None:
    z, before, after = planted(50, seed=2)
    holed = before.copy()
    holed[:10] = np.nan

    assert share_before(z, holed, after) == share_before(z[10:], before[10:], after[10:])


def test_a_prediction_is_less_by_what_was_over_and_else_as_it_was() -> None:
    before = np.array([-40.0, 40.0, np.nan, 0.0])

    less = discount(judged(np.full(4, -60.0), np.zeros(4)), before)

    assert less.model.mean.tolist() == pytest.approx([-36.0, -60.0, -60.0, -60.0])
    assert less.edge.tolist() == [-1.0] * 4


@pytest.mark.parametrize(("share", "pays"), [(0.4, True), (0.0, False)])
def test_discounting_pays_where_a_drift_was_planted_and_not_where_none_was(share: float, pays: bool) -> None:  # noqa: FBT001
    z, before, _ = planted(600, seed=3, share=share, noise_bps=5.0)
    after = 60.0 * z - before + np.random.default_rng(4).normal(0.0, 5.0, 600)

    found = weigh(judged(60.0 * z, after if pays else 60.0 * z), before, [*range(600)], seconds=36_000)

    assert found.gain is not None
    assert found.gain.crps.beyond_noise
    assert (found.gain.crps.mean > 0.0) is pays
    assert found.share == pytest.approx(share, abs=0.05)


def test_the_move_before_ends_with_the_bar_that_ends_at_the_moment() -> None:
    step = 300 * NS_PER_S
    opens = np.array([100.0, 101.0, 103.0])
    closes = np.array([101.0, 103.0, 90.0])
    bars = Bars(step, np.arange(3) * step, opens, closes, np.zeros(3, dtype=np.int64))

    moved = moves_before([bars], [2 * step, 5 * step], 600)

    assert moved[0] == pytest.approx(300.0)
    assert np.isnan(moved[1])
