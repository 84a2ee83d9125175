"""A changed configuration is taken by a SIGHUP: not while a release is open, and then as a whole."""

import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from signald.model.time import NS_PER_S
from signald.runtime.clock import SharedClock
from signald.simulate.child import Server
from signald.simulate.servers import embedded_broker, embedded_valkey
from tests.support.agency import Agency
from tests.support.daemons import Daemon, config_text, daemon
from tests.support.servers import installed
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(200)

WITHIN_S = 60.0
LATER_S = 7_200
NOBODY = {"ws_url": "ws://127.0.0.1:9", "rest_url": "http://127.0.0.1:9"}
BOTH = {"instruments": ["ETHUSDT.BINANCE", "BTCUSDT.BINANCE"]}
DESK = {"name": "late-desk", "jurisdiction": "SG"}


@pytest.fixture
def broker() -> Iterator[Server]:
    with installed(embedded_broker) as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[Server]:
    with installed(embedded_valkey) as server:
        yield server


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What systemd would hear: it reads all the time."""
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(f"\0{tmp_path}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{tmp_path}")
        reader = threading.Thread(target=lambda: told.extend(datagrams(bound)))
        reader.start()
        yield told
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", f"\0{tmp_path}")
        reader.join()


def datagrams(bound: socket.socket) -> Iterator[str]:
    """Lines of what comes, but for signs of life, until an empty one does."""
    while datagram := bound.recv(4_096):
        yield from {"READY=1", "RELOADING=1", "STOPPING=1"} & set(datagram.decode().splitlines())


@pytest.fixture(params=["family", "single process"])
def running(
    request: pytest.FixtureRequest, tmp_path: Path, broker: Server, valkey: Server, manager: list[str]
) -> Iterator[Daemon]:
    del manager
    SharedClock.create(tmp_path / "clock")
    with daemon(
        tmp_path / "here",
        mqtt_port=broker.port,
        redis_port=valkey.port,
        venue=NOBODY,
        command=("run",) if request.param == "family" else ("run", "--single-process"),
        live={"clock_file": str(tmp_path / "clock")},
    ) as started:
        started.wait_for("ready")
        yield started


def reconfigure(running: Daemon, *consumers: dict[str, str], **changes: dict[str, Any]) -> None:
    tables = running.tables | changes
    text = config_text(tables, venue=NOBODY | BOTH, lists={"consumers": consumers})
    (running.folder / "signald.toml").write_text(text, encoding="utf-8")
    running.process.send_signal(signal.SIGHUP)


def released(running: Daemon, key: str) -> list[str]:
    """Instruments of the releases on a stream."""
    with Redis.from_url(running.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        entries: Any = redis.xrange(f"{{signald}}:{key}")
    documents = [msgspec.json.decode(fields[b"data"]) for _, fields in entries]
    return sorted(one["instrument"] for one in documents if one["kind"] == "release")


def noticed(running: Daemon) -> list[str]:
    with Redis.from_url(running.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        entries: Any = redis.xrange("{signald}:notices")
    return [fields[b"event"].decode() for _, fields in entries]


def test_a_new_configuration_waits_for_the_release_and_is_then_taken_whole(running: Daemon, manager: list[str]) -> None:
    agency = Agency(running.tables["mqtt"]["port"])
    reconfigure(running, redis={"url": "redis://127.0.0.1:1/0"})
    refused = running.wait_for("reload_refused")
    agency.schedule("us.cpi.yoy:2025-01")
    agency.release("us.cpi.yoy:2025-01")
    first = eventually(lambda: released(running, "signals"), within_s=WITHIN_S)

    reconfigure(running, DESK, releases={"late_after_s": 30.0})
    running.wait_for("reload_waits")
    at_once = running.events("configuration_reloaded")
    clock = SharedClock(running.folder.parent / "clock")
    clock.set_now(clock.now() + LATER_S * NS_PER_S)
    told = running.wait_for("configuration_reloaded")
    agency.schedule("us.cpi.yoy:2025-02", in_s=float(LATER_S))
    agency.release("us.cpi.yoy:2025-02")
    second = eventually(lambda: released(running, "consumer:late-desk"), within_s=WITHIN_S)
    eventually(lambda: {"reload_refused", "configuration_reloaded"} <= set(noticed(running)), within_s=WITHIN_S)
    counted = running.metrics()
    code = running.terminate()
    eventually(lambda: "STOPPING=1" in manager, within_s=WITHIN_S)

    assert (refused["keys"], at_once) == (["redis.url"], [])
    assert told["changed"] == ["consumers", "releases.late_after_s", "venues"]
    assert first == ["BTCUSDT.BINANCE"]
    assert set(second) <= {"BTCUSDT.BINANCE", "ETHUSDT.BINANCE"}
    assert [counted[f'signald_reloads_total{{result="{one}"}}'] for one in ("taken", "refused", "undone")] == [1, 1, 0]
    assert code == 0
    assert manager == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    compared = running.verified()
    assert (compared["difference"], compared["documents"] > len(first + second)) == (None, True)
