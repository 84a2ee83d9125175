"""How many frames a second one processor takes, whoever sends them and whoever reads them together.

A flood is to leave the path the processor that it has, and take the other one whole: on two processors 5,000 frames a
second of each of eight books are more than that, since the sender runs on the same machine as the reader.
"""

import os
import threading
from pathlib import Path
from typing import Final

from signald.bench.path.orders import Helper
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock

_STAT: Final = Path("/proc/stat")
_WORKING: Final = (0, 1, 2, 5, 6)  # columns: user, nice, system, irq, softirq
_SECONDS: Final = 1.5
_PROBED: Final = 1_000.0  # frames a second and book


def frames_one_core_takes(flood: Helper, party: str) -> float | None:
    """Frames a second that cost one processor's whole time, by what a moderate flood costs; ``None``: not known here.

    ``party``'s books are flooded for a moment. What the machine does besides is measured before, and does not count.
    """
    before = _working_s()
    if before is None:
        return None
    idle_s = _watch()
    flood.do(name=party, rate=_PROBED, bursts=False)
    used_s = _watch()
    sent: int = flood.do(name=party, rate=0.0, bursts=False)["sent"]
    return sent / (used_s - idle_s) if sent and used_s > idle_s else None


def _watch() -> float:
    """Seconds of processor time that the machine works in one probe, scaled to exactly its length."""
    before, began = _working_s() or 0.0, LiveClock.monotonic()
    threading.Event().wait(_SECONDS)
    passed = (LiveClock.monotonic() - began) / NS_PER_S
    return ((_working_s() or 0.0) - before) * _SECONDS / passed


def _working_s() -> float | None:
    """Seconds that all processors have worked since the machine began; ``None`` where the system does not say."""
    try:
        columns = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    return sum(int(columns[one]) for one in _WORKING) / os.sysconf("SC_CLK_TCK")
