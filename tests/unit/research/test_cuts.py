"""A history of priced cuts beside releases."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from signald.errors import ConfigError, ImportFormatError
from signald.model.time import NS_PER_S, format_rfc3339
from signald.research.cuts import History, changes_at, estimate_cuts, estimate_threshold, read_history, sentences
from signald.research.sample import Floats, Sample
from tests.support.calendar import DAY, T0
from tests.support.samples import build_sample

DAYS = 600
HEAD = "ts,meeting,implied_cuts_year_end\n"


def lived_through(moments: list[int], changes: Floats, *, noise: float = 0.02, seed: int = 3) -> History:
    """A word before and one after half past one on every day; on those of ``moments`` it changes as planted."""
    random = np.random.default_rng(seed)
    planted = dict(zip(moments, changes.tolist(), strict=True))
    ts: list[int] = []
    cuts: list[float] = []
    level = 2.0
    for day in range(DAYS, -1, -1):
        moment = T0 - day * DAY
        ts += [moment - 60 * NS_PER_S, moment + 120 * NS_PER_S]
        change = planted.get(moment, float(random.normal(0.0, noise)))
        cuts += [level, level + change]
    return History(ts, ["2025"] * len(ts), np.array(cuts))


def planted_sample(*, per_cut: float, seed: int = 5) -> tuple[Sample, History]:
    """Releases each fifth day whose move is −40 bps a σ and ``per_cut`` bps a cut, and the history to that."""
    random = np.random.default_rng(seed)
    z = random.normal(size=(100, 1))
    changes = -0.1 * z[:, 0] + random.normal(0.0, 0.1, 100)
    moves = -40.0 * z[:, 0] + per_cut * changes + random.normal(0.0, 10.0, 100)
    sample = build_sample(["us.cpi.mom"], z, {"BTC": {300: moves}})
    moments = [T0 - day * DAY for day in range(5 * 99, -1, -5)]
    return sample._replace(ts=np.array(moments)), lived_through(moments, changes)


@pytest.mark.parametrize("per_cut", [150.0, 0.0])
def test_the_planted_response_to_priced_cuts_is_recovered(per_cut: float) -> None:
    sample, history = planted_sample(per_cut=per_cut)

    found = estimate_cuts(history, sample, window_s=300.0)

    (one,) = found.assets["BTC"]
    assert one.n == 100
    assert abs(one.bps_per_cut - per_cut) < 3.5 * one.error
    assert one.error < 20.0
    assert (one.r2 - one.r2_without > 0.02) == bool(per_cut)
    assert any("explains, it does not predict" in line for line in sentences(found))


def test_the_threshold_is_that_of_quiet_weekdays_with_its_error() -> None:
    sample, history = planted_sample(per_cut=0.0)

    found = estimate_threshold(history, sample.ts.tolist(), window_s=300.0)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 1.645 * 0.02 <= found.high  # nine of ten of a normal law
    assert found.low < found.cuts < found.high
    weekdays = sum(((T0 - day * DAY) // DAY + 3) % 7 < 5 and (day % 5 != 0 or day > 495) for day in range(DAYS + 1))
    assert found.days == weekdays


def test_a_short_move_is_set_beside_what_had_changed_by_its_end() -> None:
    random = np.random.default_rng(7)
    z, early = random.normal(size=(100, 1)), random.normal(0.0, 0.1, 100)
    moments = [T0 - day * DAY for day in range(99, -1, -1)]
    ts = [moment + after * NS_PER_S for moment in moments for after in (-60, 30, 200)]
    late = early + random.normal(0.0, 0.5, 100)  # what comes after the move has no part in it
    cuts = np.column_stack([np.zeros(100), early, late]).ravel()
    moves = -40.0 * z[:, 0] + 150.0 * early
    sample = build_sample(["us.cpi.mom"], z, {"BTC": {60: moves}})._replace(ts=np.array(moments))

    found = estimate_cuts(History(ts, ["2025"] * len(ts), cuts), sample, window_s=300.0)

    assert [one.bps_per_cut for one in found.assets["BTC"]] == pytest.approx([150.0])


def test_days_of_releases_without_a_surprise_are_not_quiet_either() -> None:
    sample, history = planted_sample(per_cut=0.0)
    others = [T0 - day * DAY for day in range(1, 500, 5)]

    without = estimate_cuts(history, sample, window_s=300.0).threshold
    known = estimate_cuts(history, sample, window_s=300.0, days=others).threshold

    assert without is not None
    assert known is not None
    assert known.days < without.days


def test_nothing_from_behind_the_window_or_the_release_is_seen() -> None:
    ts = [T0 - 60 * NS_PER_S, T0, T0 + 100 * NS_PER_S, T0 + 301 * NS_PER_S]
    history = History(ts, ["2025"] * 4, np.array([1.0, 1.5, 1.2, 9.0]))

    assert changes_at(history, [T0], window_s=300.0).tolist() == [pytest.approx(0.2)]
    assert np.isnan(changes_at(history, [T0 + 2 * DAY, T0 - DAY], window_s=300.0)).all()
    assert np.isnan(changes_at(history._replace(year=["2025", "2026", "2026", "2026"]), [T0], window_s=300.0)).all()


def test_too_little_says_so() -> None:
    sample, history = planted_sample(per_cut=10.0)
    few = sample.take(np.arange(100) < 8)

    found = estimate_cuts(History(history.ts[:4], history.year[:4], history.cuts[:4]), few, window_s=300.0)

    assert found.threshold is None
    assert found.assets == {"BTC": ()}
    assert len(sentences(found)) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("ts,cuts\n", 1),
        (f"{HEAD}yesterday,2025-03-19,1.4\n", 2),
        (f"{HEAD}2025-02-12T13:30:00Z,March,1.4\n", 2),
        (f"{HEAD}2025-02-12T13:30:00Z,2025-03-19,nan\n", 2),
        (f"{HEAD}2025-02-12T13:30:00Z,2025-03-19,1e3\n", 2),
        (f"{HEAD}2025-02-12T13:30:00Z,2025-03-19\n", 2),
        (f"{HEAD}2025-02-12T13:30:00Z,2025-03-19,1\n2025-02-12T13:30:00Z,2025-03-19,1\n", 3),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "cuts.csv"
    path.write_text(text)

    with pytest.raises(ImportFormatError, match=f"cuts.csv:{line}:"):
        read_history(path)
    with pytest.raises(ConfigError, match=r"none\.csv"):
        read_history(tmp_path / "none.csv")


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "cuts.csv"
    path.write_text(f"{HEAD}{format_rfc3339(T0)},2025-03-19,1.4\n{format_rfc3339(T0 + 1)},2026-01-28,-1\n")

    found = read_history(path)

    assert (found.ts, found.year, found.cuts.tolist()) == ([T0, T0 + 1], ["2025", "2026"], [1.4, -1.0])
    assert (found.name, found.sha256) == ("cuts.csv", hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_model_names_the_history_it_was_estimated_from() -> None:
    sample, history = planted_sample(per_cut=10.0)

    found = estimate_cuts(history._replace(name="cuts.csv", sha256="5e"), sample, window_s=300.0)

    assert (found.history, found.sha256) == ("cuts.csv", "5e")
