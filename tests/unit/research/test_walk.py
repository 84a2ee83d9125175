import math

import numpy as np
import pytest

from signald.research.learner import CANDIDATES, SILENT, Candidate, Kin
from signald.research.sample import Sample
from signald.research.scores import covered, crps, log_score
from signald.research.walk import Walked, follow, walk
from tests.support.samples import DAY_NS, plant

_REPORTS = {"us.cpi": ["us.cpi.mom", "us.cpi.yoy"], "us.ppi": ["us.ppi.mom"], "us.nfp": ["us.nfp"]}
_BETA = {"us.cpi.mom": -30.0, "us.cpi.yoy": -10.0, "us.ppi.mom": -12.0, "us.nfp": 0.0}
_KIN = {
    name: Kin(report, "labour" if name == "us.nfp" else "inflation")
    for report, names in _REPORTS.items()
    for name in names
}
_FEW = (*CANDIDATES[::37],)


def _walk(sample: Sample, candidates: tuple[Candidate, ...] = _FEW) -> Walked:
    return walk(sample, _KIN, asset="BTC", seconds=300, candidates=candidates)


def _planted(*, releases: int = 60, seed: int = 0) -> Sample:
    return plant(_BETA, _REPORTS, releases=releases, noise_bps=15.0, correlation=0.5, seed=seed)


def test_planted_responses_give_skill_and_honest_intervals() -> None:
    sample = _planted(releases=120)

    ours, zero = _walk(sample), _walk(sample, SILENT)

    late = np.arange(len(ours.rows)) > 100
    law, silent, moves = ours.law.take(late), zero.law.take(late), ours.moves[late]
    assert 1.0 - crps(law, moves).mean() / crps(silent, moves).mean() > 0.15
    assert (log_score(law, moves) - log_score(silent, moves)).mean() > 0.15
    assert covered(law, moves, 0.9).mean() == pytest.approx(0.9, abs=0.06)


def test_shuffled_surprises_have_no_skill() -> None:
    sample = _planted(releases=120)
    moves = np.random.default_rng(5).permutation(sample.moves["BTC"][300])
    shuffled = sample._replace(moves={"BTC": {300: moves}})

    ours, zero = _walk(shuffled), _walk(shuffled, SILENT)

    assert 1.0 - crps(ours.law, ours.moves).mean() / crps(zero.law, zero.moves).mean() < 0.02
    assert (log_score(ours.law, ours.moves) - log_score(zero.law, zero.moves)).mean() < 0.02


def test_what_comes_later_changes_no_prediction_before_it_to_the_bit() -> None:
    sample = _planted()
    whole = _walk(sample)
    changed = sample._replace(moves={"BTC": {300: np.where(np.arange(180) >= 100, 1e5, sample.moves["BTC"][300])}})

    cut = _walk(sample.take(np.arange(180) < 100))
    other = _walk(changed)

    for earlier in (cut, other):
        assert earlier.law.mean[:100].tolist() == whole.law.mean[:100].tolist()
        assert earlier.law.scale[:100].tolist() == whole.law.scale[:100].tolist()
    assert other.law.mean[100] == whole.law.mean[100]
    assert other.law.mean[120] != whole.law.mean[120]


def test_a_move_that_is_not_over_teaches_nothing() -> None:
    sample = _planted()
    overlapping = sample._replace(ts=np.arange(1, 181, dtype=np.int64) * (DAY_NS // 86_400 * 299))

    predicted = _walk(overlapping)
    changed = overlapping._replace(moves={"BTC": {300: sample.moves["BTC"][300] + 1e4 * (np.arange(180) == 50)}})

    assert _walk(changed).law.mean[51] == predicted.law.mean[51]
    assert _walk(changed).law.mean[54] != predicted.law.mean[54]


def test_the_silent_law_never_leaves_zero() -> None:
    walked = _walk(_planted(), SILENT)

    assert np.all(walked.law.mean == 0.0)
    assert np.all(walked.std_mean == 0.0)


def test_the_first_prediction_knows_nothing_but_how_the_hour_moved() -> None:
    walked = _walk(_planted(), (Candidate(1.0, math.inf, 5.0, 2.0),))

    z = _planted().z[0]
    assert walked.law.mean[0] == 0.0
    assert walked.law.scale[0] == pytest.approx(10.0 * math.sqrt(1.0 + np.nansum(z**2)))


def test_rows_without_surprise_or_move_are_passed_over() -> None:
    sample = _planted()
    z, moves = sample.z.copy(), sample.moves["BTC"][300].copy()
    z[3], moves[7] = np.nan, np.nan

    rows = _walk(sample._replace(z=z, moves={"BTC": {300: moves}})).rows

    assert set(range(180)) - set(rows) == {3, 7}


def test_residuals_far_out_are_remembered_as_a_larger_scale() -> None:
    calm = _planted()
    wild = calm._replace(moves={"BTC": {300: 5.0 * calm.moves["BTC"][300]}})

    assert np.median(_walk(wild).law.scale[60:]) > 3.0 * np.median(_walk(calm).law.scale[60:])


def test_what_is_followed_is_what_was_believed_before_each_release() -> None:
    sample = _planted()
    cut = sample.take(np.arange(180) < 100)

    whole, early = (follow(one, _KIN, asset="BTC", seconds=300, candidates=CANDIDATES[::37]) for one in (sample, cut))

    for name, path in whole.items():
        before = len(early[name].ts)
        assert list(path.ts[:before]) == list(early[name].ts)
        assert path.mean[:before] == pytest.approx(early[name].mean)
        assert path.mean[0] == 0.0
        assert path.error[-1] < path.error[0]
