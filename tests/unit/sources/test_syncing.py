import pytest

from signald.sources.syncing import Budget, KeptFrames, Patience, Strikes

SECOND = 1_000_000_000
START = 1_723_161_255 * SECOND


def test_kept_frames_come_back_in_order_and_once() -> None:
    kept = KeptFrames()
    kept.keep(b"first", START)
    kept.keep(b"second", START + 1)

    assert [(frame, ts) for frame, ts in kept.take()] == [(b"first", START), (b"second", START + 1)]
    assert kept.take() == []


def test_no_more_than_so_many_frames_are_kept() -> None:
    kept = KeptFrames()

    for number in range(10_000):
        kept.keep(str(number).encode(), START)

    taken = kept.take()
    assert len(taken) == 4_096
    assert taken[-1].frame == b"9999"
    assert taken[0].frame == b"5904"


def test_no_more_than_so_many_bytes_are_kept() -> None:
    kept = KeptFrames()

    for number in range(40):
        kept.keep(bytes([number]) * (1 << 20), START)

    assert len(kept) == 16
    assert kept.take()[0].frame[0] == 24


def test_asking_again_waits_twice_as_long_each_time_up_to_a_minute() -> None:
    patience = Patience()
    now = START
    waits: list[float] = []
    for _ in range(9):
        granted = patience.pause(now)
        waits.append((granted - now) / SECOND)
        now = granted

    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_after_a_quiet_minute_asking_is_free_again() -> None:
    patience = Patience()
    patience.pause(START)
    patience.pause(START + SECOND)

    assert patience.pause(START + 63 * SECOND) == START + 63 * SECOND


@pytest.mark.parametrize("per_minute", [2, 20, 60])
def test_a_budget_spends_half_at_once_and_the_rest_evenly(per_minute: int) -> None:
    budget = Budget(per_minute)

    granted = [budget.spend(START) for _ in range(3 * per_minute)]

    assert granted[: per_minute // 2] == [START] * (per_minute // 2)
    assert granted[per_minute // 2] > START
    assert granted == sorted(granted)
    within = [sum(1 for one in granted if start <= one < start + 60 * SECOND) for start in granted]
    assert max(within) <= per_minute + per_minute // 2


def test_a_budget_recovers() -> None:
    budget = Budget(2)
    budget.spend(START)
    assert budget.spend(START) > START

    assert budget.spend(START + 600 * SECOND) == START + 600 * SECOND


def test_too_many_within_a_minute_is_a_strike() -> None:
    strikes = Strikes(3)

    assert [strikes.strike(START + n * SECOND) for n in range(5)] == [False, False, False, True, False]


def test_as_many_in_more_than_a_minute_is_none() -> None:
    strikes = Strikes(3)

    assert not any(strikes.strike(START + n * 21 * SECOND) for n in range(50))
