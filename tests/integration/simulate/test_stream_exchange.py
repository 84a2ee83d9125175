"""Simulated exchanges that send snapshots in band, the sources that read them, and what goes wrong between the two."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from signald.core.book import Level
from signald.core.kernels.layout import PHASE_LIVE
from signald.core.kernels.rows import STATE_GAP, STATE_LIVE
from signald.errors import ConfigError
from signald.model.instruments import Instrument
from signald.model.notices import BookLive
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.simulate.child import LOOPBACK
from signald.simulate.market import ASK, BID, Change, Market, MarketShape
from signald.simulate.venues.bybit import BybitSymbol, BybitWords
from signald.simulate.venues.dialect import StreamSymbol, Words
from signald.simulate.venues.okx import OkxSymbol, OkxWords
from signald.simulate.venues.stream_exchange import StreamExchange
from tests.support.clocks import HandClock
from tests.support.instruments import BYBIT_OTHER_PERP, BYBIT_PERP, OKX_SPOT, OKX_SWAP
from tests.support.venue_client import VenueClient, levels_of

pytestmark = pytest.mark.timeout(90)  # a machine with other work
T0 = 1_739_367_000 * NS_PER_S


class Venue(NamedTuple):
    """What differs between the venues."""

    instruments: list[Instrument]
    list_symbol: Callable[[Instrument], StreamSymbol]
    words: Words
    path: str


VENUES = {
    "okx": Venue([OKX_SPOT, OKX_SWAP], OkxSymbol, OkxWords(), "/public"),
    "bybit": Venue([BYBIT_PERP, BYBIT_OTHER_PERP], BybitSymbol, BybitWords("linear"), "/v5/public/linear"),
}


@pytest.fixture(params=VENUES)
def venue(request: pytest.FixtureRequest) -> Venue:
    return VENUES[request.param]


class Run:
    """An exchange, its markets, and one source that reads it."""

    def __init__(self, venue: Venue, *, moving: bool = True) -> None:
        self.clock = HandClock(T0)
        self.symbols = [venue.list_symbol(instrument) for instrument in venue.instruments]
        shapes = [
            MarketShape(mid=95_000.0 / 30**number, tick_size=float(each.tick_size), lot_size=float(each.lot_size))
            for number, each in enumerate(venue.instruments)
        ]
        markets = [Market(shape, seed=number, now=T0) if moving else None for number, shape in enumerate(shapes)]
        self.exchange = StreamExchange(dict(zip(self.symbols, markets, strict=True)), venue.words, self.clock)
        self._venue = venue

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[VenueClient]:
        """The source, connected."""
        async with self.exchange, asyncio.TaskGroup() as tasks:
            client = VenueClient(self.exchange.ws_url, self._venue.instruments, self.clock)
            task = tasks.create_task(client.run())
            yield client
            task.cancel()

    async def until(self, client: VenueClient, condition: Callable[[], bool], *, ms: int = 100) -> None:
        """Let time go on, market and all, until something is so."""
        async with asyncio.timeout(60):
            while not condition():
                self.clock.ts += ms * NS_PER_MS
                self.exchange.push()
                await client.tick()
                await asyncio.sleep(0.002)

    async def settle(self, client: VenueClient) -> None:
        """Let everything that was told arrive, and no more be told."""
        async with asyncio.timeout(60):
            while any(self.levels(n) != levels_of(book) for n, book in enumerate(client.source.books)):  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    def levels(self, number: int) -> tuple[list[Level], list[Level]]:
        """The best levels as the exchange has them."""
        symbol = self.symbols[number]
        tick, lot = symbol.instrument.tick_size, symbol.instrument.lot_size
        bids, asks = ([(price * tick, size * lot) for price, size in symbol.ledger.best(side, 20)] for side in (0, 1))
        return bids, asks


def all_live(client: VenueClient) -> bool:
    return all(book.phase == PHASE_LIVE for book in client.source.books)


async def test_the_source_has_the_exchanges_own_books(venue: Venue) -> None:
    run = Run(venue)
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client) and client.source.books[0].applied > 20)
        await run.settle(client)

        assert client.gaps == []
        assert [type(each) for each in client.said] == [BookLive, BookLive]
        assert [int(row["flags"]) for row in client.rows] == [0, 0]
        assert all(row["bid"] < row["microprice"] < row["ask"] for row in client.rows)


async def test_a_frame_that_nobody_can_read_is_missed_by_the_next(venue: Venue) -> None:
    run = Run(venue)
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client))
        before = client.source.books[0].applied

        run.exchange.faults(run.symbols[0].streams[0]).replace(lambda frame: frame.replace('"', "'", 40))
        await run.until(client, lambda: client.source.books[0].applied > before + 20 and all_live(client))
        await run.settle(client)

        assert client.gaps == ["sequence"]


async def test_a_neighbour_is_not_hurt(venue: Venue) -> None:
    run = Run(venue)
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client))
        run.exchange.faults(run.symbols[0].streams[0]).drop()

        await run.until(client, lambda: client.gaps == ["sequence"])

        assert int(client.rows[0]["state"]) == STATE_GAP
        assert int(client.rows[1]["state"]) == STATE_LIVE
        assert client.source.books[1].phase == PHASE_LIVE


async def test_pings_keep_the_connection(venue: Venue) -> None:
    run = Run(venue)
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client))
        began = run.clock.ts

        await run.until(client, lambda: run.clock.ts > began + 100 * NS_PER_S, ms=1_000)

        pings = [frame for frame in client.sent if b"ping" in frame]
        assert len(pings) >= 4
        assert run.exchange.connects == 1


async def test_a_silent_exchange_is_left(venue: Venue) -> None:
    run = Run(venue, moving=False)
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client) or bool(client.sent))
        deaf = [client.source.on_connected(run.clock.ts)]
        while not deaf[-1].reconnect:
            due = client.source.next_deadline()
            assert due is not None
            deaf.append(client.source.advance(due))

        assert deaf[-1].reconnect == "no answer to a ping"


async def test_an_idle_client_is_closed(venue: Venue) -> None:
    symbol = venue.list_symbol(venue.instruments[0])
    async with (
        StreamExchange({symbol: None}, venue.words, HandClock(T0), close_idle_s=0.05) as exchange,
        connect(exchange.ws_url + venue.path) as connection,
    ):
        with pytest.raises(ConnectionClosed):
            await connection.recv()


async def test_wrong_orders_are_answered_as_the_venue_answers(venue: Venue) -> None:
    symbol = venue.list_symbol(venue.instruments[0])
    async with (
        StreamExchange({symbol: None}, venue.words, HandClock(T0)) as exchange,
        connect(exchange.ws_url + venue.path) as connection,
    ):
        answers = []
        for order in ("nonsense", '{"op":"dance","args":[]}', '{"op":"subscribe","args":["orderbook.50.NOPE"]}'):
            await connection.send(order)
            answers.append(json.loads(await connection.recv()))

    assert all(answer.get("event") == "error" or answer.get("success") is False for answer in answers)


async def test_other_paths_and_too_many_connections_are_refused(venue: Venue) -> None:
    async with StreamExchange({}, venue.words, HandClock(T0)) as exchange:
        exchange.refusals = 1
        with pytest.raises(InvalidStatus, match="429"):
            await connect(exchange.ws_url + venue.path)
        with pytest.raises(InvalidStatus, match="404"):
            await connect(exchange.ws_url + "/elsewhere")


async def test_a_port_in_use_is_named(venue: Venue) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=f":{port}: the simulated exchange cannot listen"):
            async with StreamExchange({}, venue.words, HandClock(T0), port=port):
                pass


async def test_an_announced_upgrade_is_not_waited_for() -> None:
    run = Run(VENUES["okx"])
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client))

        run.exchange.announce_upgrade()
        await run.until(client, lambda: run.exchange.connects == 2 and all_live(client))

        assert client.gaps == ["disconnected", "disconnected"]


async def test_an_empty_update_says_that_the_book_is_as_it_was() -> None:
    run = Run(VENUES["okx"], moving=False)
    symbol = run.symbols[0]
    assert isinstance(symbol, OkxSymbol)
    for each in run.symbols:
        each.ledger.apply([Change(BID, 1_000, 5), Change(ASK, 1_010, 5)])
    async with run.reading() as client:
        await run.until(client, lambda: all_live(client))
        run.clock.ts += 60 * NS_PER_S

        run.exchange.say(symbol.streams[0], symbol.idle(run.clock.ts))
        await run.until(client, lambda: client.source.books[0].applied == 2, ms=0)

        assert client.source.books[0].ts_ingest == run.clock.ts
        assert client.gaps == []
