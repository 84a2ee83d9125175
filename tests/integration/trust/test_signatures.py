"""A daemon whose sources must sign, on a real broker: what is signed counts, and nothing else does."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signald.model.time import NS_PER_S, format_rfc3339
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.simulate.servers import embedded_valkey, mosquitto
from signald.transports.mqtt import MqttConnection
from signald.transports.settings import MqttConfig
from tests.support.daemons import Daemon, daemon
from tests.support.servers import installed
from tests.support.signing import KeyPair, make_pair
from tests.support.waiting import eventually

RELEASE_ID = "us.cpi.yoy:2025-01"
SCHEDULE, RELEASE = (f"calendar/{family}/{RELEASE_ID}/bls" for family in ("schedule", "release"))

pytestmark = pytest.mark.timeout(180)


class Wire:
    """Anybody who may publish at the broker, whatever it says and shows."""

    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, topic: str, payload: bytes, proof: tuple[tuple[str, str], ...] = ()) -> None:
        asyncio.run(self._send(f"signald/v1/{topic}", payload, proof))

    async def _send(self, topic: str, payload: bytes, proof: tuple[tuple[str, str], ...]) -> None:
        connection = MqttConnection(MqttConfig(port=self._port, client_id="anybody", session_expiry_s=0))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(connection.run())
            await connection.publish(topic, payload, user_properties=proof)
            running.cancel()


def message(sequence: int, **fields: object) -> bytes:
    ts = format_rfc3339(LiveClock.now())
    return json.dumps(
        {"release_id": RELEASE_ID, "source": "bls", "sequence": sequence, "ts_event": ts, **fields}
    ).encode()


def schedule(sequence: int, **fields: object) -> bytes:
    due = format_rfc3339(LiveClock.now() + 2 * NS_PER_S // 1_000)
    promise = {"indicator": "us.cpi.yoy", "period": "2025-01", "ts_scheduled": due, "prior": 2.9, "consensus": 2.9}
    return message(sequence, **{**promise, **fields})


def command(by: str, name: str, **fields: object) -> bytes:
    now = LiveClock.now()
    said = {"command": name, "by": by, "sequence": now, "ts_event": format_rfc3339(now), "reason": "test"}
    return json.dumps({**said, **fields}).encode()


def signed(pair: KeyPair, topic: str, payload: bytes) -> tuple[tuple[str, str], ...]:
    return pair.signer.properties(f"signald/v1/{topic}", payload)


def refused(running: Daemon, reason: str) -> float:
    return running.metrics()[f'signald_rejected_total{{reason="{reason}"}}']


def figures(running: Daemon) -> list[tuple[str, float | None]]:
    return [(one["kind"], one["causes"][0]["actual"]) for one in running.documents() if one["causes"]]


def kinds(running: Daemon) -> set[str]:
    return {one["kind"] for one in running.documents()}


@pytest.fixture
def broker() -> Iterator[Server]:
    with installed(mosquitto) as server:
        yield server


def test_who_must_sign_is_heard_only_if_it_does(tmp_path: Path, broker: Server) -> None:
    bls, ops = make_pair(tmp_path, "bls-1"), make_pair(tmp_path, "ops-1", source="ops", families=("control",))
    stranger = make_pair(tmp_path, "bls-9")
    lists = {"signatures.keys": [_table(one) for one in (bls, ops)]}
    wire = Wire(broker.port)
    with (
        installed(embedded_valkey) as valkey,
        daemon(
            tmp_path / "d",
            mqtt_port=broker.port,
            redis_port=valkey.port,
            lists=lists,
            signatures={"unsigned": "refuse"},
            mqtt={"sign_key_id": "ops-1", "sign_key_file": str(ops.path)},
        ) as running,
    ):
        running.wait_for("ready")
        promise = schedule(1)
        wire.send(SCHEDULE, promise)  # nobody signed it
        wire.send(SCHEDULE, promise, signed(stranger, SCHEDULE, promise))
        eventually(lambda: refused(running, "unsigned") == 2)
        wire.send(SCHEDULE, promise, signed(bls, SCHEDULE, promise))
        running.wait_for("release_moved", release_id=RELEASE_ID)

        right, wrong = message(2, actual=3.0, kind="first"), message(3, actual=9.9, kind="correction")
        wire.send(RELEASE, wrong, signed(bls, RELEASE, right))  # another's signature
        wire.send(RELEASE, wrong, signed(bls, SCHEDULE, wrong))  # of another topic
        wire.send(RELEASE, right, signed(ops, RELEASE, right))  # of another source
        eventually(lambda: refused(running, "forged") == 3)
        wire.send(RELEASE, right, signed(bls, RELEASE, right))
        eventually(lambda: ("release", 3.0) in figures(running))
        wire.send(RELEASE, right, signed(bls, RELEASE, right))  # replayed
        older = message(1, actual=2.0, kind="correction")
        wire.send(RELEASE, older, signed(bls, RELEASE, older))
        eventually(lambda: refused(running, "repeated") == 2)

        halt = command("ops", "halt")
        old = command("ops", "halt", ts_event=format_rfc3339(LiveClock.now() - 600 * NS_PER_S))
        wire.send("control/halt", halt)
        wire.send("control/halt", old, signed(ops, "control/halt", old))
        by_bls = command("bls", "halt")
        wire.send("control/halt", by_bls, signed(bls, "control/halt", by_bls))
        eventually(lambda: (refused(running, "unsigned"), refused(running, "forged")) == (3, 5))
        before = kinds(running)
        assert _signald(running, "halt", "--by", "ops") == 0
        eventually(lambda: "halt" in kinds(running))
        assert _signald(running, "resume", "--by", "ops", "--reason", "seen") == 0
        eventually(lambda: "resume" in kinds(running))
        found = figures(running)
        code = running.terminate()
        verified = _signald(running, "verify", "journal")

    assert "halt" not in before
    assert {actual for _, actual in found} - {None} == {3.0}
    assert (code, verified) == (0, 0)


def _table(pair: KeyPair) -> dict[str, Any]:
    key = pair.trusted
    return {"id": key.id, "source": key.source, "public_key": key.public_key, "families": list(key.families)}


def _signald(running: Daemon, *words: str) -> int:
    arguments = [sys.executable, "-m", "signald", *words, "--config", "signald.toml"]
    return subprocess.run(arguments, cwd=running.folder, check=False, capture_output=True).returncode  # noqa: S603 - our own program


def test_a_key_that_is_made_signs_what_is_published(tmp_path: Path, broker: Server) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "signald", "key", "desk-1", "--source", "manual", "--json"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    public = json.loads(made.stdout)["public_key"]
    key = {"id": "desk-1", "source": "manual", "public_key": public}
    promise = {"release_id": RELEASE_ID, "indicator": "us.cpi.yoy", "period": "2025-01", "consensus": 2.9, "prior": 2.9}
    due = format_rfc3339(LiveClock.now())
    lines = json.dumps({**promise, "ts_scheduled": due}) + "\n" + json.dumps({"release_id": RELEASE_ID, "actual": 3.0})
    with (
        installed(embedded_valkey) as valkey,
        daemon(
            tmp_path / "d",
            mqtt_port=broker.port,
            redis_port=valkey.port,
            lists={"signatures.keys": [key]},
            signatures={"unsigned": "refuse"},
            mqtt={"sign_key_id": "desk-1", "sign_key_file": str(tmp_path / "desk-1.pem")},
        ) as running,
    ):
        running.wait_for("ready")
        subprocess.run(
            [sys.executable, "-m", "signald", "publish", "-", "--config", "signald.toml"],
            cwd=running.folder,
            input=lines.encode(),
            check=True,
            capture_output=True,
        )
        eventually(lambda: ("release", 3.0) in figures(running))
        unsigned = refused(running, "unsigned")

    assert unsigned == 0
    assert (tmp_path / "desk-1.pem").stat().st_mode & 0o777 == 0o600
