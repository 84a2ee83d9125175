"""Delays grow to a cap, are drawn over their whole range, and a budget bounds the attempts."""

import pytest

from signald.runtime.backoff import AttemptBudget, Backoff


def test_the_ceiling_doubles_with_each_failure_up_to_the_cap() -> None:
    backoff = Backoff(first_s=0.5, cap_s=3.0, draw=lambda: 1.0)

    delays = [backoff.next_delay_s() for _ in range(5)]

    assert delays == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_is_full_down_to_zero() -> None:
    backoff = Backoff(first_s=0.5, cap_s=3.0, draw=lambda: 0.0)

    assert backoff.next_delay_s() == 0.0


def test_success_starts_over() -> None:
    backoff = Backoff(first_s=0.5, cap_s=30.0, draw=lambda: 1.0)
    for _ in range(4):
        backoff.next_delay_s()

    backoff.reset()

    assert backoff.failures == 0
    assert backoff.next_delay_s() == 0.5


def test_a_connection_that_is_dropped_at_once_is_no_success() -> None:
    backoff = Backoff(first_s=0.5, cap_s=30.0, settled_s=5.0, draw=lambda: 1.0)
    backoff.next_delay_s()

    backoff.note_lifetime(4.9)
    assert backoff.failures == 1

    backoff.note_lifetime(5.0)
    assert backoff.failures == 0


def test_a_server_that_stays_away_for_years_overflows_nothing() -> None:
    backoff = Backoff(first_s=1.0, cap_s=30.0, draw=lambda: 1.0)
    backoff.failures = 10_000

    assert backoff.next_delay_s() == 30.0


@pytest.mark.parametrize(("first_s", "cap_s"), [(0.0, 1.0), (2.0, 1.0)])
def test_delays_that_make_no_sense_are_refused(first_s: float, cap_s: float) -> None:
    with pytest.raises(ValueError, match="first_s must be above 0"):
        Backoff(first_s=first_s, cap_s=cap_s)


def test_a_spent_budget_waits_until_the_first_attempt_is_old_enough() -> None:
    budget = AttemptBudget(attempts=2, per_s=10.0)
    budget.take(0)
    budget.take(4_000_000_000)

    waits = [budget.wait_s(now) for now in (4_000_000_000, 9_000_000_000, 10_000_000_000)]

    assert waits == [6.0, 1.0, 0.0]


def test_a_budget_with_something_left_does_not_wait() -> None:
    budget = AttemptBudget(attempts=2, per_s=10.0)
    budget.take(0)

    assert budget.wait_s(0) == 0.0
