"""One replica of the daemon: started, killed, stopped, started again on its own journal, behind its own proxies."""

import json
import os
import resource
import signal
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from signald.journal.reader import read
from signald.model.records import RecordKind
from signald.runtime.faults import VARIABLE
from signald.simulate.child import LOOPBACK, free_port
from tests.chaos.nursery import Nursery

INSTRUMENT: Final = "BTCUSDT.BINANCE"
CONSUMER: Final = "otc-desk-1"

_NOBODY_THERE: Final = "127.0.0.1:9"  # the exchange: books play no part in delivery


class Replica:
    """A daemon's place: configuration, journal, log, process.

    Attributes:
        name: Its client id at the broker.
        journal: Where its journal is.
        pid: Its process, 0 while it does not run.
        metrics_port: Where it serves its metrics.
        nursery: What bears its processes: the version of signald that it is.
    """

    def __init__(
        self, name: str, directory: Path, nursery: Nursery, *, mqtt_port: int, redis_port: int, clock_file: Path
    ) -> None:
        self.name = name
        self.journal = directory / f"{name}-journal"
        self.metrics_port = free_port()
        self.pid = 0
        self._directory = directory
        self._log = directory / f"{name}.log"
        self.nursery = nursery
        self._config = directory / f"{name}.toml"
        self._log_start = 0
        self._config.write_text(
            f'[mqtt]\nport = {mqtt_port}\nclient_id = "{name}"\nkeepalive_s = 2\n'
            f'[redis]\nurl = "redis://{LOOPBACK}:{redis_port}/0"\nreply_timeout_s = 1.5\nconnect_timeout_s = 1.5\n'
            f'[live]\nclock_file = "{clock_file}"\nstartup_timeout_s = 60\n'
            # What counts the passes of a fault point counts those of the figures it sends, and no others.
            "rehearse_every_s = 0\n"
            f'[journal]\npath = "{self.journal}"\n'
            f"[metrics]\nport = {self.metrics_port}\n"
            "[console]\nenabled = false\n"
            f'[[venues]]\nname = "binance"\ninstruments = ["{INSTRUMENT}"]\n'
            f'ws_url = "ws://{_NOBODY_THERE}"\nrest_url = "http://{_NOBODY_THERE}"\n'
            f'[[consumers]]\nname = "{CONSUMER}"\njurisdiction = "SG"\n',
            encoding="utf-8",
        )

    def start(self, fault_point: str = "") -> None:
        """Start it; with a fault point it is to die there."""
        assert not self.pid
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        self.pid = self.nursery.bear(
            ["run", "--single-process", "--config", str(self._config)],
            environment={VARIABLE: fault_point},
            directory=self._directory,
            log=self._log,
        )

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return not self.pid or self.nursery.exit_code(self.pid) is not None

    @property
    def is_ready(self) -> bool:
        """Whether this process has said that it is ready."""
        return bool(self.pid) and not self.has_ended and b'"event":"ready"' in self._said().replace(b": ", b":")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's events of this name, of all processes so far."""
        lines = self._log.read_bytes().splitlines() if self._log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [event for event in found if event.get("event") == name]

    def last_words(self) -> str:
        """The end of its log."""
        return self._said().decode(errors="replace")[-1_500:]

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if not self.has_ended:
            os.kill(self.pid, signal.SIGKILL)
        self.bury()

    def freeze(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def terminate(self) -> int:
        """SIGTERM, and wait; the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.bury()

    def bury(self) -> int:
        """Wait until it has ended; the exit code."""
        code = self.nursery.wait(self.pid) if self.pid else 0
        self.pid = 0
        return code

    def limit_files(self, size: int | None) -> None:
        """Let no file of it grow beyond ``size`` bytes, as a full disk would not; ``None``: no limit any more."""
        limit = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def open_segment(self) -> Path:
        """The journal file it writes."""
        return max(self.journal.glob("*.segment"))

    def documents(self) -> list[tuple[str, bytes]]:
        """Id and bytes of every document in its journal, in order."""
        if not any(self.journal.glob("*.segment*")):
            return []
        return [(record.key, record.payload) for record in read(self.journal) if record.kind is RecordKind.SIGNAL]

    def last_heartbeat(self) -> int:
        """Sequence of the newest heartbeat in its journal; 0 if there is none."""
        if not any(self.journal.glob("*.segment*")):
            return 0
        beats = [
            json.loads(one.payload)
            for one in read(self.journal)
            if one.key.startswith("heartbeat/") and b"\xff" not in one.payload
        ]
        return max((beat["sequence"] for beat in beats), default=0)

    def metrics(self) -> dict[str, float]:
        """Its metrics without labels, by name; none if it does not answer."""
        try:
            with urlopen(f"http://{LOOPBACK}:{self.metrics_port}/metrics", timeout=2.0) as answer:
                text: str = answer.read().decode()
        except (URLError, OSError):
            return {}
        lines = [line.split() for line in text.splitlines() if line and line[0] != "#" and "{" not in line]
        return {name: float(value) for name, value in lines}

    def _said(self) -> bytes:
        if not self._log.exists():
            return b""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            return log.read()
