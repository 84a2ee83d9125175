import pytest

from signald.model.time import NS_PER_S
from signald.transports.allowance import DEFAULT_BAN_S, Allowance
from tests.support.clocks import HandClock


def test_attempts_of_all_connections_count_together() -> None:
    clock = HandClock(0)
    allowance = Allowance(clock, attempts_per_minute=2)

    allowance.attempt()
    clock.ts = 20 * NS_PER_S
    waits = [allowance.attempt_wait_s()]
    allowance.attempt()
    waits.append(allowance.attempt_wait_s())

    assert waits == [0.0, 40.0]


@pytest.mark.parametrize(("asked_s", "obeyed_s"), [(7.0, 7.0), (0.0, DEFAULT_BAN_S)])
def test_a_ban_lasts_as_long_as_the_venue_says(asked_s: float, obeyed_s: float) -> None:
    clock = HandClock(0)
    allowance = Allowance(clock)

    said = allowance.ban(asked_s)

    assert said == allowance.ban_left_s() == allowance.attempt_wait_s() == obeyed_s
    clock.ts = round(obeyed_s * NS_PER_S)
    assert allowance.ban_left_s() == allowance.attempt_wait_s() == 0.0


def test_a_shorter_ban_does_not_end_a_longer_one() -> None:
    allowance = Allowance(HandClock(0))

    allowance.ban(60.0)
    allowance.ban(1.0)

    assert allowance.ban_left_s() == 60.0
