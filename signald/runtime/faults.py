"""Named points on the path at which a test has the process die or wait: the fault strikes exactly where it was sent.

Nothing happens unless the environment names a point: ``SIGNALD_FAULT_POINT=intake.flushed`` kills the process
(SIGKILL) when it first gets there, ``intake.flushed:3`` the third time, ``intake.flushed:3:stop`` stops it (SIGSTOP)
instead, ``intake.flushed:3:slow`` holds it up there from the third time on, as a slow disk would. Otherwise passing a
point costs one call and one comparison; frames of books pass none.
"""

import os
import signal
import time
from collections.abc import Mapping
from typing import Final

from signald.errors import ConfigError

VARIABLE: Final = "SIGNALD_FAULT_POINT"

POINTS: Final = (
    "intake.stamped",  # an arrival has its time, and is nowhere yet
    "intake.appended",  # it is in the journal's memory
    "intake.fed",  # what follows from it is known, and is nowhere yet
    "intake.recorded",  # a document of it is in the journal's memory
    "intake.flushed",  # all of it is with the operating system; nothing was sent
    "intake.published",  # its documents are on their way to Redis
    "publisher.sent",  # one document was handed to the socket
    "publisher.replied",  # Redis answered; nothing was noted of it
    "publisher.connected",  # a new connection knows the function; nothing was asked or sent
    "publisher.asked",  # what the server lacks is known; nothing was sent
    "recovery.fed",  # the run before was read; this one is not in the journal
    "recovery.begun",  # this run is in the journal; nothing is connected
    "sync.due",  # the journal is about to be brought to the disk
    "sync.done",  # it was
)
"""Every point, in the order in which an arrival passes them."""

_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_SLOW: Final = "slow"
_SLOW_S: Final = 0.25
_SLOW_PASSES: Final = 20  # then the disk is fast again


class _Armed:
    """The point at which this process is to die or to be held up, and how many passes are left until then."""

    def __init__(self, point: str, passes: int, number: signal.Signals | None) -> None:
        self._point = point
        self._passes = passes
        self._number = number

    def reach(self, point: str) -> None:
        if point != self._point:
            return
        self._passes -= 1
        if self._number is None:
            if -_SLOW_PASSES < self._passes <= 0:
                time.sleep(_SLOW_S)
        elif self._passes == 0:
            os.kill(os.getpid(), self._number)


_armed: _Armed | None = None


def arm(environ: Mapping[str, str]) -> None:
    """Take the point from the environment, for the rest of this process's life; none named: none armed.

    Raises:
        ConfigError: There is no such point, or the count is none.
    """
    global _armed  # noqa: PLW0603 - one process dies once
    order = environ.get(VARIABLE, "")
    if not order:
        _armed = None
        return
    point, _, rest = order.partition(":")
    count, _, how = rest.partition(":")
    passes = int(count) if count.isdecimal() else 0 if count else 1
    if point not in POINTS or passes < 1 or (how or "kill") not in {*_SIGNALS, _SLOW}:
        problem = f"{order!r} is not POINT[:COUNT[:kill|stop|slow]], POINT being one of {', '.join(POINTS)}"
        raise ConfigError(VARIABLE, problem)
    _armed = _Armed(point, passes, _SIGNALS.get(how or "kill"))


def reach(point: str) -> None:
    """Pass a point of :data:`POINTS`; the process ends here if it was told so."""
    if _armed is not None:
        _armed.reach(point)
