"""A server as a child process on loopback: started, waited for, killed, started again, never left behind.

It runs under a keeper (:mod:`signald.simulate.keeper`), so that it and its directory go when this process goes,
however that ends. Everything here blocks while a server starts (most take 0.1 s).
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import msgspec

from signald.errors import ConfigError
from signald.simulate.keeper import LOG_NAME

LOOPBACK: Final = "127.0.0.1"

Probe: TypeAlias = Callable[[socket.socket], bool]
"""Speaks a server's own greeting on a fresh connection; whether the right answer came."""

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_POLL_S: Final = 0.003
_ANSWER_WITHIN_S: Final = 0.5
_PORT_TRIES: Final = 5
_FREED_WITHIN_S: Final = 1.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How to run one kind of server on given ports.

    Attributes:
        name: What it is, for messages.
        command: Program and arguments; it runs in its own directory.
        files: Configuration files written there first, by name.
        probes: Port → how to tell that the server behind it answers.
        environment: Its environment; ``None``: ours.
        ready_within_s: How long it may take to answer.
        patience_s: How long it may take to end when asked to, before it is killed.
    """

    name: str
    command: tuple[str, ...]
    files: dict[str, str]
    probes: dict[int, Probe]
    environment: dict[str, str] | None = None
    ready_within_s: float = 10.0
    patience_s: float = 2.0


class Server:
    """One server process; a context manager that starts it, waits until it answers, and leaves nothing behind.

    Attributes:
        plan: Makes the plan for a first port.
        port: Where it listens on loopback; 0 until it was first started, if it was to choose.
        pid: Its process, for those who stop or kill it; 0 while it does not run.
        directory: Where it works; removed at the end unless it was given.
    """

    def __init__(
        self, build: Callable[[int], Plan], *, port: int | None, ports: int = 1, directory: Path | None = None
    ) -> None:
        """Keep the plan; nothing is started.

        Args:
            build: Makes the plan for a first port.
            port: First port, or ``None`` for one that is free.
            ports: How many neighbouring ports the plan uses.
            directory: Existing directory to work in and keep, or ``None`` for one of its own.
        """
        self.plan = build
        self._ports = ports
        self._given = directory
        self._keeper: subprocess.Popen[bytes] | None = None
        self.port = port or 0
        self.pid = 0
        self.directory = directory

    def start(self) -> Self:
        """Start it and wait until it answers; a second time on the same port and, if given, in the same directory.

        Raises:
            ConfigError: The port is in use, or the server would not run.
        """
        for attempt in range(_PORT_TRIES):
            chosen = self.port or free_port(self._ports)
            try:
                self._start_on(chosen)
            except ConfigError:  # somebody else may have taken a port that was free a moment ago
                if self.port or attempt == _PORT_TRIES - 1:
                    raise
            else:
                self.port = chosen
                break
        return self

    def stop(self) -> None:
        """End it and remove its directory; harmless when it does not run."""
        keeper, self._keeper, self.pid = self._keeper, None, 0
        if keeper is None:
            return
        for pipe in (keeper.stdin, keeper.stdout):
            if pipe is not None:
                pipe.close()
        keeper.wait()
        self.directory = self._given

    def kill(self) -> None:
        """End it as a crash would (SIGKILL) and wait until it is gone."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def terminate(self, within_s: float) -> int | None:
        """Ask it to end (SIGTERM) and wait; the code it ended with, ``None`` if it took longer."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        report = self._read_report(timeout_s=within_s)
        return None if report is None else report["exited"]

    def exit_code(self) -> int | None:
        """The code it ended with of its own accord (negative: the signal's number), ``None`` while it runs."""
        report = self._read_report(timeout_s=0) if self._keeper is not None else None
        return None if report is None else report["exited"]

    def last_words(self, lines: int = 3) -> str:
        """The end of what it wrote on standard output and error; only until :meth:`stop`."""
        assert self.directory is not None
        said = (self.directory / LOG_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(said[-lines:]) or "it said nothing"

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()

    def _start_on(self, port: int) -> None:
        plan = self.plan(port)
        for needed in range(port, port + self._ports):
            if self.port:  # it ran there before, perhaps, and processes of its own are just being ended with it
                _await_free(needed)
            require_free(needed, plan.name)
        order = {
            "command": plan.command,
            "files": plan.files,
            "directory": self._given and str(self._given),
            "patience_s": plan.patience_s,
        }
        self._keeper = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-P", str(_KEEPER), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=plan.environment,
            start_new_session=True,  # a Ctrl-C in the terminal is ours to act on, in our order
        )
        try:
            self._await_answer(plan)
        except BaseException:
            self.stop()
            raise

    def _await_answer(self, plan: Plan) -> None:
        started = self._read_report(timeout_s=plan.ready_within_s) or {"error": "its keeper does not answer"}
        if "error" in started:
            raise ConfigError(plan.name, f"would not start: {started['error']}")
        self.pid, self.directory = started["pid"], Path(started["directory"])
        waiting = dict(plan.probes)
        for _ in range(int(plan.ready_within_s / _POLL_S)):
            waiting = {port: probe for port, probe in waiting.items() if not _answers(port, probe)}
            if not waiting:
                return
            if (report := self._read_report(timeout_s=_POLL_S)) is not None:
                raise ConfigError(plan.name, f"ended with code {report['exited']} while starting: {self.last_words()}")
        raise ConfigError(plan.name, f"does not answer on port {', '.join(map(str, waiting))}: {self.last_words()}")

    def _read_report(self, *, timeout_s: float) -> dict[str, Any] | None:
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        ready, _, _ = select.select([self._keeper.stdout], [], [], timeout_s)
        if not ready:
            return None
        line = self._keeper.stdout.readline()
        return json.loads(line) if line else {"error": "its keeper ended", "exited": self._keeper.wait()}


def free_port(neighbours: int = 1) -> int:
    """A port that is free on loopback just now, with ``neighbours - 1`` free ones after it."""
    while True:
        with socket.socket() as first:
            first.bind((LOOPBACK, 0))
            port: int = first.getsockname()[1]
        if all(is_free(other) for other in range(port, port + neighbours)):
            return port


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of loopback just now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what lingers from an ended server is no obstacle
        try:
            trial.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True


def _await_free(port: int) -> None:
    """Wait for a moment until nobody listens on ``port`` of loopback any more."""
    for _ in range(int(_FREED_WITHIN_S / _POLL_S)):
        if is_free(port):
            return
        select.select([], [], [], _POLL_S)


def require_free(port: int, name: str) -> None:
    """Raise :class:`ConfigError` if ``port``, wanted for ``name``, cannot be listened on."""
    if not is_free(port):
        where = f"{LOOPBACK}:{port}"
        raise ConfigError(where, f"the port for the {name} is in use or not ours to use")


def _answers(port: int, probe: Probe) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), _ANSWER_WITHIN_S) as connection:
            return probe(connection)
    except OSError:
        return False
