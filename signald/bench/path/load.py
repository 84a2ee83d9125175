"""How many frames a second the machine takes beside the path: what a flood may take without being an overload.

A flood is to take the processor that the path leaves, and no more. On two processors 5,000 frames a second of each of
eight books are more than that, since their sender, the broker, Redis, publisher and consumer all run there too.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from signald.bench.path.orders import Helper
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock

_STAT: Final = Path("/proc/stat")
_WORKING: Final = (0, 1, 2, 5, 6)  # columns: user, nice, system, irq, softirq
_SECONDS: Final = 1.5
_PROBED: Final = 1_000.0  # frames a second and book
_SHARE: Final = 0.8  # of what the path leaves: beyond it queues grow by chance
_LEAST: Final = 0.25  # of a processor: a flood is one, however little is left


def frames_beside(flood: Helper, party: str, play: Callable[[], object]) -> float | None:
    """Frames a second for ``party``'s books that take, while ``play`` goes on, a quarter to the whole of one core.

    By what a moderate flood costs, sender and reader together; ``None``: not known here. What the machine does besides
    is measured before, and does not count.
    """
    if _working_s() is None:
        return None
    cores = len(os.sched_getaffinity(0))
    idle = _cores_taken(_wait)
    taken = max(_cores_taken(play) - idle, 0.0)
    flood.do(name=party, rate=_PROBED, bursts=False)
    began = LiveClock.monotonic()
    flooded = _cores_taken(_wait)
    sent: int = flood.do(name=party, rate=0.0, bursts=False)["sent"]
    a_second = sent / ((LiveClock.monotonic() - began) / NS_PER_S)
    if flooded <= idle or not sent:
        return None
    return a_second / (flooded - idle) * min(1.0, max(_LEAST, _SHARE * (cores - taken)))


def _cores_taken(play: Callable[[], object]) -> float:
    """How many processors work, on average, while ``play`` does."""
    before, began = _working_s() or 0.0, LiveClock.monotonic()
    play()
    return ((_working_s() or 0.0) - before) / ((LiveClock.monotonic() - began) / NS_PER_S)


def _wait() -> None:
    threading.Event().wait(_SECONDS)


def _working_s() -> float | None:
    """Seconds that all processors have worked since the machine began; ``None`` where the system does not say."""
    try:
        columns = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    return sum(int(columns[one]) for one in _WORKING) / os.sysconf("SC_CLK_TCK")
