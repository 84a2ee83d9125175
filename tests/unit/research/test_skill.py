import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from signald.research.judging import Judged, judge
from signald.research.learner import Kin
from signald.research.scores import Law, log_score
from signald.research.skill import MEASURES, HorizonScores, score_horizon
from tests.support.samples import plant


def _judged(n: int = 400, *, seed: int = 0, skill: float = 1.0) -> Judged:
    """Predictions that know ``skill`` of a response of 30 bp, beside baselines that know nothing of it."""
    random = np.random.default_rng(seed)
    expected = 30.0 * random.normal(size=n)
    moves = expected + 40.0 * random.normal(size=n)
    scale = float(np.hypot(40.0, 30.0 * (1.0 - skill)))
    zero = Law(np.zeros(n), np.full(n, 50.0), np.full(n, np.inf))
    return Judged(
        rows=tuple(range(n)),
        model=Law(skill * expected, np.full(n, scale), np.full(n, np.inf)),
        std_mean=np.full(n, 5.0),
        edge=np.where(np.abs(expected) > 20.0, np.sign(expected), 0.0),
        baselines={"zero": zero, "ols": zero, "sign": zero._replace(mean=np.sign(expected))},
        moves=moves,
    )


def _gains(judged: Judged) -> NDArray[np.float64]:
    return log_score(judged.model, judged.moves) - log_score(judged.baselines["zero"], judged.moves)


def _value(scores: HorizonScores, name: str) -> float:
    value = getattr(scores, name)
    assert isinstance(value, float)
    return value


def test_right_laws_have_skill_cover_as_they_say_and_a_flat_pit() -> None:
    scores = score_horizon(_judged())

    assert _value(scores, "crps_skill_vs_zero") == pytest.approx(0.2, abs=0.06)
    assert _value(scores, "log_score_skill_vs_zero") == pytest.approx(np.log(50.0 / 40.0), abs=0.08)
    assert _value(scores, "coverage_50") == pytest.approx(0.5, abs=0.08)
    assert _value(scores, "coverage_90") == pytest.approx(0.9, abs=0.05)
    assert _value(scores, "pit_p") > 0.01
    assert sum(scores.pit) == scores.n == 400
    assert _value(scores, "hit_rate") > 0.7
    assert _value(scores, "hit_rate_sign") > 0.6


def test_every_score_lies_in_an_interval_of_its_own() -> None:
    content = msgspec.to_builtins(score_horizon(_judged()))

    assert set(content["intervals"]) == set(MEASURES)
    for name in MEASURES:
        interval = content["intervals"][name]
        assert interval["lo"] < interval["hi"], name
        if name not in {"brier_reliability", "brier_resolution", "brier_uncertainty"}:  # drawing anew adds to these
            assert interval["lo"] <= content[name] <= interval["hi"], name


def test_intervals_cover_the_true_skill_as_often_as_they_say() -> None:
    truth = float(_gains(_judged(200_000, seed=99)).mean())

    intervals = [score_horizon(_judged(50, seed=seed)).intervals["log_score_skill_vs_zero"] for seed in range(25)]

    covered = [one.lo is not None and one.hi is not None and one.lo <= truth <= one.hi for one in intervals]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.15)


def test_the_parts_of_the_brier_score_add_up_to_it() -> None:
    scores = score_horizon(_judged(50))

    parts = (scores.brier_reliability, scores.brier_resolution, scores.brier_uncertainty)
    assert None not in parts
    assert _value(scores, "brier_reliability") - _value(scores, "brier_resolution") + _value(
        scores, "brier_uncertainty"
    ) == pytest.approx(_value(scores, "brier"), abs=1e-12)


def test_an_effect_of_the_size_that_power_states_is_seen_four_times_in_five() -> None:
    judged = _judged(1000, seed=7)
    smallest, gains = score_horizon(judged).power.log_score_skill, _gains(judged)
    assert smallest is not None
    enough = int(1000 * (smallest / gains.mean()) ** 2)

    drawn = gains[np.random.default_rng(8).integers(1000, size=(400, enough))]

    seen = drawn.mean(axis=1) > 1.645 * drawn.std(axis=1, ddof=1) / np.sqrt(enough)
    assert np.mean(seen) == pytest.approx(0.8, abs=0.1)


def test_labels_shuffled_within_the_folds_leave_no_skill() -> None:
    sample = plant({"us.cpi.mom": -30.0}, {"us.cpi": ["us.cpi.mom"]}, releases=150, noise_bps=15.0)
    kin = {"us.cpi.mom": Kin("us.cpi", "inflation")}
    shuffled = np.random.default_rng(2).permutation(sample.moves["BTC"][300])

    true = score_horizon(judge(sample, kin, asset="BTC", seconds=300))
    false = score_horizon(judge(sample._replace(moves={"BTC": {300: shuffled}}), kin, asset="BTC", seconds=300))

    assert _value(true, "crps_skill_vs_zero") > 0.2
    assert _value(false, "crps_skill_vs_zero") < 0.02
    assert (false.intervals["log_score_skill_vs_zero"].lo or 0.0) <= 0.0


def test_nothing_scored_has_no_scores() -> None:
    scores = score_horizon(_judged(4).take(np.zeros(4, dtype=np.bool_)))

    assert scores.n == 0
    assert all(getattr(scores, name) is None for name in MEASURES)
    assert set(scores.intervals) == set(MEASURES)
