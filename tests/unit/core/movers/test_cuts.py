"""How far releases move the cuts that are priced, against days without one."""

import math
from itertools import count

import numpy as np
import pytest

from signald.core.movers.cuts import Cuts, Shift, quantile_ranks, threshold_of
from signald.core.movers.rules import CutsRules
from signald.model.expectations import CutsThreshold
from signald.model.time import NS_PER_S
from tests.support.calendar import DAY, T0
from tests.support.expectations import priced

WINDOW = 300 * NS_PER_S
ESTIMATED = CutsThreshold(cuts=0.08, low=0.06, high=0.1, days=400, window_s=300.0)


def listening(rules: CutsRules | None = None) -> Cuts:
    """Somebody who expects a release at T0, and has done so for long."""
    cuts = Cuts(CutsRules() if rules is None else rules)
    cuts.expect(T0)
    return cuts


def live_through(cuts: Cuts, changes: list[float], *, source: str = "cme") -> None:
    """A weekday for each change before T0: ``source`` speaks before the clock time, a minute after it, and at night."""
    days = (day for day in count(1) if ((T0 - day * DAY) // DAY + 3) % 7 < 5)
    for day, change in reversed([(next(days), change) for change in changes]):
        moment = T0 - day * DAY
        for ts, level in (
            (moment - 60 * NS_PER_S, 1.0),
            (moment + 60 * NS_PER_S, 1.0 + change),
            (moment + DAY // 2, 1.0),
        ):
            assert cuts.hear(priced(level, ts, source=source)) == []


def told(cuts: Cuts, before: float, after: float, *, source: str = "cme") -> Shift:
    cuts.hear(priced(before, T0 - NS_PER_S, source=source))
    [(moment, shift)] = cuts.hear(priced(after, T0 + 20 * NS_PER_S, source=source))
    assert moment == T0
    return shift


def test_a_planted_change_is_measured_against_what_had_come_before_the_release() -> None:
    cuts = listening()

    shift = told(cuts, 1.4, 1.15)

    assert shift.cuts == pytest.approx(-0.25)
    assert cuts.since(T0) == shift
    assert (shift.threshold, shift.threshold_from, shift.is_beyond) == (None, None, False)


def test_the_threshold_is_what_nine_of_ten_quiet_days_stayed_within() -> None:
    random = np.random.default_rng(7)
    changes = [float(one) for one in random.normal(0.0, 0.03, 20)]
    cuts = listening()
    live_through(cuts, changes)

    shift = told(cuts, 1.4, 1.2)

    assert shift.threshold is not None
    rising = sorted(round(abs(one), 4) for one in changes)
    assert shift.threshold.cuts == rising[math.ceil(21 * 0.9) - 1]
    assert (shift.threshold.days, shift.threshold_from) == (20, "quiet_days")
    assert shift.threshold.low is not None
    assert shift.threshold.low < shift.threshold.cuts
    assert shift.is_beyond
    assert cuts.tells(T0, shift)
    assert not cuts.tells(T0, shift)


def test_chance_is_told_one_time_in_ten_at_most() -> None:
    random = np.random.default_rng(11)
    told_of = 0
    for _ in range(400):
        threshold = threshold_of(np.abs(random.standard_t(3, 20)).tolist(), level=0.9, window_s=300.0)
        assert threshold is not None
        told_of += abs(random.standard_t(3)) > threshold.cuts

    assert told_of <= 400 * 0.1 + 3 * math.sqrt(400 * 0.09)


@pytest.mark.parametrize("n", [9, 20, 45, 60])
def test_the_thresholds_error_holds_the_quantile_nine_times_of_ten(n: int) -> None:
    random = np.random.default_rng(n)
    low, high = quantile_ranks(n, 0.9)
    drawn = np.sort(random.uniform(size=(4_000, n)), axis=1)
    below = drawn[:, low - 1] if low is not None else np.zeros(4_000)
    above = drawn[:, high - 1] if high is not None else np.ones(4_000)

    missed_low, missed_high = float(np.mean(below > 0.9)), float(np.mean(above < 0.9))

    assert missed_low <= 0.05 + 0.012
    assert missed_high <= 0.05 + 0.012
    narrower = float(np.mean(drawn[:, low or 0] > 0.9))
    assert narrower > 0.05 - 0.012  # and it is no wider than it need be


def test_the_thresholds_error_is_told_of_years_of_days() -> None:
    low, high = quantile_ranks(4_000, 0.9)

    assert low is not None
    assert high is not None
    sigma = math.sqrt(4_000 * 0.9 * 0.1)
    assert (low, high) == pytest.approx((3_600 - 1.645 * sigma, 3_600 + 1.645 * sigma), abs=2.0)


def test_a_word_that_comes_late_is_neither_before_nor_after() -> None:
    cuts = listening()
    cuts.hear(priced(1.4, T0 - 60 * NS_PER_S))

    found = cuts.hear(priced(9.0, T0 + NS_PER_S, ts_event=T0 - NS_PER_S))

    assert found == []
    [(_, shift)] = cuts.hear(priced(1.3, T0 + 2 * NS_PER_S))
    assert shift.before.implied_cuts_year_end == 1.4


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (T0 - 2 * DAY, T0 + NS_PER_S),  # what was said long ago is not what was expected
        (T0 + 1, T0 + 2),  # nothing had come before
        (T0 - 1, T0 + WINDOW + 1),  # what comes later is not its doing
    ],
)
def test_nothing_is_known_without_a_word_on_either_side(before: int, after: int) -> None:
    cuts = listening()

    assert cuts.hear(priced(1.4, before)) == []
    assert cuts.hear(priced(1.0, after)) == []
    assert cuts.since(T0) is None


def test_what_comes_with_the_release_had_not_come_before_it() -> None:
    cuts = listening()
    cuts.hear(priced(1.4, T0 - 1))

    assert cuts.hear(priced(1.0, T0, ts_event=T0)) == []  # of T0 itself: it can be either
    [(_, shift)] = cuts.hear(priced(0.9, T0 + 1))

    assert shift.before.implied_cuts_year_end == 1.4


def test_each_source_and_year_is_compared_with_itself() -> None:
    cuts = listening(CutsRules(threshold=0.1))
    cuts.hear(priced(1.4, T0 - 3))
    cuts.hear(priced(3.0, T0 - 2, source="other"))
    cuts.hear(priced(5.0, T0 - 1, meeting="2026-01-28"))

    [(_, ours)] = cuts.hear(priced(1.3, T0 + 1))
    [(_, theirs)] = cuts.hear(priced(3.4, T0 + 2, source="other"))
    [(_, later)] = cuts.hear(priced(4.9, T0 + 3, meeting="2026-01-28"))

    assert [one.cuts for one in (ours, theirs, later)] == pytest.approx([-0.1, 0.4, -0.1])
    assert cuts.is_disputed(T0, theirs)


def test_who_has_not_spoken_of_the_release_contradicts_nobody() -> None:
    cuts = listening(CutsRules(threshold=0.1))
    cuts.hear(priced(1.4, T0 - 3))
    cuts.hear(priced(3.0, T0 - 2, source="other"))
    cuts.hear(priced(3.0, T0 + 1, source="other", ts_event=T0 - 1))

    [(_, ours)] = cuts.hear(priced(1.1, T0 + 2))

    assert not cuts.is_disputed(T0, ours)


def test_an_old_word_that_is_said_again_is_still_old() -> None:
    cuts = listening()
    cuts.hear(priced(1.4, T0 - NS_PER_S, ts_event=T0 - 2 * DAY))  # kept by the broker, or recalled by a new run

    assert cuts.hear(priced(1.1, T0 + NS_PER_S)) == []


def test_a_day_counts_once_however_late_its_other_year_is_told_of() -> None:
    cuts = listening()
    for day, meeting in ((9, "2026-01-28"), (9, "2025-03-19"), (8, "2025-03-19"), (7, "2025-03-19")):
        cuts.hear(priced(1.0, T0 - day * DAY - 60 * NS_PER_S, meeting=meeting))
        cuts.hear(priced(1.1, T0 - day * DAY + 60 * NS_PER_S, meeting=meeting))
    cuts.hear(priced(1.0, T0 - 6 * DAY, meeting="2026-01-28"))

    [days] = cuts.memory().values()
    assert [day for day, _ in days] == sorted({day for day, _ in days})


def test_a_source_that_was_silent_on_a_day_says_nothing_of_it() -> None:
    cuts = listening()
    live_through(cuts, [0.01] * 12)
    heard = Cuts(CutsRules())
    heard.expect(T0)
    for day in range(12, 0, -1):
        heard.hear(priced(1.0, T0 - day * DAY - 60 * NS_PER_S))  # the feed is cut before each moment

    assert [len(days) for days in cuts.memory().values()] == [12]
    assert heard.memory() == {}


def test_days_with_releases_are_no_quiet_days() -> None:
    cuts = listening()
    for day in range(1, 30):
        cuts.expect(T0 - day * DAY + 60 * NS_PER_S)

    live_through(cuts, [0.5] * 12)

    assert not any(key.startswith(f"{T0 % DAY}|") for key in cuts.memory())


def test_a_configured_threshold_outranks_the_models_and_that_the_days_seen() -> None:
    configured = told(listening(CutsRules(threshold=0.3, estimated=ESTIMATED)), 1.0, 1.2)
    estimated = told(listening(CutsRules(estimated=ESTIMATED)), 1.0, 1.2)
    other_window = told(listening(CutsRules(estimated=ESTIMATED, window_ns=60 * NS_PER_S)), 1.0, 1.2)

    assert (configured.threshold_from, configured.is_beyond) == ("configured", False)
    assert (estimated.threshold_from, estimated.threshold, estimated.is_beyond) == ("model", ESTIMATED, True)
    assert other_window.threshold is None


def test_repetitions_and_a_crowd_are_refused() -> None:
    cuts = listening()
    for number in range(16):
        cuts.hear(priced(1.0, T0 - DAY, source=f"s{number}"))

    assert cuts.refuses(priced(1.0, T0 - DAY, source="s3")) == "repeated"
    assert cuts.refuses(priced(1.0, T0 - DAY, source="s16")) == "too_many_sources"
    assert cuts.refuses(priced(1.0, T0 - DAY + 1, source="s3")) is None


def test_what_was_seen_is_known_to_the_next_run() -> None:
    cuts, after = listening(), listening()
    live_through(cuts, [0.01 * day for day in range(1, 15)])

    after.recall(cuts.memory())

    assert after.memory() == cuts.memory()
    before, now = told(cuts, 1.0, 1.5), told(after, 1.0, 1.5)
    assert before.threshold is not None
    assert now.threshold is not None
    assert now.threshold == before.threshold


def test_memory_is_bounded_whatever_is_said() -> None:
    cuts = listening()
    for year in range(2_000, 2_200):
        cuts.hear(priced(1.0, T0 - DAY + year, meeting=f"{year}-03-19"))

    assert len(list(cuts.newest)) <= 48


def test_windows_are_bounded_whatever_years_are_told_of() -> None:
    cuts = listening()
    begin = T0 - 7 * DAY
    for year in range(2_000, 2_200):
        cuts.hear(priced(1.0, begin - 60 * NS_PER_S + year, meeting=f"{year}-03-19"))
        cuts.hear(priced(1.0, begin + year, meeting=f"{year}-03-19"))

    windows = cuts._windows  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it is what must not grow
    assert len(windows) <= 48
