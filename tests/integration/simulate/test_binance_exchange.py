import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from signald.errors import ConfigError
from signald.model.time import NS_PER_S
from signald.simulate.child import LOOPBACK
from signald.simulate.market import ASK, BID, Change, Market, MarketShape
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import ListedSymbol
from tests.support.clocks import HandClock
from tests.support.instruments import BTCUSDT, ETHUSDT

T0 = 1_739_367_000 * NS_PER_S
DEPTH = "btcusdt@depth@100ms"
TICKER = "btcusdt@bookTicker"


class PingedConnection(ClientConnection):
    """A client that notes the server's pings, which it answers as every client does."""

    @cached_property
    def pinged(self) -> asyncio.Event:
        return asyncio.Event()

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pinged.set()


@pytest.fixture
def clock() -> HandClock:
    return HandClock(T0)


@pytest.fixture
async def exchange(clock: HandClock) -> AsyncIterator[BinanceExchange]:
    listings = [
        Listing(ListedSymbol(instrument), Market(MarketShape(), seed=seed, now=T0))
        for seed, instrument in enumerate((BTCUSDT, ETHUSDT))
    ]
    async with BinanceExchange(listings, clock) as running:
        yield running


async def get(exchange: BinanceExchange, path: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body of a plain HTTP request, hand-made as a stranger would."""
    reader, writer = await asyncio.open_connection(LOOPBACK, exchange.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body) if body else None


async def read_frame(connection: ClientConnection, stream: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        async for message in connection:
            frame = json.loads(message)
            if frame.get("stream") == stream:
                return frame["data"]
    msg = f"the connection ended before a frame of {stream}"
    raise AssertionError(msg)


@asynccontextmanager
async def reading(exchange: BinanceExchange, path: str) -> AsyncIterator[ClientConnection]:
    """A connection that the exchange knows of: what it tells from now on arrives."""
    async with connect(f"{exchange.ws_url}{path}") as connection:
        await reader_count(exchange, 1)
        yield connection


async def reader_count(exchange: BinanceExchange, expected: int) -> None:
    async with asyncio.timeout(5):
        while exchange.readers != expected:  # noqa: ASYNC110 - a test's view of a server that knows no waiters
            await asyncio.sleep(0.005)


def advance(exchange: BinanceExchange, clock: HandClock, *, ms: int = 100) -> None:
    clock.ts += ms * 1_000_000
    exchange.push()


async def test_snapshot_and_diffs_give_the_exchanges_own_book(exchange: BinanceExchange, clock: HandClock) -> None:
    book: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
    async with reading(exchange, f"/stream?streams={DEPTH}/{TICKER}") as connection:
        frames = [await after(exchange, clock, connection) for _ in range(3)]
        clock.ts += 50_000_000
        _, _, snapshot = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        frames += [await after(exchange, clock, connection) for _ in range(10)]

    for side, levels in book.items():
        levels.update({Decimal(price): Decimal(size) for price, size in snapshot[side]})
    last = snapshot["lastUpdateId"]
    fresh = [frame for frame in frames if frame["u"] > last]
    for frame in fresh:
        assert frame["U"] <= last + 1 <= frame["u"]
        last = frame["u"]
        for side, key in (("bids", "b"), ("asks", "a")):
            for price, size in frame[key]:
                book[side][Decimal(price)] = Decimal(size)
    _, _, final = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5000")

    assert len(fresh) == 10
    assert fresh[0]["U"] < snapshot["lastUpdateId"] + 1, "the snapshot lies inside a diff in flight"
    assert last == final["lastUpdateId"]
    for side in ("bids", "asks"):
        ours = {price: size for price, size in book[side].items() if size}
        assert ours == {Decimal(price): Decimal(size) for price, size in final[side]}


async def after(exchange: BinanceExchange, clock: HandClock, connection: ClientConnection) -> dict[str, Any]:
    """The next diff, 100 ms on."""
    advance(exchange, clock)
    return await read_frame(connection, DEPTH)


async def test_the_ticker_is_the_books_touch_at_its_update_id(exchange: BinanceExchange, clock: HandClock) -> None:
    async with reading(exchange, f"/stream?streams={TICKER}") as connection:
        advance(exchange, clock, ms=3_000)
        ticker = await read_frame(connection, TICKER)
        _, _, snapshot = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=1")

    assert ticker["u"] == snapshot["lastUpdateId"]
    assert [ticker["b"], ticker["B"]] == snapshot["bids"][0]
    assert [ticker["a"], ticker["A"]] == snapshot["asks"][0]


async def test_raw_paths_and_later_subscriptions_are_served(exchange: BinanceExchange, clock: HandClock) -> None:
    async with reading(exchange, "/ws/ethusdt@depth@100ms") as connection:
        advance(exchange, clock)
        bare = json.loads(await connection.recv())
        await connection.send('{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":7}')
        answer = json.loads(await connection.recv())
        await connection.send('{"method":"LIST_SUBSCRIPTIONS","id":8}')
        listed = json.loads(await connection.recv())
        await connection.send("nonsense")
        refused = json.loads(await connection.recv())

    assert bare["e"] == "depthUpdate"
    assert bare["s"] == "ETHUSDT"
    assert answer == {"result": None, "id": 7}
    assert listed == {"result": ["btcusdt@bookTicker", "ethusdt@depth@100ms"], "id": 8}
    assert refused["code"] == 3


async def test_the_running_exchange_tells_its_streams_and_pings(clock: HandClock) -> None:
    market = Market(MarketShape(), seed=1, now=T0)
    async with (
        BinanceExchange([Listing(ListedSymbol(BTCUSDT), market)], clock, ping_every_s=0.05) as exchange,
        connect(f"{exchange.ws_url}/stream?streams={DEPTH}", create_connection=PingedConnection) as connection,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(exchange.run())
        clock.ts += NS_PER_S
        first = await read_frame(connection, DEPTH)
        clock.ts += NS_PER_S
        second = await read_frame(connection, DEPTH)
        async with asyncio.timeout(5):
            await connection.pinged.wait()
        running.cancel()

    assert second["U"] == first["u"] + 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v3/depth?symbol=NOPE", 400, -1121),
        ("/api/v3/depth?symbol=BTCUSDT&limit=many", 400, -1100),
    ],
)
async def test_a_wrong_request_is_answered_as_the_venue_answers(
    exchange: BinanceExchange, path: str, status: int, code: int
) -> None:
    got_status, headers, body = await get(exchange, path)

    assert got_status == status
    assert body["code"] == code
    assert headers["Content-Type"].startswith("application/json")


async def test_unknown_paths_are_not_found(exchange: BinanceExchange) -> None:
    statuses = [(await get(exchange, path))[0] for path in ("/", "/api/v3/nothing", "/wsx")]

    assert statuses == [404, 404, 404]


async def test_the_symbols_are_listed_with_their_steps(exchange: BinanceExchange) -> None:
    _, _, information = await get(exchange, "/api/v3/exchangeInfo")

    listed = {entry["symbol"]: entry["filters"] for entry in information["symbols"]}
    assert set(listed) == {"BTCUSDT", "ETHUSDT"}
    assert listed["ETHUSDT"][1]["stepSize"] == "0.00010000"


async def test_a_refusal_names_its_wait_and_passes(exchange: BinanceExchange) -> None:
    exchange.http_faults.refuse(429, retry_after_s=3)

    refused, headers, _ = await get(exchange, "/api/v3/depth?symbol=BTCUSDT")
    answered, _, _ = await get(exchange, "/api/v3/depth?symbol=BTCUSDT")

    assert (refused, headers["Retry-After"]) == (429, "3")
    assert answered == 200


async def test_a_stale_snapshot_is_the_one_before(exchange: BinanceExchange, clock: HandClock) -> None:
    _, _, first = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5")
    clock.ts += NS_PER_S

    exchange.http_faults.stale_snapshots = 1
    _, _, stale = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5")
    _, _, fresh = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5")

    assert stale == first
    assert fresh["lastUpdateId"] > first["lastUpdateId"]


async def test_a_dropped_frame_leaves_a_gap_in_the_ids(exchange: BinanceExchange, clock: HandClock) -> None:
    async with reading(exchange, f"/stream?streams={DEPTH}") as connection:
        first = await after(exchange, clock, connection)
        exchange.faults(DEPTH).drop()
        advance(exchange, clock)
        third = await after(exchange, clock, connection)

    assert third["U"] > first["u"] + 1


async def test_a_cut_ends_the_connection_without_a_goodbye(exchange: BinanceExchange) -> None:
    async with reading(exchange, f"/stream?streams={DEPTH}") as connection:
        exchange.cut()

        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        await reader_count(exchange, 0)

    assert closed.value.rcvd is None
    assert exchange.connects == 1


async def test_a_shutdown_is_announced(exchange: BinanceExchange) -> None:
    async with reading(exchange, f"/stream?streams={DEPTH}") as connection:
        exchange.announce_shutdown()

        assert json.loads(await connection.recv()) == {"e": "serverShutdown", "E": T0 // 1_000_000}


async def test_a_book_without_a_market_changes_by_hand_only(clock: HandClock) -> None:
    symbol = ListedSymbol(BTCUSDT, update_id=0)
    async with (
        BinanceExchange([Listing(symbol)], clock) as exchange,
        reading(exchange, f"/ws/{DEPTH}") as connection,
    ):
        symbol.ledger.apply([Change(BID, 100, 1), Change(ASK, 101, 1)])
        exchange.push()
        frame = json.loads(await connection.recv())

    assert (frame["U"], frame["u"]) == (1, 2)


async def test_a_port_in_use_is_named(clock: HandClock) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=f":{port}: the simulated exchange cannot listen"):
            async with BinanceExchange([], clock, port=port):
                pass
