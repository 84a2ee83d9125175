"""The time that a demo has, divided among its releases."""

import pytest

from signald.simulate.pace import AFTER_S, BEFORE_S, Pace


def test_without_a_duration_a_window_takes_its_full_time() -> None:
    pace = Pace(duration_s=None, windows=12, now_s=0.0)

    assert pace.next_window(1.0) == (BEFORE_S, AFTER_S)


def test_a_duration_is_shared_among_the_windows_less_the_jumps() -> None:
    pace = Pace(duration_s=20.0, windows=4, now_s=100.0)
    now_s = 100.0

    for _ in range(4):
        now_s += 0.5
        pace.jumped(0.5)
        now_s += sum(pace.next_window(now_s))
        now_s += 0.5
        pace.jumped(0.5)

    assert now_s == pytest.approx(120.0)


def test_a_window_is_never_shorter_than_a_figure_needs() -> None:
    pace = Pace(duration_s=1.0, windows=12, now_s=0.0)

    before_s, after_s = pace.next_window(5.0)

    assert before_s + after_s == pytest.approx(0.2)
