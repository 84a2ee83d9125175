"""The event loop that daemons run in."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from uvloop import new_event_loop

T = TypeVar("T")


def run_in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` in a loop of its own; what it returns."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
