"""Moments at which releases are due."""

from signald.core.movers.moments import Moments
from signald.model.time import NS_PER_S
from tests.support.calendar import DAY, T0


def test_a_year_of_a_full_calendar_does_not_push_out_what_is_next() -> None:
    moments = Moments()
    for day in range(365):
        for hours in (0, 2):
            moments.expect(T0 + day * DAY + hours * 3_600 * NS_PER_S)

    assert T0 in moments
    assert not moments.is_quiet(T0 - NS_PER_S, T0 + NS_PER_S)


def test_what_is_longest_ago_is_forgotten() -> None:
    moments = Moments()
    for day in range(2_000):
        moments.expect(T0 + day * DAY)

    assert T0 not in moments
    assert T0 + 1_999 * DAY in moments
