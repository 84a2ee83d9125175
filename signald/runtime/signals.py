"""Waits for signals, whichever thread of the process the system gives them to."""

import contextlib
import os
import select
import signal
from collections.abc import Collection, Generator, Iterable
from types import TracebackType
from typing import Any, Self


class Signals:
    """Used as ``with``, by the main thread: inside, these signals do nothing but end a :meth:`wait`.

    The libraries that we load have threads of their own, so none of them could be blocked and waited for.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        """Take which."""
        self._numbers = tuple(numbers)
        self._before: dict[signal.Signals, Any] = {}

    def wait(self, timeout_s: float) -> frozenset[signal.Signals]:
        """Those that have come since the last time; empty after ``timeout_s``."""
        ready, _, _ = select.select([self._read_end], [], [], timeout_s)
        if not ready:
            return frozenset()
        came = os.read(self._read_end, 4_096)
        return frozenset(number for number in self._numbers if number in came)

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Inside, they wait: for a fork, whose child is to decide for itself what they do, by :meth:`give_up`."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def give_up(self, *, ignored: Collection[signal.Signals] = ()) -> None:
        """Let them do what they did before, or nothing if they are ``ignored``; what waited strikes now."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if number in ignored else handler)
        os.close(self._read_end)
        os.close(self._write_end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)

    def __enter__(self) -> Self:
        self._read_end, self._write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {number: signal.signal(number, _do_nothing) for number in self._numbers}
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()


def _do_nothing(*_: object) -> None:
    """The signal's number has been written to the pipe already."""
