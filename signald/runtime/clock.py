"""The machine's time: the only module that reads it.

Wall time is what documents and journals carry; latencies come from the monotonic clock, which no step of the wall
clock and no shift of a :class:`SharedClock` moves.
"""

import mmap
import os
import sys
import time
from pathlib import Path
from typing import Protocol

from signald.model.time import Nanos

_OFFSET_BYTES = 8


class Clock(Protocol):
    """What the shell asks for the time."""

    def now(self) -> Nanos:
        """Wall time, nanoseconds since the Unix epoch."""
        ...

    def monotonic(self) -> Nanos:
        """Nanoseconds since some moment; the same moment for every process of this machine until it reboots."""
        ...


class LiveClock:
    """The machine's own time."""

    __slots__ = ()

    now = staticmethod(time.time_ns)
    monotonic = staticmethod(time.monotonic_ns)


def thread_cpu_ns() -> Nanos:
    """How long this thread has been on a processor."""
    return time.thread_time_ns()


class ThreadWaits:
    """How long one thread has stood ready and waited for a processor, as Linux counts it.

    Source: Documentation/scheduler/sched-stats.rst of the kernel, ``/proc/<pid>/schedstat``, second field.
    """

    def __init__(self) -> None:
        """Look at the thread that calls; where the system does not say, it never waited."""
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = -1

    def read(self) -> Nanos:
        """So long up to now."""
        return int(os.pread(self._file, 64, 0).split()[1]) if self._file >= 0 else 0

    def close(self) -> None:
        """Look no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class SharedClock:
    """The machine's wall time plus an offset that several processes share through a file.

    The file holds one signed 64-bit integer of nanoseconds in native order. Whoever moves it moves the wall time of
    every process that has it open; the monotonic clock stays the machine's.
    """

    __slots__ = ("_map", "_offset")

    monotonic = staticmethod(time.monotonic_ns)

    def __init__(self, path: Path) -> None:
        """Open ``path``, which :meth:`create` made.

        Raises:
            OSError: There is no such file.
            ValueError: It does not hold one 64-bit integer.
        """
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        if len(self._map) != _OFFSET_BYTES:
            self._map.close()
            msg = f"{path} is not a clock file: it must hold {_OFFSET_BYTES} bytes"
            raise ValueError(msg)
        self._offset = memoryview(self._map).cast("q")

    @classmethod
    def create(cls, path: Path, *, offset_ns: Nanos = 0) -> "SharedClock":
        """Make the file anew with ``offset_ns`` and open it."""
        path.write_bytes(offset_ns.to_bytes(_OFFSET_BYTES, byteorder=sys.byteorder, signed=True))
        return cls(path)

    def now(self) -> Nanos:
        """Wall time of the machine plus the offset, nanoseconds since the Unix epoch."""
        return time.time_ns() + self._offset[0]

    @property
    def offset_ns(self) -> Nanos:
        """What is added to the machine's wall time."""
        return self._offset[0]

    def set_now(self, ts: Nanos) -> None:
        """Shift the offset so that :meth:`now` is ``ts`` at this moment, for every process that shares the file."""
        self._offset[0] = ts - time.time_ns()

    def close(self) -> None:
        """Let go of the file; the clock cannot be read afterwards."""
        self._offset.release()
        self._map.close()
