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
