"""Halting stops publication, whatever the loop is doing, and holds until somebody resumes with a reason."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from signald.live.switch import HaltSwitch
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.simulate.servers import embedded_broker, embedded_valkey
from signald.sinks.redis import Publisher
from signald.transports.settings import RedisConfig
from tests.support.daemons import Daemon, daemon
from tests.support.recording import until
from tests.support.redis_reading import document
from tests.support.servers import installed
from tests.support.waiting import eventually

BEFORE, AFTER = 5, 7
_HOUR = LiveClock.now() // (3_600 * NS_PER_S)
NOW_AND_LONG = {
    "instrument": "ETH*",
    "by": "desk",
    "reason": "no business",
    "begin": f"{(_HOUR + 22) % 24:02d}:00",
    "end": f"{(_HOUR + 2) % 24:02d}:00",
}
_GIVE_UP_NS = 20 * NS_PER_S


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[HaltSwitch]:
    with HaltSwitch(tmp_path / "halt", on_halt=lambda _: None) as switch:
        yield switch


@pytest.fixture
def valkey() -> Iterator[Server]:
    with installed(embedded_valkey) as server:
        yield server


async def test_file_stops_publication_while_the_loop_is_blocked(
    valkey: Server, switch: HaltSwitch, tmp_path: Path
) -> None:
    config = RedisConfig(url=f"redis://127.0.0.1:{valkey.port}/0")
    publisher = Publisher(config, LiveClock(), is_halted=lambda: switch.is_halted)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(publisher.run())
        await publisher.wait_connected(8.0)

        _block_until_halted(publisher, switch, tmp_path / "halt")
        await until(lambda: publisher.published == BEFORE)
        held_back = publisher.depth
        switch.release()
        await until(lambda: not switch.is_halted)
        publisher.go_on()
        await until(lambda: publisher.depth == 0)
        running.cancel()

    assert held_back == AFTER
    assert publisher.published == BEFORE + AFTER


def _block_until_halted(publisher: Publisher, switch: HaltSwitch, path: Path) -> None:
    """One step of the loop that never yields: it publishes, somebody makes the file, and it publishes on."""
    clock = LiveClock()
    for number in range(BEFORE):
        publisher.publish(document(number))
    threading.Thread(target=path.touch).start()
    given_up = clock.monotonic() + _GIVE_UP_NS
    while not switch.is_halted:
        assert clock.monotonic() < given_up
    for number in range(BEFORE, BEFORE + AFTER):
        publisher.publish(document(number))


def command(running: Daemon, *words: str) -> int:
    """A command of ours, where the daemon runs; its exit code."""
    arguments = [sys.executable, "-m", "signald", *words, "--config", "signald.toml"]
    return subprocess.run(arguments, cwd=running.folder, check=False, capture_output=True).returncode  # noqa: S603 - our own program


def kinds(running: Daemon) -> list[str]:
    return [one["kind"] for one in running.documents()]


def audit(server: Server) -> list[dict[str, str]]:
    """What stands in the audit stream."""
    with Redis(port=server.port, decode_responses=True) as redis:
        entries: Any = redis.xrange("{signald}:audit")
    return [fields for _, fields in entries]


def audited(server: Server) -> list[str]:
    """What was stopped and let go again, in order, whatever else is on record."""
    ours = {"halt", "resume", "blackout_began", "blackout_ended"}
    return [fields["action"] for fields in audit(server) if fields["action"] in ours]


@pytest.mark.timeout(150)
def test_halt_by_file_survives_a_restart_and_ends_with_a_reason_only(tmp_path: Path) -> None:
    with (
        installed(embedded_broker) as broker,
        installed(embedded_valkey) as redis,
        daemon(
            tmp_path / "d", mqtt_port=broker.port, redis_port=redis.port, lists={"control.blackouts": [NOW_AND_LONG]}
        ) as running,
    ):
        running.wait_for("ready")
        (running.folder / "var").mkdir(exist_ok=True)
        (running.folder / "var" / "halt").write_text("ops\nvenue in trouble\n", encoding="utf-8")
        eventually(lambda: kinds(running) == ["halt"])
        running.process.kill()
        running.process.wait()

        running.start()
        running.wait_for("ready")
        without_a_reason = command(running, "resume")
        halted = kinds(running)
        assert command(running, "resume", "--reason", "venue is back") == 0
        eventually(lambda: kinds(running) == ["halt", "resume"])

        eventually(lambda: not (running.folder / "var" / "halt").exists())
        eventually(lambda: audited(redis) == ["blackout_began", "halt", "resume"])
        [blackout] = [one for one in audit(redis) if one["action"] == "blackout_began"]

    assert without_a_reason == 2
    assert halted == ["halt"]
    assert {name: blackout[name] for name in ("target", "by", "reason")} == {
        "target": "ETH*",
        "by": "desk",
        "reason": "no business",
    }
