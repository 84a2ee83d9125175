"""Debian's Prometheus, scraping what a test runs; without it the test is skipped, with ``CI=true`` it fails."""

import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from signald.simulate.child import LOOPBACK, free_port
from tests.support.waiting import eventually

_PATIENCE_S: Final = 10.0


def program(name: str) -> str:
    """Where ``prometheus`` or ``promtool`` is."""
    found = shutil.which(name)
    if found is None:
        problem = f"{name} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(problem, pytrace=False)
        pytest.skip(problem)
    return found


class Prometheus:
    """A running server, at ``url``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"http://{LOOPBACK}:{port}"

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        """What the API says; fails the test where that is an error."""
        connection = HTTPConnection(LOOPBACK, self._port, timeout=_PATIENCE_S)
        try:
            connection.request("GET", f"/api/v1/{path}?{urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", (parameters, answer)
        return answer["data"]

    def query(self, expression: str) -> Sequence[dict[str, Any]]:
        """The instant vector that ``expression`` is now."""
        data = self.ask("query", query=expression)
        assert data["resultType"] == "vector", expression
        return data["result"]

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self.ask("status/runtimeinfo") is not None
        except (OSError, ValueError):
            return False


@contextmanager
def prometheus(folder: Path, targets: Iterable[int]) -> Generator[Prometheus]:
    """A server that scrapes these ports of loopback every second, as long as the body runs."""
    where = ", ".join(f'"{LOOPBACK}:{port}"' for port in targets)
    (folder / "prometheus.yml").write_text(
        "global: { scrape_interval: 1s }\nscrape_configs:\n"
        f"  - {{ job_name: signald, static_configs: [{{ targets: [{where}] }}] }}\n",
        encoding="utf-8",
    )
    port = free_port()
    command = (
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--enable-feature=exemplar-storage",
    )
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - the system's own program
    server = Prometheus(port)
    try:
        eventually(server.is_up, within_s=30)
        yield server
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)
