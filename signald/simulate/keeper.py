"""Keeps one server, and the directory it works in, no longer than their owner lives.

Run as a process of its own, in a session of its own, so that it outlives a Ctrl-C or SIGKILL of the owner by as long
as it takes to clean up. The owner holds the other end of standard input: when that closes, for whatever reason, the
server is ended and its directory removed. Standard library only: it is up in 20 ms.

The order is one JSON argument: ``command``, ``files`` (name → text, written before the server starts) and
``directory`` (the server's working directory, or null: one of our own making) and ``patience_s`` (how long it may
take to end when asked to). Each report is a line of JSON: ``{"pid": …, "directory": …}`` or ``{"error": …}`` first,
``{"exited": code}`` when the server has ended.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

LOG_NAME = "server.log"
_PR_SET_PDEATHSIG = 1


def _die_with_keeper() -> None:
    """Have Linux end the server even if the keeper itself is killed."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - costs its import only in the child

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _report(**facts: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # the owner is gone: standard input says so too
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


def _start(order: dict[str, Any], directory: Path) -> subprocess.Popen[bytes]:
    for name, text in order["files"].items():
        (directory / name).write_text(text, encoding="utf-8")
    with (directory / LOG_NAME).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the owner's own words
            order["command"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_keeper,  # noqa: PLW1509 - no thread is running yet
        )


def _end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:  # stopped, or busy
        process.kill()
        process.wait()


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def main() -> int:
    """Start what the first argument orders, wait for the owner to let go, leave nothing behind."""
    order = json.loads(sys.argv[1])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _leave)
    directory = Path(order["directory"] or tempfile.mkdtemp(prefix="signald-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        process = _start(order, directory)
        _report(pid=process.pid, directory=str(directory))
        running = process
        threading.Thread(target=lambda: _report(exited=running.wait()), daemon=True).start()
        sys.stdin.buffer.read()
    except OSError as error:
        _report(error=str(error))
    finally:
        if process is not None:
            _end(process, order["patience_s"])
        if order["directory"] is None:
            shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
