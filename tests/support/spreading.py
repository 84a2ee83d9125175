"""Work for workers of any process."""

import os
from pathlib import Path

from signald.errors import ConfigError


def square(task: int, common: int) -> int:
    """A task's square and what all share; refuses negative ones."""
    if task < 0:
        where, problem = "task", f"{task} is negative"
        raise ConfigError(where, problem)
    return task * task + common


def die_once(task: int, marker: Path) -> tuple[int, int]:
    """The square and the process; the first to come to task 3 kills its process on the spot."""
    if task == 3 and not marker.exists():
        marker.touch()
        os._exit(9)
    return task * task, os.getpid()


def die(task: int, common: int) -> int:
    """Kill the process."""
    os._exit(task + common)
