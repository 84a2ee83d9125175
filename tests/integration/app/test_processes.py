"""``signald run`` as a family of processes: each is killed, and what it did is done again, or does not matter."""

import os
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from signald.simulate.child import LOOPBACK, Server, free_port
from signald.simulate.servers import embedded_broker, embedded_valkey
from signald.simulate.venues.binance_exchange import BinanceExchange
from tests.support.agency import Agency
from tests.support.daemons import Daemon, daemon
from tests.support.exchange import ExchangeInThread, exchange_in_thread
from tests.support.servers import installed
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(150)

WITHIN_S = 30.0


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with installed(embedded_broker) as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[Server]:
    with installed(embedded_valkey) as server:
        yield server


@pytest.fixture
def exchange() -> Iterator[ExchangeInThread[BinanceExchange]]:
    with exchange_in_thread() as running:
        yield running


@pytest.fixture
def running(
    tmp_path: Path, broker: Server, valkey: Server, exchange: ExchangeInThread[BinanceExchange]
) -> Iterator[Daemon]:
    venue = {"ws_url": exchange.exchange.ws_url, "rest_url": exchange.exchange.rest_url}
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, venue=venue) as started:
        started.wait_for("ready")
        started.wait_for("book_went_live")
        yield started


def notices(running: Daemon) -> list[str]:
    """Events of the stream of notices."""
    with Redis.from_url(running.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        entries: Any = redis.xrange("{signald}:notices")
    return [fields[b"event"].decode() for _, fields in entries]


def kill(running: Daemon, name: str) -> int:
    """Kill one of them; the process that takes its place."""
    before = eventually(lambda: running.processes().get(name, {}).get("pid", 0), within_s=WITHIN_S)
    os.kill(before, signal.SIGKILL)

    def successor() -> int:
        told = running.processes().get(name, {})
        return told["pid"] if told and told["pid"] not in {0, before} and told["ready"] else 0

    return eventually(successor, within_s=WITHIN_S)


def released(running: Daemon, release_id: str) -> dict[str, Any]:
    """The document of a release, as soon as it is there."""

    def look() -> list[dict[str, Any]]:
        told = [each for each in running.documents() if each["kind"] == "release"]
        return [each for each in told if release_id in {cause["release_id"] for cause in each["causes"]}]

    return eventually(look, within_s=WITHIN_S)[0]


def release(running: Daemon, release_id: str) -> dict[str, Any]:
    """Schedule it, say its figure, and read what is said of it."""
    agency = Agency(running.tables["mqtt"]["port"])
    agency.schedule(release_id)
    agency.release(release_id)
    return released(running, release_id)


def test_a_killed_feed_worker_leaves_flags_and_comes_back(running: Daemon) -> None:
    before = running.processes()["feed-1"]["pid"]
    os.kill(before, signal.SIGKILL)
    running.wait_for("books_disowned", member="feed-1")
    alone = release(running, "us.cpi.yoy:2025-01")  # perhaps while it is away, perhaps just after
    eventually(lambda: len(running.events("book_went_live")) > 1, within_s=WITHIN_S)

    after = release(running, "us.cpi.yoy:2025-02")
    eventually(lambda: notices(running).count("book_went_live") > 1, within_s=WITHIN_S)  # the worker's, in Redis
    code = running.terminate()

    assert alone["id"] != after["id"]
    assert not {"no_book", "stale_book"} & set(after["flags"])
    assert after["book"]["bid"] < after["book"]["ask"]
    assert code == 0
    result = running.verified()
    assert (result["difference"], result["documents"] >= 2) == (None, True)


def test_a_stopped_feed_worker_is_no_obstacle_and_its_books_are_flagged(running: Daemon) -> None:
    worker = running.processes()["feed-1"]["pid"]
    lack = "no live book of BTCUSDT.BINANCE"
    eventually(lambda: lack not in degraded(running), within_s=WITHIN_S)
    os.kill(worker, signal.SIGSTOP)
    try:
        eventually(lambda: lack in degraded(running), within_s=WITHIN_S)
        document = release(running, "us.cpi.yoy:2025-01")
    finally:
        os.kill(worker, signal.SIGCONT)

    assert {"no_book", "stale_book"} & set(document["flags"])
    assert running.process.poll() is None


def degraded(running: Daemon) -> list[str]:
    """What the daemon says that it lacks."""
    with Redis.from_url(running.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        told: Any = redis.hget("{signald}:status", "daemon")
    return msgspec.json.decode(told or b"{}").get("degraded", [])


def test_a_killed_metrics_process_is_nothing_to_the_path(running: Daemon) -> None:
    port = eventually(lambda: running.metrics().get('signald_process_up{process="signal"}'), within_s=WITHIN_S)
    after = kill(running, "metrics")

    document = release(running, "us.cpi.yoy:2025-01")

    def scraped() -> dict[str, float]:
        try:
            return running.metrics()
        except (OSError, HTTPException):
            return {}

    told = eventually(lambda: {**scraped()}, within_s=WITHIN_S)
    assert port
    assert after
    assert document["verdict"] == "down"
    assert told['signald_stage_seconds_count{stage="frame"}'] > 0
    assert (
        eventually(lambda: scraped().get('signald_process_restarts_total{process="metrics"}'), within_s=WITHIN_S) == 1
    )
    assert running.events("process_ended", member="signal") == []


def test_a_killed_signal_process_takes_up_where_it_was(running: Daemon) -> None:
    agency = Agency(running.tables["mqtt"]["port"])
    agency.schedule("us.cpi.yoy:2025-01")
    eventually(lambda: running.events("release_moved", state="armed"), within_s=WITHIN_S)

    kill(running, "signal")
    agency.release("us.cpi.yoy:2025-01")
    document = released(running, "us.cpi.yoy:2025-01")
    code = running.terminate()

    assert document["causes"][0]["consensus"] == 2.9
    assert not {"no_book", "stale_book"} & set(document["flags"])  # the books were kept by somebody else
    assert code == 0
    result = running.verified()
    assert (result["difference"], result["documents"] >= 1) == (None, True)


def test_a_halt_by_signal_outlives_the_death_of_the_signal_process(running: Daemon) -> None:
    before = eventually(lambda: running.processes().get("signal", {}).get("pid", 0), within_s=WITHIN_S)
    file = running.folder / "var" / "halt"

    os.kill(before, signal.SIGKILL)
    running.wait_for("process_ended", member="signal")
    running.process.send_signal(signal.SIGUSR1)
    eventually(file.exists, within_s=WITHIN_S)
    eventually(lambda: len(running.events("ready")) > 1, within_s=WITHIN_S)

    assert file.read_text(encoding="utf-8").startswith("signal\n")
    assert len(running.events("process_ended", member="signal")) == 1
    assert running.terminate() == 0


def test_a_console_whose_port_is_taken_ends_the_daemon_before_it_connects(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        console = {"port": port, "token_file": str(tmp_path / "token")}
        nobody = free_port()
        with daemon(
            tmp_path / "here", mqtt_port=nobody, redis_port=nobody, console={"enabled": True, **console}
        ) as one:
            code = one.wait_ended()

            assert code == 2
            assert f"console.host, console.port: {LOOPBACK}:{port}" in one.said
            assert "Traceback" not in one.said


def test_a_console_that_is_ready_answers(tmp_path: Path, broker: Server, valkey: Server) -> None:
    console: dict[str, Any] = {"enabled": True, "port": free_port(), "token_file": str(tmp_path / "token")}
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, console=console) as running:
        after = kill(running, "console")
        page = HTTPConnection(LOOPBACK, console["port"], timeout=WITHIN_S)
        page.request("GET", "/state")

        assert page.getresponse().status == 200
        assert running.processes()["console"]["pid"] == after
        page.close()
        assert running.terminate() == 0


def test_one_that_is_ending_is_not_ready_any_more(running: Daemon) -> None:
    worker = eventually(lambda: running.processes().get("signal", {}).get("pid", 0), within_s=WITHIN_S)
    eventually(lambda: readiness(running) == 200, within_s=WITHIN_S)

    os.kill(worker, signal.SIGSTOP)  # so that its end takes long enough to be looked at
    running.process.send_signal(signal.SIGTERM)
    try:
        eventually(lambda: readiness(running) == 503)
    finally:
        os.kill(worker, signal.SIGCONT)

    assert running.process.wait(WITHIN_S) == 0


def readiness(running: Daemon) -> int:
    """What whoever wants to know whether to ask this daemon is told."""
    connection = HTTPConnection(LOOPBACK, running.tables["metrics"]["port"], timeout=WITHIN_S)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whichever_way_it_ends_nobody_is_left(running: Daemon, number: signal.Signals) -> None:
    family = [told["pid"] for told in running.processes().values()]

    running.terminate(number)

    eventually(lambda: not any(is_alive(pid) for pid in family), within_s=WITHIN_S)
    assert len(family) == 3


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not asked after by whoever adopted it does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
