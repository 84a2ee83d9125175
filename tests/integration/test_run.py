"""``signald run`` on servers of one's own: what any client sends becomes a signal, and nothing wrong stops that."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from signald.model.time import NS_PER_S, format_rfc3339
from signald.simulate.child import LOOPBACK, Server, free_port
from signald.simulate.servers import embedded_broker, embedded_valkey
from signald.simulate.venues.binance_exchange import BinanceExchange
from signald.vintages import VintageStore
from tests.support.agency import RELEASE_ID, Agency
from tests.support.calendar import DAY
from tests.support.daemons import Daemon, daemon
from tests.support.exchange import ExchangeInThread, exchange_in_thread
from tests.support.servers import installed
from tests.support.vintages import figure, schedule
from tests.support.waiting import eventually

DEPTH = "btcusdt@depth@100ms"
EXIT_USAGE = 2
EXIT_UNREACHABLE = 4

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def broker() -> Iterator[Server]:
    with installed(embedded_broker) as server:
        yield server


@pytest.fixture
def valkey() -> Iterator[Server]:
    with installed(embedded_valkey) as server:
        yield server


@pytest.fixture
def exchange() -> Iterator[ExchangeInThread]:
    with exchange_in_thread() as running:
        yield running


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    printed = subprocess.run([sys.executable, "-m", "signald", "schema"], capture_output=True, check=True)
    return jsonschema.Draft202012Validator(json.loads(printed.stdout))


def addresses(exchange: BinanceExchange) -> dict[str, str]:
    """The keys of a venue that is this exchange."""
    return {"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}


def signal_of(running: Daemon, release_id: str = RELEASE_ID) -> dict[str, Any]:
    """The document that this release gave, as soon as it is there."""

    def look() -> list[dict[str, Any]]:
        assert running.process.poll() is None, running.said
        documents = [each for each in running.documents() if each["kind"] == "release"]
        return [each for each in documents if release_id in {cause["release_id"] for cause in each["causes"]}]

    return eventually(look, within_s=10)[-1]


def is_held_or_heard(pid: int, number: signal.Signals) -> bool:
    """Whether a signal would not do what it does to who knows nothing of it."""
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines())
    return any(int(lines[name], 16) >> (number - 1) & 1 for name in ("SigBlk", "SigCgt"))


def calendar_of(running: Daemon, *arguments: object) -> list[dict[str, Any]]:
    """What `signald calendar` prints, asked where the daemon ran."""
    printed = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "signald", "calendar", "--config", "signald.toml", "--json", *map(str, arguments)],
        cwd=running.folder,
        capture_output=True,
        check=True,
    )
    return [json.loads(line) for line in printed.stdout.splitlines()]


def test_message_of_any_client_becomes_a_signal(
    tmp_path: Path,
    mqtt_server: Server,
    redis_server: Server,
    exchange: ExchangeInThread,
    schema: jsonschema.Draft202012Validator,
) -> None:
    venue = addresses(exchange.exchange)
    with daemon(tmp_path / "here", mqtt_port=mqtt_server.port, redis_port=redis_server.port, venue=venue) as running:
        running.wait_for("ready")
        running.wait_for("book_went_live")

        agency = Agency(mqtt_server.port)
        agency.schedule()
        agency.release()
        document = signal_of(running)
        code = running.terminate()

    schema.validate(document)
    (cause,) = document["causes"]
    assert (cause["release_id"], cause["actual"], cause["consensus"]) == (RELEASE_ID, 3.0, 2.9)
    assert cause["surprise"] == pytest.approx(0.1)
    assert (document["instrument"], document["revision"]) == ("BTCUSDT.BINANCE", 1)
    assert document["book"]["bid"] < document["book"]["ask"]
    assert document["horizons"]
    assert not {"no_book", "stale_book", "crossed_book"} & set(document["flags"])
    assert code == 0, running.said


def test_it_writes_nothing_but_its_journal_and_its_vintages(tmp_path: Path, broker: Server, valkey: Server) -> None:
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule()
        agency.release()
        signal_of(running)
        running.terminate()

    assert {path.name for path in running.folder.iterdir()} == {"signald.toml", "journal", "vintages.sqlite"}
    (below,) = (path for path in (running.folder / "journal").iterdir() if not path.is_file())
    assert below.name == "feed-1"


def test_what_the_daemon_heard_can_be_asked_for_as_of_any_time(tmp_path: Path, broker: Server, valkey: Server) -> None:
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule()
        agency.release()
        signal_of(running)
        running.terminate()

    (released, count) = calendar_of(running)
    (before, _) = calendar_of(running, "--as-of", format_rfc3339(released["ts_known"] - 1))

    assert (released["state"], released["consensus"], released["actual"]) == ("released", 2.9, 3.0)
    assert (before["state"], before["consensus"], before["actual"]) == ("armed", 2.9, None)
    assert count == {"releases": 1, "faults": {}}


def test_a_journal_that_begins_anew_goes_on_with_what_the_store_of_vintages_knows(
    tmp_path: Path, broker: Server, valkey: Server
) -> None:
    now = Agency(broker.port).now.timestamp()
    known, december = round(now * NS_PER_S) - 30 * DAY, "us.cpi.yoy:2024-12"
    with VintageStore(tmp_path / "old.sqlite") as store:
        due = msgspec.structs.replace(schedule(known - DAY, 2.7, release_id=december), ts_scheduled=known - 1)
        store.record_all([due, figure(known, 2.7, release_id=december)])
    old = {"vintages": str(tmp_path / "old.sqlite")}
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, calendar=old) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule(prior=None)
        agency.release(revised_prior=2.6)
        document = signal_of(running)
        code = running.terminate()

    (cause,) = document["causes"]
    assert (cause["prior"], cause["revised_prior"]) == (2.7, 2.6)
    assert code == 0, running.said
    verified = subprocess.run(
        [sys.executable, "-m", "signald", "verify", "journal", "--config", "signald.toml", "--json"],
        cwd=running.folder,
        capture_output=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout


def test_a_store_of_vintages_that_cannot_be_written_is_an_alarm_and_costs_no_signal(
    tmp_path: Path, broker: Server, valkey: Server
) -> None:
    (tmp_path / "broken").write_bytes(b"this is no database" * 1_000)
    broken = {"vintages": str(tmp_path / "broken")}
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, calendar=broken) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule()
        running.wait_for("vintages_not_written")
        agency.release()
        document = signal_of(running)
        eventually(lambda: running.metrics().get("signald_vintages_failing") == 1)
        code = running.terminate()

    assert document["causes"][0]["actual"] == 3.0
    assert code == 0, running.said
    assert running.events("vintages_lost")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to(tmp_path: Path, broker: Server, valkey: Server, number: signal.Signals) -> None:
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port) as running:
        running.wait_for("ready")

        code = running.terminate(number)

    assert code == 0, running.said
    assert "Traceback" not in running.said


def test_a_hangup_while_it_is_loading_waits_until_it_is_heard(tmp_path: Path, broker: Server, valkey: Server) -> None:
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port) as running:
        eventually(lambda: is_held_or_heard(running.process.pid, signal.SIGHUP), within_s=30)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("reload_changes_nothing")

        code = running.terminate()

    assert code == 0, running.said


def test_venue_that_is_not_reached_costs_the_book_and_no_signal(tmp_path: Path, broker: Server, valkey: Server) -> None:
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule()

        agency.release()
        document = signal_of(running)

    assert "no_book" in document["flags"]
    assert document["book"] is None


@pytest.mark.parametrize(
    ("topic", "payload", "reason", "field", "word"),
    [
        pytest.param(
            "calendar/release/us.ppi.yoy:2025-01/agency", b'{"release_id":', "malformed_message", "", "", id="no JSON"
        ),
        pytest.param(
            "calendar/release/us.ppi.yoy:2025-01/agency",
            b'{"release_id":"us.ppi.yoy:2025-01","actual":"n/a","ts_event":"2025-02-13T13:30:00Z",'
            b'"source":"agency","sequence":1,"kind":"first"}',
            "malformed_message",
            "actual",
            "n/a",
            id="no number",
        ),
        pytest.param(
            "calendar/schedule/us.cpi.mood:2025-01/agency",
            b'{"release_id":"us.cpi.mood:2025-01","indicator":"us.cpi.mood","period":"2025-01","consensus":1,"prior":1,'
            b'"ts_scheduled":"2025-02-13T13:30:00Z","ts_event":"2025-02-13T13:30:00Z","source":"agency","sequence":1}',
            "unknown_indicator",
            "",
            "us.cpi.mood",
            id="unknown indicator",
        ),
    ],
)
def test_message_that_makes_no_sense_is_said_counted_and_left_out(
    tmp_path: Path, broker: Server, valkey: Server, topic: str, payload: bytes, reason: str, field: str, word: str
) -> None:
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule()

        agency.send(topic, payload)
        said = running.wait_for("input_rejected", reason=reason)
        agency.release()
        document = signal_of(running)
        eventually(lambda: running.metrics().get(f'signald_rejected_total{{reason="{reason}"}}') == 1)

    assert len(running.events("input_rejected")) == 1
    assert topic in said["channel"]
    assert field in said["field"]
    assert word in said["problem"]
    assert document["causes"][0]["actual"] == 3.0


def test_frame_that_makes_no_sense_is_said_counted_and_left_out(
    tmp_path: Path, broker: Server, valkey: Server, exchange: ExchangeInThread
) -> None:
    venue = addresses(exchange.exchange)
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, venue=venue) as running:
        running.wait_for("ready")
        running.wait_for("book_went_live")
        agency = Agency(broker.port)
        agency.schedule()

        exchange.do(lambda it: it.faults(DEPTH).truncate())
        said = running.wait_for("input_rejected", reason="malformed_frame")
        resynced = 'signald_resyncs_total{venue="binance"}'
        eventually(lambda: running.metrics().get(resynced))
        agency.release()
        document = signal_of(running)
        eventually(lambda: running.metrics().get('signald_rejected_total{reason="malformed_frame"}') == 1)
        eventually(lambda: running.metrics().get('signald_gaps_total{venue="binance"}') == 1)

    assert said["channel"] == "binance"
    assert said["problem"]
    assert document["causes"][0]["actual"] == 3.0
    assert document["book"]["bid"] < document["book"]["ask"]


def test_wrong_key_ends_it_before_anything_is_connected(tmp_path: Path, broker: Server, valkey: Server) -> None:
    wrong = {"startup_timeout": 1.0}
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, live=wrong) as running:
        code = running.wait_ended()

    assert code == EXIT_USAGE
    assert running.said == (
        "signald: signald.toml: live.startup_timeout is not a key; did you mean live.startup_timeout_s? (line 16)\n"
    )
    assert [path.name for path in running.folder.iterdir()] == ["signald.toml"]


@pytest.mark.parametrize("missing", ["broker", "redis"])
def test_server_that_is_not_there_ends_it_in_time_and_is_named(
    tmp_path: Path, broker: Server, valkey: Server, missing: str
) -> None:
    nobody = free_port()
    ports = {"mqtt_port": broker.port, "redis_port": valkey.port}
    ports["mqtt_port" if missing == "broker" else "redis_port"] = nobody

    with daemon(tmp_path / "here", **ports, live={"startup_timeout_s": 1.0}) as running:
        code = running.wait_ended()

    assert code == EXIT_UNREACHABLE, running.said
    last = running.said.splitlines()[-1]
    assert last.startswith("signald: ")
    assert f"{LOOPBACK}:{nobody}" in last
    assert "Traceback" not in running.said


def test_metrics_port_that_is_taken_ends_it_and_is_named(tmp_path: Path, broker: Server, valkey: Server) -> None:
    taken = {"port": valkey.port}
    with daemon(tmp_path / "here", mqtt_port=broker.port, redis_port=valkey.port, metrics=taken) as running:
        code = running.wait_ended()

    assert code == EXIT_USAGE, running.said
    assert f"{LOOPBACK}:{valkey.port}" in running.said.splitlines()[-1]
