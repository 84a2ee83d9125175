"""Desks that are killed and started again at random while the demo plays: did they handle every id once?

``python -m tests.chaos.desks --kills 500`` is the long form; ``test_desks.py`` has the short one. The desks are those
of ``examples/``: one in Python, one in Node, each a group of its own on the demo's consumer stream.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from redis import Redis
from redis.exceptions import RedisError

from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import free_port
from signald.simulate.daemon import CONSUMER
from tests.support.waiting import eventually

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
STREAM: Final = f"{{signald}}:consumer:{CONSUMER}"
ROUND_KILLS: Final = 125
ROUND_SIGNALS: Final = 100
_READY_WITHIN_S: Final = 150.0
_CAUGHT_UP_WITHIN_S: Final = 40.0
_LONGEST_LIFE_S: Final = {"python": 1.6, "node": 0.6}  # an interpreter takes most of it to start on a loaded machine


class Desk:
    """One example desk, whose process comes and goes, and the file that stays."""

    def __init__(self, name: str, command: Sequence[str], handled: Callable[[], list[str]]) -> None:
        self.name = name
        self.handled = handled
        self.kills = 0
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, or begin again."""
        self._process = subprocess.Popen(self._command)  # noqa: S603 - our own examples

    def kill(self) -> None:
        """SIGKILL; a desk that had ended by itself is a failure."""
        assert self._process is not None
        assert self._process.poll() is None, f"the desk in {self.name} ended with {self._process.returncode}"
        self._process.kill()
        self._process.wait()
        self.kills += 1

    def close(self) -> None:
        """Leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def desks_on(port: int, folder: Path) -> list[Desk]:
    """Both examples, on the demo's consumer stream."""
    database, lines = folder / "python.sqlite", folder / "node.jsonl"
    python = [sys.executable, str(EXAMPLES / "desk.py"), f"redis://127.0.0.1:{port}/0", CONSUMER, str(database)]
    node = ["node", str(EXAMPLES / "desk.mjs"), f"127.0.0.1:{port}", CONSUMER, str(lines)]
    return [Desk("python", python, lambda: _rows(database)), Desk("node", node, lambda: _lines(lines))]


def _rows(path: Path) -> list[str]:
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path, timeout=10.0)) as database, contextlib.suppress(sqlite3.Error):
        return [row[0] for row in database.execute("SELECT id FROM done ORDER BY rowid")]
    return []


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line)["id"] for line in text.splitlines(keepends=True) if line.endswith("\n")]


class Demo:
    """``signald demo`` in a folder of its own, and its consumer's stream."""

    def __init__(self, folder: Path, *, duration_s: int) -> None:
        self.port = free_port()
        self._redis = Redis(port=self.port, socket_timeout=2.0)
        ports = [f"--redis-port={self.port}", f"--mqtt-port={free_port(2)}", f"--metrics-port={free_port()}"]
        self._log = folder / "demo.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "signald", "demo", "--no-console", f"--duration={duration_s}", *ports],
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def published(self) -> list[str]:
        """Ids on the consumer's stream."""
        with contextlib.suppress(RedisError):
            return [fields[b"id"].decode() for _, fields in cast("Any", self._redis.xrange(STREAM))]
        return []

    def hold(self) -> None:
        """Stop the play; the servers stay."""
        self._process.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        """End it as Ctrl-C does."""
        if not self.has_ended:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30.0)
        self._redis.close()


class Outcome(NamedTuple):
    """What one desk did.

    Attributes:
        name: Which.
        kills: How often it was killed.
        published: Ids on the stream.
        handled: Effects on its disk.
        twice: Ids with more than one effect.
        never: Ids with none.
    """

    name: str
    kills: int
    published: int
    handled: int
    twice: int
    never: int


def play(folder: Path, *, kills: int, seed: int, duration_s: int, signals: int) -> list[Outcome]:
    """One demo, and both desks killed ``kills`` times or more while it plays, until it has said so many ``signals``."""
    chance = random.Random(seed)
    demo = Demo(folder, duration_s=duration_s)
    desks = desks_on(demo.port, folder)
    try:
        eventually(lambda: demo.published() or demo.has_ended, within_s=_READY_WITHIN_S)
        due = [(_now_s() + _life_s(desk, chance), desk) for desk in desks]
        for desk in desks:
            desk.start()
        while not demo.has_ended and (sum(desk.kills for desk in desks) < kills or len(demo.published()) < signals):
            due.sort(key=lambda one: one[0])
            at, desk = due.pop(0)
            time.sleep(max(0.0, at - _now_s()))
            desk.kill()
            desk.start()
            due.append((_now_s() + _life_s(desk, chance), desk))
        assert not demo.has_ended, "the demo was over before the last kill"
        demo.hold()
        eventually(
            lambda: all(len(desk.handled()) >= len(demo.published()) for desk in desks), within_s=_CAUGHT_UP_WITHIN_S
        )
        published = demo.published()
        return [_judge(desk, published) for desk in desks]
    finally:
        for desk in desks:
            desk.close()
        demo.close()


def _life_s(desk: Desk, chance: random.Random) -> float:
    return chance.uniform(0.05, _LONGEST_LIFE_S[desk.name])


def _now_s() -> float:
    return LiveClock.monotonic() / NS_PER_S


def _judge(desk: Desk, published: Sequence[str]) -> Outcome:
    handled = desk.handled()
    return Outcome(
        name=desk.name,
        kills=desk.kills,
        published=len(set(published)),
        handled=len(handled),
        twice=len(handled) - len(set(handled)),
        never=len(set(published) - set(handled)),
    )


def main() -> int:
    """The long form: demos one after the other until there were enough kills."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    done = bad = 0
    while done < given.kills:
        kills = min(ROUND_KILLS, given.kills - done)
        with tempfile.TemporaryDirectory(prefix="desks-") as folder:
            for outcome in play(
                Path(folder), kills=kills, seed=given.seed + done, duration_s=60, signals=ROUND_SIGNALS
            ):
                done += outcome.kills
                bad += outcome.twice + outcome.never
                sys.stdout.write(json.dumps(outcome._asdict()) + "\n")
    sys.stdout.write(json.dumps({"kills": done, "wrong": bad}) + "\n")
    return 1 if bad else os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
