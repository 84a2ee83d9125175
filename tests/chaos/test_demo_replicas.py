"""``signald demo --replicas 2``: two daemons, killed in turn with ``kill -9``, each when the other is ready again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final, cast

import pytest
from redis import Redis
from redis.exceptions import RedisError

from signald.app.recordings import run_verify
from signald.config import load_config
from signald.journal.check import check
from signald.journal.reader import read
from signald.model.records import RecordKind
from signald.simulate.child import free_port
from tests.support.waiting import eventually

NAMES: Final = ("signald-demo", "signald-demo-2")
DURATION_S: Final = 30
MIN_KILLS: Final = 2  # a busy machine takes ten seconds for a start

pytestmark = pytest.mark.timeout(240)


class Demo:
    """A demo of two replicas in a directory of its own, and what a desk reads of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.heard: list[str] = []
        self.killed: set[int] = set()
        self._cursor = "0"
        port = free_port()
        self._redis = Redis(port=port, socket_timeout=2.0)
        ports = [f"--redis-port={port}", f"--mqtt-port={free_port(2)}", f"--metrics-port={free_port()}"]
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [
                sys.executable,
                "-m",
                "signald",
                "demo",
                "--replicas=2",
                "--no-console",
                f"--duration={DURATION_S}",
                "--json",
                *ports,
            ],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def listen(self) -> None:
        """Read on."""
        with contextlib.suppress(RedisError):  # not there yet, or no longer
            for _, entries in cast("Any", self._redis.xread({"{signald}:signals": self._cursor})):
                for entry_id, fields in entries:
                    self._cursor = entry_id
                    self.heard.append(fields[b"id"].decode())

    def ready_pid(self, name: str) -> int:
        """The replica's process, if that is ready; else 0."""
        self.listen()
        try:
            said = self._redis.hget("{signald}:status", f"daemon@{name}")
        except RedisError:
            return 0
        state = json.loads(cast("bytes", said)) if said else {}
        return state["pid"] if state.get("ready") and state["pid"] not in self.killed else 0

    def kill(self, name: str) -> None:
        """SIGKILL of a replica that is ready."""
        pid = self.ready_pid(name)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.killed.add(pid)

    def journals(self) -> list[Path]:
        return [self.directory / "var" / name for name in ("demo-journal", "demo-journal-2")]

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()
        self._redis.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path)
    yield running
    running.close()


def verified(journal: Path) -> tuple[object, object]:
    """What is wrong with a journal, and where it replays differently, by the rules that it says were the demo's."""
    return check(journal).fault, run_verify(load_config(None, {}), journal).difference


def test_two_replicas_killed_in_turn_lose_and_double_nothing(demo: Demo) -> None:
    eventually(lambda: all(map(demo.ready_pid, NAMES)) or demo.has_ended, within_s=150.0)

    for victim, other in cycle((NAMES, NAMES[::-1])):
        eventually(lambda: (demo.ready_pid(other) and demo.ready_pid(victim)) or demo.has_ended, within_s=60.0)  # noqa: B023 - called before they change
        if demo.has_ended:
            break
        demo.kill(victim)
    stdout, stderr = demo.process.communicate()

    assert demo.process.returncode == 0, stderr.decode()
    result = json.loads(stdout.splitlines()[-1])
    said = [{record.key for record in read(journal) if record.kind is RecordKind.SIGNAL} for journal in demo.journals()]
    assert len(demo.killed) >= MIN_KILLS
    assert result["releases"] == 16
    assert result["restarts"] in {len(demo.killed) - 1, len(demo.killed)}  # the last may fall into the end
    assert len(demo.heard) == len(set(demo.heard))
    assert set(demo.heard) <= said[0] | said[1]
    assert {document for document in said[0] & said[1] if document not in demo.heard} == set()
    assert [verified(journal) for journal in demo.journals()] == [(None, None), (None, None)]
