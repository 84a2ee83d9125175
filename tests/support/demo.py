"""A demo as its first user runs it, in a folder of its own, and what it shows while it runs."""

import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError

from signald.simulate.child import free_port

SIGNALD: Final = [sys.executable, "-m", "signald"]


class Demo:
    """A demo in a folder of its own; what it showed while it ran is kept."""

    def __init__(self, folder: Path, *, duration_s: int, console: bool = False, scenario: str = "q1-2025") -> None:
        self.folder = folder
        self.ports = free_port(2), free_port(), free_port()
        self.console_port = free_port()
        names = ("--mqtt-port", "--redis-port", "--metrics-port")
        ports = [f"{name}={port}" for name, port in zip(names, self.ports, strict=True)]
        ports.append(f"--console-port={self.console_port}" if console else "--no-console")
        self._files = folder / "stdout", folder / "stderr"
        with self._files[0].open("wb") as stdout, self._files[1].open("wb") as stderr:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [*SIGNALD, "demo", f"--duration={duration_s}", "--json", f"--scenario={scenario}", *ports],
                cwd=folder,
                stdout=stdout,
                stderr=stderr,
            )
        self.documents: list[bytes] = []
        self.scraped = ""

    @property
    def printed(self) -> str:
        """What a program reads of it."""
        return self._files[0].read_text(encoding="utf-8")

    @property
    def told(self) -> str:
        """What people read of it."""
        return self._files[1].read_text(encoding="utf-8")

    def kill(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def look(self) -> bool:
        """Read stream and metrics as they are; what was read last is kept. True once the demo has ended."""
        self.documents = self._read_stream() or self.documents
        self.scraped = self._scrape() or self.scraped
        return self.process.poll() is not None

    def _read_stream(self) -> list[bytes]:
        try:
            with Redis(port=self.ports[1]) as redis:
                entries: Any = redis.xrange("{signald}:signals")
                return [fields[b"data"] for _, fields in entries]
        except RedisError:
            return []

    def _scrape(self) -> str:
        connection = HTTPConnection("127.0.0.1", self.ports[2], timeout=1)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        except OSError:
            return ""
        finally:
            connection.close()
