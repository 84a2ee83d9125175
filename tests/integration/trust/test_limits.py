"""A daemon on a real broker, and a peer that sends too much: it is refused, counted, and nobody else suffers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.model.time import format_rfc3339
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.simulate.servers import embedded_valkey, mosquitto
from signald.transports.mqtt import MqttConnection
from signald.transports.settings import MqttConfig
from tests.support.daemons import Daemon, daemon
from tests.support.servers import installed
from tests.support.waiting import eventually

FLOOD = 500
LONG = b" " * 200_000

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def broker() -> Iterator[Server]:
    with installed(mosquitto) as server:
        yield server


async def send(port: int, *messages: tuple[str, bytes]) -> None:
    config = MqttConfig(port=port, client_id="anybody", session_expiry_s=0)
    connection = MqttConnection(config)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(connection.run())
        for topic, payload in messages:
            await connection.publish(f"signald/v1/{topic}", payload)
        running.cancel()


def halt() -> bytes:
    now = LiveClock.now()
    said = {"command": "halt", "by": "ops", "sequence": now, "ts_event": format_rfc3339(now), "reason": "test"}
    return json.dumps(said).encode()


def refused(running: Daemon, family: str, reason: str) -> float:
    return running.metrics()[f'signald_mqtt_refused_total{{family="{family}",reason="{reason}"}}']


def test_who_sends_too_much_is_refused_and_others_are_heard(tmp_path: Path, broker: Server) -> None:
    limits = {"messages_per_s": 0.001, "messages_at_once": 20, "commands_per_s": 0.001, "commands_at_once": 10}
    with (
        installed(embedded_valkey) as valkey,
        daemon(
            tmp_path / "d",
            mqtt_port=broker.port,
            redis_port=valkey.port,
            mqtt={"protocol": 4},  # in which a broker is not told how much we take
            limits=limits,
        ) as running,
    ):
        running.wait_for("ready")
        flood = [("heartbeat/noisy", b"{")] * FLOOD + [("control/mute", b"{")] * FLOOD
        asyncio.run(send(broker.port, *flood, ("policy/tariff", LONG), ("control/halt", halt())))
        eventually(lambda: "halt" in {one["kind"] for one in running.documents()})
        eventually(lambda: refused(running, "policy", "too_long") == 1)
        eventually(lambda: refused(running, "heartbeat", "too_often") == FLOOD - 20)
        eventually(lambda: refused(running, "control", "too_often") == FLOOD - 10)
        quarantined = running.metrics()["signald_mqtt_quarantined_total"]
        code = running.terminate()
        verified = subprocess.run(
            [sys.executable, "-m", "signald", "verify", "journal", "--config", "signald.toml"],
            cwd=running.folder,
            capture_output=True,
            check=False,
        )
        on_disk = b"".join(path.read_bytes() for path in (running.folder / "journal").rglob("*") if path.is_file())

    assert (quarantined, code, verified.returncode) == (0, 0, 0)
    assert LONG[:100_000] not in on_disk
    assert on_disk.count(b"limited:too_long:200000:policy/tariff") == 1
    assert 0 < on_disk.count(b"limited:too_often:") < FLOOD // 2
