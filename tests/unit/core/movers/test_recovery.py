"""The liquidity clock's memory."""

import numpy as np
import pytest

from signald.core.movers.recovery import KEPT, Recoveries, conformal


@pytest.mark.parametrize(
    ("count", "level", "rank"), [(9, 0.9, 9), (19, 0.9, 18), (20, 0.9, 19), (3, 0.5, 2), (1, 0.5, 1)]
)
def test_the_bound_is_the_kth_smallest(count: int, level: float, rank: int) -> None:
    assert conformal([float(one) for one in range(1, count + 1)], level) == float(rank)


def test_with_fewer_than_nine_there_is_no_bound() -> None:
    assert conformal([1.0] * 8) is None
    assert conformal([]) is None


def test_the_next_of_exchangeable_numbers_is_beyond_one_in_ten_times_at_most() -> None:
    random = np.random.default_rng(11)
    drawn = random.standard_t(3, size=(4_000, 21))

    beyond = [abs(one[-1]) > (conformal(np.abs(one[:-1]).tolist()) or 0.0) for one in drawn]

    assert np.mean(beyond) == pytest.approx(1.0 - 19.0 / 21.0, abs=0.02)


def test_what_is_expected_is_the_median_and_who_was_not_back_counts_as_late() -> None:
    clock = Recoveries()
    for seconds in (10.0, 30.0, None, 20.0, 40.0):
        clock.note("BTC", seconds)

    assert clock.expected_s("BTC") == 30.0
    assert clock.bound_s("BTC") is None
    assert clock.expected_s("ETH") is None


def test_of_books_that_mostly_stay_away_nothing_is_expected() -> None:
    clock = Recoveries()
    for seconds in (10.0, None, None, None):
        clock.note("BTC", seconds)

    assert clock.expected_s("BTC") is None


def test_what_was_remembered_is_known_to_a_later_run_and_bounded() -> None:
    clock, later = Recoveries(), Recoveries()
    for seconds in range(KEPT + 10):
        clock.note("BTC", float(seconds))
    clock.note("BTC", None)

    later.recall(clock.memory())
    later.recall({"BTC": (1.0,)})

    assert later.memory() == clock.memory()
    assert len(later.memory()["BTC"]) == KEPT
    assert later.bound_s("BTC") == clock.bound_s("BTC")
