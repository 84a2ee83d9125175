"""What a process may ask the system for so that it is not kept waiting: a processor, precedence, memory that stays.

Each is asked for by a key of its own and refused loudly: who asks for it counts on it.
"""

import ctypes
import os
from collections.abc import Collection
from typing import Final

from signald.errors import ConfigError

_NICENESS: Final = 10
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


def give_precedence() -> None:
    """Let whatever else wants the processor come first: a low weight, and where there is one (Linux) the batch policy.

    A thread of that policy does not interrupt another one when it is woken; it waits for its turn.
    """
    os.nice(_NICENESS)
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
