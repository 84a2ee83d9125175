"""What the system grants is granted, and what it refuses is said."""

import os
import subprocess
import sys

import pytest

from signald.errors import ConfigError
from signald.runtime.privileges import give_precedence, lock_memory, pin_to, take_precedence, take_short_turns


def in_a_process_of_its_own(code: str) -> str:
    """What a program prints: none of this can be taken back in ours."""
    program = "import os\nfrom signald.errors import ConfigError\nfrom signald.runtime.privileges import *\n" + code
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return done.stdout.strip()


def test_a_process_runs_where_it_is_told_to() -> None:
    cpu = min(os.sched_getaffinity(0))

    said = in_a_process_of_its_own(f"pin_to([{cpu}], key='live.cpus')\nprint(os.sched_getaffinity(0))")

    assert said == f"{{{cpu}}}"


def test_a_processor_that_is_not_there_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"live\.cpus: \[4711\]"):
        pin_to([4711], key="live.cpus")


def test_short_turns_leave_policy_and_niceness_as_they_were() -> None:
    before = os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)

    said = in_a_process_of_its_own(
        "took = take_short_turns(100)\nprint(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), took)"
    )

    assert said in {f"{before[0]} {before[1]} {took}" for took in (True, False)}


def test_short_turns_leave_a_policy_alone_that_somebody_else_gave() -> None:
    said = in_a_process_of_its_own(
        "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))\n"
        "print(take_short_turns(100), os.sched_getscheduler(0) == os.SCHED_BATCH)"
    )

    assert said == "False True"


def test_precedence_is_taken_or_refused_with_a_reason() -> None:
    said = in_a_process_of_its_own(
        "try:\n    take_precedence(10, key='live.realtime_priority')\n"
        "except ConfigError as error:\n    print(error.where)\n"
        "else:\n    print(os.sched_getscheduler(0) == os.SCHED_FIFO)"
    )

    assert said in {"True", "live.realtime_priority"}


def test_memory_is_locked_or_that_is_refused_with_a_reason() -> None:
    said = in_a_process_of_its_own(
        "try:\n    lock_memory(wanted=True, key='live.lock_memory')\n"
        "except ConfigError as error:\n    print(error.where)\n"
        "else:\n    print('VmLck' in open('/proc/self/status').read())"
    )

    assert said in {"True", "live.lock_memory"}


def test_nothing_is_asked_for_by_default() -> None:
    before = os.sched_getaffinity(0), os.sched_getscheduler(0)

    pin_to((), key="live.cpus")
    give_precedence(0)
    assert not take_short_turns(0)
    take_precedence(0, key="live.realtime_priority")
    lock_memory(wanted=False, key="live.lock_memory")

    assert (os.sched_getaffinity(0), os.sched_getscheduler(0)) == before


def test_who_gives_precedence_has_less_weight_and_interrupts_nobody() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)

    said = in_a_process_of_its_own(
        "give_precedence(10)\nprint(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0) == os.SCHED_BATCH)"
    )

    assert said == f"{min(before + 10, 19)} True"
