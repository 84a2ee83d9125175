"""Books kept by ``signald feed`` for a daemon elsewhere: their rows come over a real Redis, or are not believed."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from signald.app.recordings import run_verify
from signald.config import load_config
from signald.simulate.child import LOOPBACK, Server
from signald.simulate.servers import embedded_broker, redis_server
from signald.simulate.venues.binance_exchange import BinanceExchange
from tests.support.agency import Agency
from tests.support.daemons import Daemon, daemon
from tests.support.exchange import ExchangeInThread, exchange_in_thread
from tests.support.servers import installed
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(150)

WITHIN_S = 40.0
BOARD: dict[str, Any] = {"board.hosts": {"tokyo": ["binance"]}}
NO_BOOK = "no live book of BTCUSDT.BINANCE"


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with installed(embedded_broker) as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with installed(redis_server) as server:
        yield server


@pytest.fixture
def exchange() -> Iterator[ExchangeInThread[BinanceExchange]]:
    with exchange_in_thread() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, broker: Server, redis: Server) -> Iterator[Daemon]:
    """The daemon with the engine; nobody is at its venue's addresses: it does not ask."""
    with daemon(tmp_path / "desk", mqtt_port=broker.port, redis_port=redis.port, **BOARD) as started:
        yield started


@contextmanager
def tokyo(desk: Daemon, exchange: ExchangeInThread[BinanceExchange]) -> Generator[Daemon]:
    """The host that keeps the books, told on its command line which Redis it is."""
    venue = {"ws_url": exchange.exchange.ws_url, "rest_url": exchange.exchange.rest_url}
    with daemon(
        desk.folder.with_name("tokyo"),
        mqtt_port=1,  # it has no calendar
        redis_port=1,
        venue=venue,
        command=("feed", "tokyo", "--board", desk.tables["redis"]["url"]),
        **BOARD,
    ) as started:
        yield started


def status(desk: Daemon, component: str) -> dict[str, Any]:
    with Redis.from_url(desk.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        told: Any = redis.hget("{signald}:status", component)
    return msgspec.json.decode(told or b"{}")


def degraded(desk: Daemon) -> Sequence[str] | None:
    return status(desk, "daemon").get("degraded")


def release(desk: Daemon, release_id: str) -> dict[str, Any]:
    """Schedule it, say its figure, and read what is said of it."""
    agency = Agency(desk.tables["mqtt"]["port"])
    agency.schedule(release_id)
    agency.release(release_id)

    def look() -> list[dict[str, Any]]:
        told = [each for each in desk.documents() if each["kind"] == "release"]
        return [each for each in told if release_id in {cause["release_id"] for cause in each["causes"]}]

    return eventually(look, within_s=WITHIN_S)[0]


def has_book(desk: Daemon) -> bool:
    lacks = degraded(desk)
    return lacks is not None and NO_BOOK not in lacks


def says_ready(there: Daemon) -> bool:
    """What whoever looks after a container asks."""
    port: int = there.tables["metrics"]["port"]
    with closing(HTTPConnection(LOOPBACK, port, timeout=WITHIN_S)) as connection:
        connection.request("GET", "/ready")
        return connection.getresponse().status == HTTPStatus.OK


def test_a_book_of_another_host_is_scored_with_and_flagged_when_that_host_is_gone(
    desk: Daemon, exchange: ExchangeInThread[BinanceExchange]
) -> None:
    desk.wait_for("ready")
    with tokyo(desk, exchange) as far:
        far.wait_for("book_went_live")
        eventually(lambda: has_book(desk), within_s=WITHIN_S)
        assert says_ready(far)
        alive = release(desk, "us.cpi.yoy:2025-01")
        assert far.terminate() == 0
    desk.wait_for("remote_books_fell_silent", host="tokyo")
    eventually(lambda: not has_book(desk), within_s=WITHIN_S)

    alone = release(desk, "us.cpi.yoy:2025-02")

    assert not {"no_book", "stale_book"} & set(alive["flags"])
    assert alive["book"]["bid"] < alive["book"]["ask"]
    assert 0 <= alive["book"]["age_ms"] < 1e4 * WITHIN_S
    assert {"no_book", "stale_book"} & set(alone["flags"])
    assert desk.terminate() == 0
    assert run_verify(load_config(desk.folder / "signald.toml", {}), desk.folder / "journal").difference is None
