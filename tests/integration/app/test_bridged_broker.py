"""Feeds at one broker, the daemon at another, and between them the bridge as docs/howto/scale.md has it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from signald.simulate.child import LOOPBACK, Server
from signald.simulate.servers import embedded_valkey, mosquitto
from tests.support.agency import Agency
from tests.support.daemons import Daemon, daemon
from tests.support.servers import installed
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(150)

BRIDGE = Path(__file__).resolve().parents[3] / "deploy" / "mosquitto" / "bridge.conf"
WITHIN_S = 40.0


def bridge_to(port: int) -> dict[str, str]:
    """The lines of the shipped file, but without TLS and to a broker on this machine."""
    lines = [line.partition(" ")[::2] for line in BRIDGE.read_text().splitlines() if not line.startswith("#")]
    kept = {name: told for name, told in lines if name not in {"bridge_cafile", "bridge_certfile", "bridge_keyfile"}}
    return kept | {"address": f"{LOOPBACK}:{port}"}


@pytest.fixture
def feeds() -> Iterator[Server]:
    with installed(mosquitto) as server:
        yield server


@pytest.fixture
def beside(feeds: Server) -> Iterator[Server]:
    with installed(lambda: mosquitto(settings=bridge_to(feeds.port))) as server:
        yield server


@pytest.fixture
def running(tmp_path: Path, beside: Server) -> Iterator[Daemon]:
    with (
        installed(embedded_valkey) as valkey,
        daemon(tmp_path / "here", mqtt_port=beside.port, redis_port=valkey.port) as started,
    ):
        started.wait_for("ready")
        yield started


def releases(running: Daemon) -> list[str]:
    told = [one for one in running.documents() if one["kind"] == "release"]
    return [cause["release_id"] for one in told for cause in one["causes"]]


def knows(running: Daemon, release_id: str) -> bool:
    with Redis.from_url(running.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        told: Any = redis.hget("{signald}:status", "calendar")
    return release_id.encode() in (told or b"")


def test_figures_cross_a_bridge_and_those_of_a_cut_come_after_it(feeds: Server, running: Daemon) -> None:
    agency = Agency(feeds.port)
    agency.schedule("us.cpi.yoy:2025-01")
    agency.release("us.cpi.yoy:2025-01")
    eventually(lambda: releases(running) == ["us.cpi.yoy:2025-01"], within_s=WITHIN_S)
    feeds.kill()
    feeds.start()

    agency.schedule("us.cpi.yoy:2025-02")  # retained: the bridge is told when it is there again
    eventually(lambda: knows(running, "us.cpi.yoy:2025-02"), within_s=WITHIN_S)
    agency.release("us.cpi.yoy:2025-02")

    eventually(lambda: "us.cpi.yoy:2025-02" in releases(running), within_s=WITHIN_S)
