"""The switch watches beside the loop: file and signal stop, and only a release lets go."""

import os
from pathlib import Path

from signald.live.switch import HALT_SIGNAL, Halted, HaltSwitch
from tests.support.waiting import eventually


def test_file_stops_at_once_and_says_who_and_why(tmp_path: Path) -> None:
    told: list[Halted] = []

    with HaltSwitch(tmp_path / "halt", on_halt=told.append) as switch:
        before = switch.is_halted
        (tmp_path / "halt").write_text("ops\nvenue in trouble\n", encoding="utf-8")
        eventually(lambda: told)

        assert (before, switch.is_halted) == (False, True)
    assert told == [Halted("ops", "venue in trouble")]


def test_empty_file_stops_too(tmp_path: Path) -> None:
    told: list[Halted] = []

    with HaltSwitch(tmp_path / "halt", on_halt=told.append):
        (tmp_path / "halt").touch()
        eventually(lambda: told)

    assert told[0].by == "file"


def test_signal_stops_and_leaves_a_file_for_the_next_run(tmp_path: Path) -> None:
    told: list[Halted] = []

    with HaltSwitch(tmp_path / "var" / "halt", on_halt=told.append):
        os.kill(os.getpid(), HALT_SIGNAL)
        eventually(lambda: told)

    assert told[0].by == "signal"
    assert HaltSwitch(tmp_path / "var" / "halt", on_halt=told.append).is_halted


def test_file_made_between_building_and_entering_stops_from_the_first_moment_on(tmp_path: Path) -> None:
    switch = HaltSwitch(tmp_path / "halt", on_halt=lambda _: None)
    before = switch.is_halted
    (tmp_path / "halt").touch()

    with switch:
        assert (before, switch.is_halted) == (False, True)


def test_release_removes_the_file_and_says_when_it_is_gone(tmp_path: Path) -> None:
    released: list[bool] = []
    path = tmp_path / "halt"
    switch = HaltSwitch(path, on_halt=lambda _: None, on_released=lambda: released.append(path.exists()))

    with switch:
        switch.close(Halted("ops", "because"))
        stopped = switch.is_halted
        eventually(path.exists)
        switch.release()
        eventually(lambda: released)

        assert (stopped, switch.is_halted) == (True, False)
    assert released == [False]


def test_closing_it_tells_nobody(tmp_path: Path) -> None:
    told: list[Halted] = []

    with HaltSwitch(tmp_path / "halt", on_halt=told.append) as switch:
        switch.close(Halted("ops", "because"))
        eventually((tmp_path / "halt").exists)
        switch.release()
        eventually(lambda: not switch.is_halted)

    assert told == []


def test_stop_behind_a_release_leaves_no_moment_in_which_anything_may_go(tmp_path: Path) -> None:
    may_go: list[bool] = []
    path = tmp_path / "halt"
    path.touch()
    switch = HaltSwitch(path, on_halt=lambda _: None, on_released=lambda: may_go.append(not switch.is_halted))
    switch.release()
    switch.close(Halted("ops", "on second thought"))

    with switch:
        eventually(lambda: may_go)
        eventually(path.exists)

        assert (may_go, switch.is_halted) == ([False], True)
    assert path.read_text(encoding="utf-8").startswith("ops\n")


def test_file_that_cannot_be_made_halts_all_the_same_and_is_made_when_it_can(tmp_path: Path) -> None:
    told: list[Halted] = []
    in_the_way = tmp_path / "var"
    in_the_way.touch()

    with HaltSwitch(in_the_way / "halt", on_halt=told.append) as switch:
        os.kill(os.getpid(), HALT_SIGNAL)
        eventually(lambda: told)
        in_the_way.unlink()
        eventually((in_the_way / "halt").exists)

        assert switch.is_halted
    assert [halted.by for halted in told] == ["signal"]


def test_file_that_cannot_be_removed_goes_on_halting_until_it_can(tmp_path: Path) -> None:
    path = tmp_path / "halt"
    path.mkdir()  # which no unlinking removes

    with HaltSwitch(path, on_halt=lambda _: None) as switch:
        switch.release()
        switch.close(Halted("ops", "because"))
        switch.release()
        eventually(lambda: switch.is_halted)
        path.rmdir()
        eventually(lambda: not switch.is_halted)
