"""``signald run`` as a child process, told everything by a file, and what can be seen of it from outside."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeAlias

from redis import Redis

from signald.simulate.child import LOOPBACK, free_port
from tests.support.waiting import eventually

Tables: TypeAlias = dict[str, dict[str, Any]]
Lists: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""Tables of which there may be several, by the name in their double brackets."""

READY_WITHIN_S = 40.0
"""A loaded machine that imports numba; the kernels were compiled before (see ``tests/conftest.py``)."""
_ENDS_WITHIN_S = 20.0
_SCRAPE_WITHIN_S = 5.0


class Daemon:
    """A daemon that was started in ``folder``, which is empty but for its configuration."""

    def __init__(
        self, folder: Path, tables: Tables, *, venue: Mapping[str, Any], lists: Lists, command: Sequence[str] = ("run",)
    ) -> None:
        """Start it; whether it is ready is another question."""
        self._command = command
        self.folder = folder
        self.tables = tables
        self._log = folder.with_name(f"{folder.name}.log")
        folder.mkdir()
        (folder / "signald.toml").write_text(config_text(tables, venue=venue, lists=lists), encoding="utf-8")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALD_")}
        if "SIGNALD_KERNEL_CACHE" in os.environ:
            self._environment["SIGNALD_KERNEL_CACHE"] = os.environ["SIGNALD_KERNEL_CACHE"]
        self.start()

    def start(self) -> None:
        """Start it, or start it again where it ended; what it says begins anew."""
        with self._log.open("w") as log:
            self.process = subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, "-m", "signald", *self._command, "--config", "signald.toml"],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    @property
    def said(self) -> str:
        """All it wrote so far, on standard output and error."""
        return self._log.read_text(encoding="utf-8")

    def events(self, name: str, **fields: object) -> list[dict[str, Any]]:
        """Log events of this name that have these fields."""
        lines = [
            json.loads(line)
            for line in self.said.splitlines(keepends=True)
            if line.startswith("{") and line[-1] == "\n"
        ]
        return [line for line in lines if line["event"] == name and fields.items() <= line.items()]

    def wait_for(self, name: str, **fields: object) -> dict[str, Any]:
        """The first log event of this name that has these fields."""

        def look() -> list[dict[str, Any]]:
            assert self.process.poll() is None, self.said
            return self.events(name, **fields)

        return eventually(look, within_s=READY_WITHIN_S)[0]

    def wait_ended(self) -> int:
        """The code it ended with."""
        return self.process.wait(READY_WITHIN_S + _ENDS_WITHIN_S)

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; the code it ended with."""
        self.process.send_signal(number)
        return self.process.wait(_ENDS_WITHIN_S)

    def metrics(self) -> dict[str, float]:
        """What Prometheus would read: name and labels, as it spells them, to value."""
        connection = HTTPConnection(LOOPBACK, self.tables["metrics"]["port"], timeout=_SCRAPE_WITHIN_S)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def documents(self) -> list[dict[str, Any]]:
        """What is on the stream of signals."""
        with Redis.from_url(self.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
            entries: Any = redis.xrange("{signald}:signals")
        return [json.loads(fields[b"data"]) for _, fields in entries]

    def processes(self) -> dict[str, dict[str, int]]:
        """What the status says of each process of the family."""
        with Redis.from_url(self.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
            told: Any = redis.hget("{signald}:status", "daemon")
        return json.loads(told or b"{}").get("processes", {})

    def verified(self) -> dict[str, Any]:
        """What ``signald verify`` makes of the run's journal."""
        command = [sys.executable, "-m", "signald", "verify", "journal", "--config", "signald.toml", "--json"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def kill(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextmanager
def daemon(
    folder: Path,
    *,
    mqtt_port: int,
    redis_port: int,
    venue: Mapping[str, Any] | None = None,
    lists: Lists | None = None,
    command: Sequence[str] = ("run",),
    **changes: dict[str, Any],
) -> Generator[Daemon]:
    """A daemon as long as the body runs.

    Args:
        folder: Where it works; made for it.
        mqtt_port: The broker's.
        redis_port: The Redis server's.
        venue: Keys of its one venue besides name and instruments; by default nobody is at its addresses.
        lists: Tables of which there are several, consumers for one.
        command: What it is told to do: ``feed`` for one.
        changes: Keys of its configuration, by section, that are to be otherwise.
    """
    nobody = free_port()
    tables: Tables = {
        "mqtt": {"host": LOOPBACK, "port": mqtt_port, "session_expiry_s": 0},
        "redis": {"url": f"redis://{LOOPBACK}:{redis_port}/0"},
        "journal": {"path": "journal"},
        "calendar": {"vintages": "vintages.sqlite"},
        "metrics": {"port": free_port()},
        "console": {"enabled": False},
    }
    for section, keys in changes.items():
        tables[section] = tables.get(section, {}) | keys
    there = venue or {"ws_url": f"ws://{LOOPBACK}:{nobody}", "rest_url": f"http://{LOOPBACK}:{nobody}"}
    running = Daemon(folder, tables, venue=there, lists=lists or {}, command=command)
    try:
        yield running
    finally:
        running.kill()


def config_text(tables: Tables, *, venue: Mapping[str, Any], lists: Lists) -> str:
    """The configuration as TOML, for one venue that trades BTCUSDT."""
    binance = {"name": "binance", "instruments": ["BTCUSDT.BINANCE"], **venue}
    parts: list[tuple[str, Mapping[str, Any]]] = [(f"[{name}]", keys) for name, keys in tables.items()]
    parts += [(f"[[{name}]]", keys) for name, several in {"venues": [binance], **lists}.items() for keys in several]
    # JSON's strings, numbers and arrays are TOML's too.
    return "".join(
        f"{head}\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()) for head, keys in parts
    )
