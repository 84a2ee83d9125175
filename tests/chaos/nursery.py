"""Starts daemons fast: a process that has imported everything forks, and the child runs ``signald run``.

Importing numba and loading the kernels takes seconds of processor time, a fork milliseconds; a matrix of hundreds of
kills would else measure little but imports. What the child runs is the command line itself, ``signald.cli.run``. It
dies with the nursery, and the nursery with its owner, whose end of the pipe closes.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

_PR_SET_PDEATHSIG = 1
_ANSWER_WITHIN_S = 20.0
_READY_WITHIN_S = 600.0  # the first time the kernels are compiled
_REPO = Path(__file__).parents[2]


class Nursery:
    """The owner's side: orders births, and is told of deaths; any thread may ask."""

    def __init__(self, version: Path = _REPO) -> None:
        """Start the process and wait until it has imported everything, signald from ``version``."""
        path = [str(version), str(_REPO)]
        program = f"import sys; sys.path[:0] = {path!r}; from tests.chaos.nursery import main; main()"
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._births: list[int] = []
        self._codes: dict[int, int] = {}
        self._changed = threading.Condition()
        self._bearing = threading.Lock()  # one order at a time, or births would be taken for one another
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._changed:
            if not self._changed.wait_for(lambda: self._births, _READY_WITHIN_S):
                msg = "the nursery does not come up"
                raise RuntimeError(msg)
            self._births.clear()

    def bear(self, arguments: list[str], *, environment: dict[str, str], directory: Path, log: Path) -> int:
        """Run ``signald`` with ``arguments``; its process id."""
        order = {"arguments": arguments, "environment": environment, "directory": str(directory), "log": str(log)}
        assert self._process.stdin is not None
        with self._bearing, self._changed:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            if not self._changed.wait_for(lambda: self._births, _ANSWER_WITHIN_S):
                msg = "the nursery does not answer"
                raise RuntimeError(msg)
            return self._births.pop()

    def exit_code(self, pid: int) -> int | None:
        """How ``pid`` ended (negative: the signal's number); ``None`` while it runs."""
        with self._changed:
            return self._codes.get(pid)

    def wait(self, pid: int, within_s: float = 20.0) -> int:
        """Wait until ``pid`` has ended.

        Raises:
            TimeoutError: It has not.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: pid in self._codes, within_s):
                msg = f"process {pid} did not end in {within_s:g} s"
                raise TimeoutError(msg)
            return self._codes[pid]

    def close(self) -> None:
        """End the nursery and every daemon in it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report: dict[str, Any] = json.loads(line)
            with self._changed:
                if "born" in report:
                    self._births.append(report["born"])
                else:
                    self._codes[report["ended"]] = report["code"]
                self._changed.notify_all()


def main() -> None:
    """The nursery's side: import everything once, then fork for each order until the owner lets go."""
    # Everything that a daemon imports before it is connected. Nothing of it starts a thread.
    import signald.app.daemon  # noqa: PLC0415
    import signald.cli  # noqa: PLC0415
    import signald.sources.venues.binance.source  # noqa: F401, PLC0415

    assert threading.active_count() == 1  # or a fork would be unsafe
    children: set[int] = set()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    pending = b""
    _report(born=os.getpid())
    try:
        while True:
            ready, _, _ = select.select([0, wake_read], [], [])
            if wake_read in ready:
                os.read(wake_read, 4096)
                _bury(children)
            if 0 in ready:
                chunk = os.read(0, 1 << 16)
                if not chunk:
                    return
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    pid = _bear(json.loads(line), (wake_read, wake_write))
                    children.add(pid)
                    _report(born=pid)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)


def _bear(order: dict[str, Any], pipes: tuple[int, int]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for handle in pipes:
            os.close(handle)
        os.chdir(order["directory"])
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(order["environment"])
        sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
        sys.argv[1:] = order["arguments"]
        from signald.cli import run  # noqa: PLC0415

        code = run(order["arguments"])
        sys.stderr.flush()
    finally:
        os._exit(code)


def _bury(children: set[int]) -> None:
    for child in list(children):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            children.discard(pid)
            _report(ended=pid, code=os.waitstatus_to_exitcode(status))


def _report(**facts: int) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
