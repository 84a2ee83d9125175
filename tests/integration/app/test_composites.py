"""One price over three venues, from their exchanges to the stream, in a family of processes; one venue dies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from signald.app.recordings import run_verify
from signald.config import load_config
from signald.model.instruments import Instrument
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.simulate.market import Market, MarketShape
from signald.simulate.servers import embedded_broker, embedded_valkey
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import ListedSymbol
from signald.simulate.venues.bybit import BybitSymbol, BybitWords
from signald.simulate.venues.okx import OkxSymbol, OkxWords
from signald.simulate.venues.stream_exchange import StreamExchange
from signald.sinks import keys
from tests.support.agency import RELEASE_ID, Agency
from tests.support.daemons import Daemon, daemon
from tests.support.exchange import ExchangeInThread, running_in_thread
from tests.support.instruments import BTCUSDT, BYBIT_PERP, OKX_SPOT
from tests.support.servers import installed
from tests.support.waiting import eventually

COMPOSITE = "BTC-USD.COMPOSITE"
MIDS = {BTCUSDT.id: 95_000.0, OKX_SPOT.id: 95_010.0, BYBIT_PERP.id: 95_030.0}
LATER = "us.ppi.yoy:2025-01"

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
def binance() -> Iterator[ExchangeInThread[BinanceExchange]]:
    exchange = BinanceExchange([Listing(ListedSymbol(BTCUSDT), market(BTCUSDT))], LiveClock())
    with running_in_thread(exchange) as running:
        yield running


@pytest.fixture
def okx() -> Iterator[ExchangeInThread[StreamExchange]]:
    with running_in_thread(StreamExchange({OkxSymbol(OKX_SPOT): market(OKX_SPOT)}, OkxWords(), LiveClock())) as running:
        yield running


@pytest.fixture
def bybit() -> Iterator[ExchangeInThread[StreamExchange]]:
    exchange = StreamExchange({BybitSymbol(BYBIT_PERP): market(BYBIT_PERP)}, BybitWords("linear"), LiveClock())
    with running_in_thread(exchange) as running:
        yield running


@pytest.fixture
def running(
    tmp_path: Path,
    broker: Server,
    valkey: Server,
    binance: ExchangeInThread[BinanceExchange],
    okx: ExchangeInThread[StreamExchange],
    bybit: ExchangeInThread[StreamExchange],
) -> Iterator[Daemon]:
    """A daemon whose three venues are these, carried by the library that no other test of the daemon asks for."""
    rest = {"rest_url": binance.exchange.rest_url}
    venues = [
        {"name": "binance", "instruments": [BTCUSDT.id], "ws_url": binance.exchange.ws_url, **rest},
        {"name": "okx", "instruments": [OKX_SPOT.id], "ws_url": okx.exchange.ws_url},
        {"name": "bybit", "instruments": [BYBIT_PERP.id], "ws_url": bybit.exchange.ws_url},
    ]
    live = {"transport": "picows", "feed_workers": 2}
    folder = tmp_path / "here"
    with daemon(folder, mqtt_port=broker.port, redis_port=valkey.port, lists={"venues": venues}, live=live) as started:
        started.wait_for("ready")
        yield started


def market(instrument: Instrument) -> Market:
    """One that stays where it is: whatever moves the common price is no market."""
    shape = MarketShape(
        mid=MIDS[instrument.id],
        tick_size=float(instrument.tick_size),
        lot_size=float(instrument.lot_size),
        volatility_bps=0.0,
    )
    return Market(shape, seed=7, now=LiveClock().now())


def books(running: Daemon) -> dict[str, dict[str, Any]]:
    """What the status says of each book."""
    with Redis.from_url(running.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        told: Any = redis.hget(keys.STATUS, "books")
    columns = json.loads(told or b'{"instruments": []}')
    names = columns.pop("instruments")
    columns.pop("now", None)
    return {name: {what: column[row] for what, column in columns.items()} for row, name in enumerate(names)}


def books_of(running: Daemon, venues: int) -> dict[str, dict[str, Any]]:
    """The books as soon as so many venues are believed."""

    def look() -> dict[str, dict[str, Any]] | None:
        assert running.process.poll() is None, running.said
        seen = books(running)
        return seen if seen and seen[COMPOSITE]["venues"] == venues else None

    seen = eventually(look, within_s=30)
    assert seen is not None
    return seen


def released(running: Daemon, release_id: str) -> dict[str, dict[str, Any]]:
    """The documents of a figure by instrument, once all are there."""

    def look() -> dict[str, dict[str, Any]] | None:
        said = [each for each in running.documents() if each["kind"] == "release"]
        ours = [each for each in said if release_id in {cause["release_id"] for cause in each["causes"]}]
        found = {each["instrument"]: each for each in ours}
        return found if found.keys() == {*MIDS, COMPOSITE} else None

    seen = eventually(look, within_s=20)
    assert seen is not None
    return seen


def test_a_venue_that_dies_moves_the_common_price_by_less_than_its_spread(
    running: Daemon, broker: Server, bybit: ExchangeInThread[StreamExchange]
) -> None:
    agency = Agency(broker.port)
    before = books_of(running, 3)
    agency.schedule()
    agency.release()
    of_three = released(running, RELEASE_ID)

    bybit.stop()
    after = books_of(running, 2)
    agency.schedule(LATER, in_s=0.002)
    agency.release(LATER)
    of_two = released(running, LATER)
    code = running.terminate()

    whole, rest = before[COMPOSITE], after[COMPOSITE]
    assert [before[name]["share"] for name in MIDS] == pytest.approx([1 / 3] * 3)
    assert [after[name]["share"] for name in MIDS] == pytest.approx([0.5, 0.5, 0.0])
    assert whole["bid"] < before[BTCUSDT.id]["microprice"] < before[BYBIT_PERP.id]["microprice"] <= whole["ask"]
    assert whole["bid"] <= rest["mid"] <= whole["ask"]
    assert rest["bid"] <= after[BTCUSDT.id]["microprice"] < after[OKX_SPOT.id]["microprice"] <= rest["ask"]
    assert of_three[COMPOSITE]["book"]["bid"] < of_three[COMPOSITE]["book"]["ask"]
    assert of_two[COMPOSITE]["book"]["mid"] == pytest.approx(rest["mid"], abs=1.0)
    assert of_two[BYBIT_PERP.id]["book"] is None
    assert "no_book" not in of_two[COMPOSITE]["flags"]
    assert code == 0, running.said
    proof = run_verify(load_config(running.folder / "signald.toml", {}), running.folder / "journal")
    assert proof.difference is None
    assert proof.documents == len(running.documents())
