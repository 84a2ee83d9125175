"""Points at which a process is made to die: they strike where and when they were sent, and else not at all."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from signald.errors import ConfigError
from signald.runtime import faults

PROGRAM = """
import os
from signald.runtime import faults
faults.arm(os.environ)
for word in ("intake.stamped", "intake.flushed", "intake.stamped"):
    print(word, flush=True)
    faults.reach(word)
print("alive", flush=True)
"""


@pytest.fixture(autouse=True)
def _disarm() -> Iterator[None]:
    yield
    faults.arm({})


def run(order: str) -> tuple[int, list[str]]:
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", PROGRAM], env={faults.VARIABLE: order}, stdout=subprocess.PIPE, check=False
    )
    return done.returncode, done.stdout.decode().split()


def test_the_process_dies_at_the_pass_it_was_told() -> None:
    first, third = run("intake.stamped"), run("intake.stamped:2")

    assert first == (-signal.SIGKILL, ["intake.stamped"])
    assert third == (-signal.SIGKILL, ["intake.stamped", "intake.flushed", "intake.stamped"])


def test_a_slow_point_holds_the_process_up_for_a_while_and_lets_it_live(monkeypatch: pytest.MonkeyPatch) -> None:
    held_up: list[float] = []
    monkeypatch.setattr("time.sleep", held_up.append)
    faults.arm({faults.VARIABLE: "sync.due:2:slow"})

    counts: list[int] = []
    for point in ("sync.due", "sync.done", *["sync.due"] * 100):
        faults.reach(point)
        counts.append(len(held_up))

    assert counts[:4] == [0, 0, 1, 2]
    assert counts[-1] == 20


def test_nothing_happens_unless_a_point_is_named() -> None:
    code, words = run("")

    assert (code, words[-1]) == (0, "alive")


@pytest.mark.parametrize("order", ["intake.flush", "intake.flushed:0", "intake.flushed:x", "intake.flushed:1:hang"])
def test_an_order_that_is_none_is_refused_by_name(order: str) -> None:
    with pytest.raises(ConfigError, match=r"SIGNALD_FAULT_POINT.*intake\.flushed"):
        faults.arm({faults.VARIABLE: order})


def test_points_are_free_while_none_is_armed() -> None:
    faults.arm({})

    for point in faults.POINTS:
        faults.reach(point)
