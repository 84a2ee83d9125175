"""Waiting for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

_POLL_S = 0.005


class NotInTimeError(AssertionError):
    """What was waited for did not come: it is missing, or the machine is too busy."""


def eventually(look: Callable[[], Seen], *, within_s: float = 8.0) -> Seen:
    """The first true thing that ``look`` returns; fails the test when there was none in time."""
    for _ in range(int(within_s / _POLL_S)):
        if seen := look():
            return seen
        time.sleep(_POLL_S)
    msg = f"not so within {within_s} s: {look}"
    raise NotInTimeError(msg)
