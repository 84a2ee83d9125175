"""``python -m tests.chaos.demo_turns --seconds 120``: ``signald demo --replicas 2``, its daemons killed in turn.

As a person would do it: the process ids are those that the demo prints, each is killed with ``kill -9`` as soon as the
other has been said to be ready again, until the demo has ended. Afterwards the stream, as a desk read it, and both
journals must be one, by id.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final, Self, cast

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

_READY: Final = re.compile(rb"^(\S+) is ready: pid (\d+)", re.MULTILINE)
_STARTS_WITHIN_S: Final = 150.0
_READY_AGAIN_WITHIN_S: Final = 150.0
_ENDS_WITHIN_S: Final = 400.0


class DemoOfTwo:
    """A demo of two replicas in a directory of its own, and what a desk reads of it.

    Attributes:
        heard: Ids of the documents on the stream, in order.
        killed: Processes that were killed.
    """

    def __init__(self, directory: Path, *, seconds: float) -> None:
        """Start it; it is to last so long after ready."""
        self.directory = directory
        self.heard: list[str] = []
        self.killed: set[int] = set()
        self._cursor = "0"
        port = free_port()
        self._redis = Redis(port=port, socket_timeout=2.0)
        ports = [f"--redis-port={port}", f"--mqtt-port={free_port(2)}", f"--metrics-port={free_port()}"]
        words = ["demo", "--replicas=2", "--no-console", f"--duration={seconds:g}", "--json", *ports]
        self._said, self._result = directory / "said", directory / "result"
        with self._said.open("wb") as said, self._result.open("wb") as result:
            self.process = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-m", "signald", *words], cwd=directory, stdout=result, stderr=said
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self._redis.close()

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    @property
    def journals(self) -> list[Path]:
        """One a daemon."""
        return [self.directory / "var" / name for name in ("demo-journal", "demo-journal-2")]

    def kill_in_turn(self, *, most: int = sys.maxsize) -> None:
        """Kill one whenever the other is ready, so many times at most, until the demo has ended."""
        eventually(lambda: all(map(self._ready, NAMES)) or self.has_ended, within_s=_STARTS_WITHIN_S)
        for victim in cycle(NAMES):
            eventually(lambda: all(map(self._ready, NAMES)) or self.has_ended, within_s=_READY_AGAIN_WITHIN_S)
            if self.has_ended or len(self.killed) >= most:
                break
            pid = self._ready(victim)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.killed.add(pid)
        eventually(self._is_over, within_s=_ENDS_WITHIN_S)

    def result(self) -> dict[str, Any]:
        """The last line of what it printed."""
        return json.loads(self._result.read_bytes().splitlines()[-1])

    def problems(self) -> Iterator[str]:
        """All that is wrong after the end, in words."""
        if self.process.returncode != 0:
            yield f"ended with code {self.process.returncode}: {self._said.read_text(encoding='utf-8')[-1_500:]}"
            return
        if len(set(self.heard)) != len(self.heard):
            yield "a document is on the stream twice"
        journalled = [self._documents(journal) for journal in self.journals]
        for journal, documents in zip(self.journals, journalled, strict=True):
            if lost := documents - set(self.heard):
                yield f"{len(lost)} documents of {journal.name} are not on the stream"
            if fault := check(journal).fault:
                yield f"{journal.name}: {fault}"
            if difference := run_verify(load_config(None, {}), journal).difference:
                yield f"{journal.name} replays differently: {difference}"
        if stray := set(self.heard) - journalled[0] - journalled[1]:
            yield f"{len(stray)} documents are in no journal"
        if self.result()["restarts"] not in {len(self.killed) - 1, len(self.killed)}:  # the last may fall into the end
            yield f"{len(self.killed)} were killed, {self.result()['restarts']} started again"

    def _ready(self, name: str) -> int:
        """The process that was last said to be ready under that name, if it was not killed; else 0."""
        self._listen()
        pids = [int(pid) for said, pid in _READY.findall(self._said.read_bytes()) if said.decode() == name]
        return pids[-1] if pids and pids[-1] not in self.killed else 0

    def _is_over(self) -> bool:
        self._listen()
        return self.has_ended

    def _listen(self) -> None:
        with contextlib.suppress(RedisError):  # not there yet, or no longer
            for _, entries in cast("Any", self._redis.xread({"{signald}:signals": self._cursor})):
                for entry_id, fields in entries:
                    self._cursor = entry_id
                    self.heard.append(fields[b"id"].decode())

    @staticmethod
    def _documents(journal: Path) -> set[str]:
        return {record.key for record in read(journal) if record.kind is RecordKind.SIGNAL}


def main() -> int:
    """Run as told; 0 if nothing was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.demo_turns", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    told = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="signald-demo-turns-") as directory,
        DemoOfTwo(Path(directory), seconds=told.seconds) as demo,
    ):
        demo.kill_in_turn()
        problems = list(demo.problems())
        sys.stdout.write(
            f"{told.seconds:g} s: {len(demo.killed)} killed, {len(demo.heard)} documents; "
            f"{'; '.join(problems) or 'none lost, none twice, both journals replay to the same'}\n"
        )
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
