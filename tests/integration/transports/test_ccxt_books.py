"""Books through ccxt's own code, against local servers that speak as two exchanges without a source of ours do."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from signald.errors import ConfigError
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.sources.venues.ccxt.messages import Anew, Watch, encode
from signald.transports.ccxt.books import BookWatcher, write_book
from signald.transports.websocket import DEFAULT_LIMITS, WebsocketConnection
from signald.transports.websocket.terms import Refusal, Terms
from tests.support.ccxt_exchanges import Bitfinex, Bitstamp, OneBookExchange
from tests.support.recording import until as until_soon

pytestmark = pytest.mark.timeout(180)

EXCHANGES = [Bitstamp, Bitfinex]
until = partial(until_soon, within_s=60.0)


class Owner:
    """Orders books as soon as there is a connection, and keeps what comes."""

    def __init__(self, *books: str, silent_after_s: int = 30) -> None:
        self.order = encode(Watch(books, "spot", depth=2, limit=0, silent_after_s=silent_after_s))
        self.frames: list[bytes] = []
        self.ends: list[str] = []
        self.connection: WebsocketConnection | None = None

    def on_connected(self) -> None:
        assert self.connection is not None
        self.connection.send(self.order)

    def on_frame(self, frame: bytes) -> None:
        self.frames.append(frame)

    def on_disconnected(self, reason: str) -> None:
        self.ends.append(reason)

    @property
    def newest(self) -> dict[str, object]:
        return json.loads(self.frames[-1]) if self.frames else {}


@asynccontextmanager
async def watching(exchange: OneBookExchange, owner: Owner) -> AsyncGenerator[WebsocketConnection]:
    """A connection through ccxt as long as the body runs."""
    async with exchange, asyncio.TaskGroup() as tasks:
        watcher = BookWatcher("here", exchange.name, **exchange.keys)
        limits = DEFAULT_LIMITS._replace(transport=watcher)
        owner.connection = WebsocketConnection(
            "here", exchange.name, owner, LiveClock(), limits=limits, backoff=Backoff(cap_s=0.5)
        )
        running = [tasks.create_task(owner.connection.run()), tasks.create_task(exchange.run())]
        yield owner.connection
        for task in running:
            task.cancel()


@pytest.mark.parametrize("kind", EXCHANGES)
async def test_each_change_comes_as_a_whole_book_in_canonical_json(kind: type[OneBookExchange]) -> None:
    exchange = kind()
    owner = Owner(exchange.symbol)

    async with watching(exchange, owner):
        await until(lambda: owner.frames)
        first = owner.frames[0]
        exchange.change("asks", "95000.5", "0.0000125")
        await until(lambda: owner.newest["asks"] == [["95000.5", "0.0000125"], ["95001", "2"]])
        exchange.change("bids", "95000", "0")
        await until(lambda: owner.newest["bids"] == [["94999", "0.00000001"], *exchange.best(2)[0][1:]])

    book = json.loads(first)
    assert book["bids"] == [["95000", "1.5"], ["94999", "0.00000001"]]
    assert book["symbol"] == exchange.symbol
    assert first == json.dumps(book, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize("kind", EXCHANGES)
async def test_a_cut_connection_is_made_again_with_a_book_of_now(kind: type[OneBookExchange]) -> None:
    exchange = kind()
    owner = Owner(exchange.symbol)

    async with watching(exchange, owner):
        await until(lambda: owner.frames)
        exchange.asks["95000.9"] = "7"  # nobody is told: only who begins anew can know
        exchange.cut()
        await until(lambda: owner.newest["asks"] == [["95000.9", "7"], ["95001", "2"]])

    assert exchange.connections == 2
    assert "NetworkError" in owner.ends[0]


async def test_a_book_that_is_asked_for_again_begins_anew() -> None:
    exchange = Bitfinex()
    owner = Owner(exchange.symbol)

    async with watching(exchange, owner) as connection:
        await until(lambda: owner.frames)
        connection.send(encode(Anew([exchange.symbol])))
        await until(lambda: owner.ends)
        await until(lambda: exchange.connections == 2)

    assert owner.ends[0] == "asked for again: tBTCUSD"


async def test_a_silent_book_ends_its_connection() -> None:
    exchange = Bitstamp()
    owner = Owner(exchange.symbol, silent_after_s=1)

    async with watching(exchange, owner):
        await until(lambda: owner.frames)
        exchange.forget()
        await until(lambda: owner.ends)

    assert owner.ends[0] == "btcusd: silent for 1 s"


async def test_a_market_that_is_not_traded_is_refused_by_name_and_the_others_are_watched() -> None:
    exchange = Bitfinex()
    owner = Owner("tNOSUCH", exchange.symbol)

    async with watching(exchange, owner):
        await until(lambda: len(owner.frames) > 1)

    assert json.loads(owner.frames[0]) == {"refused": "tNOSUCH: bitfinex does not trade it as spot"}


@pytest.mark.parametrize("name", ["nosuch", "coinmate2"])
def test_an_exchange_that_ccxt_does_not_know_is_said(name: str) -> None:
    with pytest.raises(ConfigError, match=f"here: ccxt.pro knows no exchange '{name}'"):
        BookWatcher("here", name)


def test_numbers_are_written_in_their_shortest_digits_without_exponents() -> None:
    book = {"bids": [[1e-07, 1e22], [0.1, 0.0]], "asks": [[95000.0, 12.5, 3]], "nonce": None, "timestamp": 5}

    written = write_book("x", book, 10)

    assert written.bids == [("0.0000001", "10000000000000000000000")]
    assert written.asks == [("95000", "12.5")]
    assert (written.nonce, written.timestamp) == (None, 5)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_book(number: float) -> None:
    with pytest.raises(ValueError, match="is no price or size"):
        write_book("x", {"bids": [[number, 1.0]], "asks": []}, 10)


async def test_whatever_ccxt_raises_of_a_strange_answer_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stumble(_: object) -> None:
        iter(None)  # pyright: ignore[reportCallIssue, reportArgumentType] - as ccxt's code does

    watcher = BookWatcher("here", "bitstamp")
    monkeypatch.setattr("ccxt.pro.bitstamp.load_markets", stumble)

    refused = await watcher(Terms("bitstamp", DEFAULT_LIMITS, None), lambda _: None, lambda _: None)

    assert refused == Refusal("TypeError: 'NoneType' object is not iterable", status=0)
