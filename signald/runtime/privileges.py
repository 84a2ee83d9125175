"""What a process may ask the system for so that it is not kept waiting: a processor, precedence, memory that stays.

Each is asked for by a key of its own and refused loudly: who asks for it counts on it. Short turns, and to give
precedence to others, are nobody's to refuse.
"""

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Collection
from typing import Final

from signald.errors import ConfigError
from signald.model.time import NS_PER_US

_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
"""The number of the system call, which no library of C has a name for everywhere."""
_SCHED_ATTR: Final = struct.Struct("IIQiIQQQ")  # size, policy, flags, nice, priority, runtime, deadline, period
_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2


def pin_to(cpus: Collection[int], *, key: str) -> None:
    """Run this thread, and those it starts, on these processors only; none: on any.

    Raises:
        ConfigError: One of them is not there, or not ours.
    """
    if not cpus:
        return
    try:
        os.sched_setaffinity(0, cpus)
    except (OSError, AttributeError) as failure:
        raise ConfigError(key, f"{sorted(cpus)}: {failure}") from failure
    if os.sched_getaffinity(0) != set(cpus):
        raise ConfigError(key, f"{sorted(cpus)}: only {sorted(os.sched_getaffinity(0))} are ours")


def take_short_turns(turn_us: int) -> bool:
    """Let this thread, and those it starts, work in turns so short; whether the system has them; 0: in its usual ones.

    An ordinary thread that wakes up comes before one that works if its turn is the shorter one; else it may wait for
    the other's to end, which is milliseconds. Its share of the processor is what it was. It needs no privilege. A
    thread of another policy, which whoever started us may have given it, keeps that.

    Source: sched_setattr(2) of ordinary threads, Linux 6.12 and later (kernel/sched/syscalls.c).
    """
    number = _SCHED_SETATTR.get(platform.machine())
    if not turn_us or number is None or sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = _SCHED_ATTR.pack(_SCHED_ATTR.size, os.SCHED_OTHER, 0, nice, 0, turn_us * NS_PER_US, 0, 0)
    return ctypes.CDLL(None).syscall(number, 0, wanted, 0) == 0


def take_precedence(priority: int, *, key: str) -> None:
    """Run this thread, and those it starts, before all ordinary ones (SCHED_FIFO); 0: as an ordinary one.

    Raises:
        ConfigError: That is not allowed: it takes CAP_SYS_NICE or LimitRTPRIO.
    """
    if not priority:
        return
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as failure:
        raise ConfigError(key, f"{priority}: {failure}") from failure


def give_precedence(niceness: int) -> None:
    """Let whatever else wants the processor come first: a low weight, and where there is one (Linux) the batch policy.

    A thread of that policy does not interrupt another one when it is woken; it waits for its turn. Of two that want one
    processor, who is 5 nicer gets a quarter of it (sched(7), "The nice value"). It needs no privilege, and without one
    there is no way back. 0: all stays as it is.
    """
    if not niceness:
        return
    with contextlib.suppress(OSError):  # a sandbox may know neither: it goes on as it is
        os.nice(niceness)
        if hasattr(os, "SCHED_BATCH"):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def lock_memory(*, wanted: bool, key: str) -> None:
    """Keep every page of this process in memory, also those to come.

    Raises:
        ConfigError: That is not allowed: it takes CAP_IPC_LOCK or LimitMEMLOCK.
    """
    if not wanted:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE):
        raise ConfigError(key, os.strerror(ctypes.get_errno()))
