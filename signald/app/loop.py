"""The event loop that daemons run in, and what of the machine they run on."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from uvloop import new_event_loop

from signald.config import LiveConfig
from signald.runtime.privileges import lock_memory, pin_to, take_precedence, take_short_turns

_TURN_S: Final = 0.0002

T = TypeVar("T")


def run_in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` in a loop of its own; what it returns. Other threads have short turns: a release waits for one."""
    sys.setswitchinterval(_TURN_S)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def take_privileges(live: LiveConfig) -> None:
    """Ask for what this process, which handles releases, is to have of the machine; raises ``ConfigError``."""
    pin_to(live.cpus, key="live.cpus")
    take_short_turns(live.turn_us)
    take_precedence(live.realtime_priority, key="live.realtime_priority")
    lock_memory(wanted=live.lock_memory, key="live.lock_memory")
