"""A switch that works whatever the event loop is doing: a file, a POSIX signal, and a thread that looks at both.

The publisher asks :attr:`HaltSwitch.is_halted` right before each signal it sends. The file stays until somebody
resumes, so a halt survives restarts and crashes.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple, Self

import structlog

HALT_SIGNAL: Final = signal.SIGUSR1

_POLL_S: Final = 0.02
_LONGEST_REASON: Final = 1_000

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Halted(NamedTuple):
    """Who stopped it, and why."""

    by: str
    reason: str


BY_SIGNAL: Final = Halted("signal", f"{HALT_SIGNAL.name} was sent")


class HaltSwitch:
    """Used as ``with``, by the main thread: inside, a thread watches the file."""

    def __init__(
        self, path: Path, *, on_halt: Callable[[Halted], None], on_released: Callable[[], None] | None = None
    ) -> None:
        """Take the file's place, and who is told, by the watching thread, of a halt that file or signal made."""
        self._path = path
        self._on_halt = on_halt
        self._on_released = on_released
        self._orders: SimpleQueue[Halted | None] = SimpleQueue()  # None: release; it may be filled by a signal handler
        self._unfollowed: list[Halted | None] = []  # the newest order, until the file is as it wants it
        self._problem = ""
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="halt-switch", daemon=True)
        self._is_shut = path.exists()
        self._is_told = False

    @property
    def is_halted(self) -> bool:
        """Whether nothing may be sent; read it from any thread. An order that waits to be followed halts, too."""
        return self._is_shut or not self._orders.empty()

    def close(self, halted: Halted) -> None:
        """Stop at once, and write the file; nobody is told."""
        self._is_shut = self._is_told = True
        self._orders.put(halted)

    def release(self) -> None:
        """Let the file go and send again, as soon as it is gone."""
        self._orders.put(None)

    def __enter__(self) -> Self:
        self._handled_before = signal.signal(HALT_SIGNAL, self._on_signal)
        if self._path.exists():  # somebody may have made it since, and nothing may go out before the thread looks
            self._is_shut = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(HALT_SIGNAL, self._handled_before)
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(_POLL_S):
            self._look()

    def _on_signal(self, *_: object) -> None:
        """Runs before the interrupted code goes on, so before anything more is sent, whatever that code does."""
        self._is_shut = True
        self._orders.put(BY_SIGNAL)

    def _look(self) -> None:
        while not self._orders.empty():
            self._is_shut = True  # an order to stop that came behind one to release must not find us open
            self._unfollowed = [self._orders.get()]
            self._follow()
        try:
            if self._unfollowed:
                self._follow()
            is_made = not self._is_told and self._path.exists()
        except OSError as error:
            self._note(str(error))
            return
        if is_made:
            self._is_shut = True
            self._tell(self._read())

    def _follow(self) -> None:
        """Make the file, or let it go; where the disk does not let us we are halted, and try again."""
        [order] = self._unfollowed
        if order is not None and order is not BY_SIGNAL:
            self._is_told = True
        try:
            if order is None:
                self._path.unlink(missing_ok=True)
            else:
                write_halt(self._path, order)
        except OSError as error:
            self._note(str(error))
            if order is not None and not self._is_told:
                self._tell(order)
            return
        self._unfollowed = []
        self._problem = ""
        if order is None:
            self._is_shut = self._is_told = False
            if self._on_released is not None:
                self._on_released()

    def _tell(self, halted: Halted) -> None:
        self._is_told = True
        self._on_halt(halted)

    def _note(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            log.error("halt_file_not_followed", path=str(self._path), problem=problem)

    def _read(self) -> Halted:
        """What the file says; whoever only touched it said nothing."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace")[:_LONGEST_REASON].splitlines()
        except OSError:
            lines = []
        if len(lines) > 1:
            return Halted(lines[0].strip() or "file", " ".join(lines[1:]).strip())
        return Halted("file", lines[0] if lines else f"{self._path.name} is there")


def write_halt(path: Path, halted: Halted) -> None:
    """Make the file that halts, unless it is there; raises ``OSError`` if that cannot be done."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(f"{halted.by}\n{halted.reason}\n", encoding="utf-8")
    scratch.replace(path)
