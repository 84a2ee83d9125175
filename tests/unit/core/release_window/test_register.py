"""Releases are found by id and by moment, and no flood of them fills the memory."""

import pytest

from signald.core.release_window import Register
from signald.core.release_window import register as register_module
from signald.model.macro import ReleaseKind
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, INDICATORS, T0, figure


def test_a_release_is_made_once_and_found_again() -> None:
    register = Register(INDICATORS)

    made, forgotten = register.open(CPI_JANUARY)

    assert register.open(CPI_JANUARY) == (made, None)
    assert (made.indicator.id, made.state, forgotten) == ("us.cpi.yoy", "unscheduled", None)


def test_releases_of_one_moment_are_siblings_by_id_whoever_came_first() -> None:
    register = Register(INDICATORS)
    for release_id in (CPI_JANUARY, CORE_CPI_JANUARY):
        register.move(register.open(release_id)[0], T0)

    assert [one.release_id for one in register.bundles[T0].siblings] == [CORE_CPI_JANUARY, CPI_JANUARY]


def test_a_release_that_moves_leaves_its_siblings_and_an_empty_bundle_goes() -> None:
    register = Register(INDICATORS)
    window, _ = register.open(CPI_JANUARY)
    register.move(window, T0)

    register.move(window, T0 + 1)
    assert sorted(register.bundles) == [T0 + 1]
    register.move(window, None)

    assert register.bundles == {}
    assert window.ts_scheduled is None


def test_a_bundle_is_partial_while_some_are_out_and_others_awaited() -> None:
    register = Register(INDICATORS)
    cpi, core = (register.open(one)[0] for one in (CPI_JANUARY, CORE_CPI_JANUARY))
    for window in (cpi, core):
        register.move(window, T0)
        window.state = "armed"
    bundle = register.bundles[T0]

    assert not bundle.is_partial
    cpi.accept(figure(), ReleaseKind.FIRST, ())
    assert (bundle.is_partial, bundle.out, bundle.awaited, bundle.absent) == (True, [cpi], [core], [core])
    core.state = "missed"
    assert (bundle.is_partial, bundle.awaited, bundle.absent) == (False, [], [core])


def test_when_there_are_too_many_the_closed_ones_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "MAX_WINDOWS", 3)
    register = Register(INDICATORS)
    periods = [f"us.cpi.yoy:20{number}" for number in range(20, 25)]
    for release_id in periods[:3]:
        register.move(register.open(release_id)[0], T0)
    register.close(register.windows[periods[1]])

    assert register.open(periods[3])[1] == periods[1]
    register.move(register.windows[periods[3]], T0)
    assert register.open(periods[4])[1] == periods[0]
    assert sorted(register.windows) == [periods[2], periods[3], periods[4]]


def test_of_closed_ones_only_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "MAX_CLOSED", 2)
    register = Register(INDICATORS)
    periods = [f"us.cpi.yoy:20{number}" for number in range(20, 26)]

    for release_id in periods:
        window, _ = register.open(release_id)
        register.move(window, T0)
        register.close(window)

    assert sorted(register.windows) == periods[-3:]


def test_an_old_schedule_that_is_read_anew_does_not_cost_a_release_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "MAX_CLOSED", 2)
    register = Register(INDICATORS)
    today, *old = [f"us.cpi.yoy:20{number}" for number in range(20, 26)]

    for number, release_id in enumerate((today, *old)):
        window, _ = register.open(release_id)
        register.move(window, T0 if release_id == today else T0 - 1_000 + number)
        register.close(window)

    assert today in register.windows


def test_a_release_that_is_scheduled_anew_is_not_closed_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_module, "MAX_WINDOWS", 2)
    register = Register(INDICATORS)
    first, second, third = (f"us.cpi.yoy:20{number}" for number in (20, 21, 22))
    for release_id in (first, second):
        window = register.open(release_id)[0]
        register.move(window, T0)
        register.close(window)
    register.move(register.windows[first], T0 + 1)

    assert register.open(third)[1] == second
