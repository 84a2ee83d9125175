"""A simulated Binance exchange, spot or USD-M: real websockets and real HTTP on one loopback port."""

import asyncio
import json
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Final, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from signald.model.time import NS_PER_MS, NS_PER_S
from signald.runtime.clock import Clock
from signald.simulate.child import LOOPBACK
from signald.simulate.market import STEP_NS, Market
from signald.simulate.venues.binance_commands import obey
from signald.simulate.venues.binance_spot import (
    BOOK_TICKER,
    FAST_DEPTH,
    SLOW_DEPTH,
    SPOT,
    ListedSymbol,
    Paths,
    envelope,
    error_body,
    limit_of_query,
    streams_of_path,
)
from signald.simulate.venues.faults import FrameFaults, HttpFaults
from signald.simulate.venues.listening import listen, port_of, too_many

_FAST_EVERY: Final = 2  # steps: 100 ms
_SLOW_EVERY: Final = 20  # steps: one second
_PING_EVERY_S: Final = 20.0


class Listing(NamedTuple):
    """A symbol and who moves it; without a market its book changes only when somebody applies changes to it."""

    symbol: ListedSymbol
    market: Market | None = None


class _Reader(NamedTuple):
    """One websocket connection: whether it gets envelopes, and which streams it reads."""

    enveloped: bool
    streams: set[str]


class BinanceExchange:
    """The exchange. Used as ``async with``; :meth:`run` is a task its owner starts.

    Attributes:
        port: Where it listens on loopback.
        http_faults: Orders for the HTTP side.
        snapshots: Snapshots given so far.
        connects: Websocket connections accepted so far.
        refusals: How many of the next connections are refused with 429.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        clock: Clock,
        *,
        paths: Paths = SPOT,
        port: int = 0,
        ping_every_s: float = _PING_EVERY_S,
    ) -> None:
        """Build it; nothing listens yet. ``port`` 0 takes one that is free."""
        self._paths = paths
        self._listings = {listing.symbol.instrument.venue_symbol: listing for listing in listings}
        self._clock = clock
        self._ping_every_s = ping_every_s
        self._readers: dict[ServerConnection, _Reader] = {}
        self._frame_faults: dict[str, FrameFaults] = {}
        self._last_snapshots: dict[str, str] = {}
        self._steps = 0
        self._server: Server | None = None
        self.port = port
        self.http_faults = HttpFaults()
        self.snapshots = 0
        self.connects = 0
        self.refusals = 0

    @property
    def ws_url(self) -> str:
        """Base address of its websockets."""
        return f"ws://{LOOPBACK}:{self.port}{self._paths.ws}"

    @property
    def rest_url(self) -> str:
        """Base address of its HTTP side."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def readers(self) -> int:
        """Websocket connections open now."""
        return len(self._readers)

    @property
    def orders(self) -> int:
        """How many faults are ordered and have not happened yet."""
        return sum(each.orders for each in self._frame_faults.values()) + self.http_faults.orders + self.refusals

    def faults(self, stream: str) -> FrameFaults:
        """Orders for one stream, ``btcusdt@depth@100ms``."""
        return self._frame_faults.setdefault(stream, FrameFaults())

    async def run(self) -> None:
        """Move the markets and tell the streams at their pace, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.step()
            due = max(due + STEP_NS / NS_PER_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def step(self) -> None:
        """One step: every market up to now, then what its streams have to tell."""
        self._steps += 1
        kinds = [
            kind for kind, every in ((FAST_DEPTH, _FAST_EVERY), (SLOW_DEPTH, _SLOW_EVERY)) if not self._steps % every
        ]
        for listing in self._listings.values():
            self._advance(listing)
            self._send(listing.symbol.stream(BOOK_TICKER), listing.symbol.book_ticker())
            self._tell_depth(listing.symbol, kinds)

    def push(self) -> None:
        """Bring every market up to now and tell it at once, depth first, whatever the streams' pace."""
        for listing in self._listings.values():
            self._advance(listing)
            self._tell_depth(listing.symbol, [FAST_DEPTH, SLOW_DEPTH])
            self._send(listing.symbol.stream(BOOK_TICKER), listing.symbol.book_ticker())

    def cut(self) -> None:
        """Break every websocket connection without a goodbye."""
        for connection in list(self._readers):
            connection.transport.abort()

    def announce_shutdown(self) -> None:
        """Tell every reader that it will be disconnected soon (``serverShutdown``)."""
        event = json.dumps({"e": "serverShutdown", "E": self._clock.now() // NS_PER_MS}, separators=(",", ":"))
        broadcast(self._readers, event)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: The port is in use.
        """
        for listing in self._listings.values():
            self._advance(listing)
        self._server = await listen(self.port, self._serve_reader, self._answer_http, ping_every_s=self._ping_every_s)
        self.port = port_of(self._server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _advance(self, listing: Listing) -> None:
        if listing.market is not None:
            listing.symbol.ledger.apply(listing.market.advance(self._clock.now()))

    def _tell_depth(self, symbol: ListedSymbol, kinds: Sequence[str]) -> None:
        for kind in kinds:
            self._send(symbol.stream(kind), symbol.depth_update(kind, self._clock.now()))

    def _send(self, stream: str, data: str | None) -> None:
        if data is None:
            return
        for frame in self.faults(stream)(data):
            bare = [
                connection for connection, reader in self._readers.items() if self._reads(reader, stream, wrap=False)
            ]
            wrapped = [
                connection for connection, reader in self._readers.items() if self._reads(reader, stream, wrap=True)
            ]
            broadcast(bare, frame)
            if wrapped:
                broadcast(wrapped, envelope(stream, frame))

    @staticmethod
    def _reads(reader: _Reader, stream: str, *, wrap: bool) -> bool:
        return reader.enveloped is wrap and stream in reader.streams

    async def _serve_reader(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        named = self._streams_of(connection.request.path)
        assert named is not None
        reader = _Reader(named[0], set(named[1]))
        self._readers[connection] = reader
        self.connects += 1
        try:
            async for message in connection:
                await connection.send(obey(message, reader.streams))
        except ConnectionClosed:
            pass
        finally:
            del self._readers[connection]

    def _answer_http(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a plain request; ``None`` lets a websocket be opened."""
        parts = urlsplit(request.path)
        if not parts.path.startswith(f"{self._paths.rest}/"):
            return self._admit(connection, request)
        if (refusal := self.http_faults.next_refusal()) is not None:
            status, retry_after_s = refusal
            response = connection.respond(HTTPStatus(status), error_body(-1003, "Too many requests."))
            response.headers["Retry-After"] = str(retry_after_s)
            return response
        status, body = self._resource(parts.path, parts.query)
        response = connection.respond(status, body)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json;charset=UTF-8"
        return response

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Let a websocket be opened, or not."""
        if self._streams_of(request.path) is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "")
        if not self.refusals:
            return None
        self.refusals -= 1
        return too_many(connection)

    def _streams_of(self, path: str) -> tuple[bool, tuple[str, ...]] | None:
        base = self._paths.ws
        return streams_of_path(path.removeprefix(base)) if path.startswith(base) else None

    def _resource(self, path: str, query: str) -> tuple[HTTPStatus, str]:
        name = path.removeprefix(self._paths.rest)
        if name == "/depth":
            return self._snapshot(query)
        if name == "/exchangeInfo":
            symbols = [listing.symbol.information() for listing in self._listings.values()]
            return HTTPStatus.OK, json.dumps(
                {"timezone": "UTC", "serverTime": self._clock.now() // NS_PER_MS, "rateLimits": [], "symbols": symbols}
            )
        if name == "/time":
            return HTTPStatus.OK, json.dumps({"serverTime": self._clock.now() // NS_PER_MS})
        if name == "/ping":
            return HTTPStatus.OK, "{}"
        return HTTPStatus.NOT_FOUND, ""

    def _snapshot(self, query: str) -> tuple[HTTPStatus, str]:
        name = parse_qs(query).get("symbol", [""])[0]
        listing = self._listings.get(name)
        if listing is None:
            return HTTPStatus.BAD_REQUEST, error_body(-1121, "Invalid symbol.")
        try:
            limit = limit_of_query(query)
        except ValueError:
            return HTTPStatus.BAD_REQUEST, error_body(-1100, "Illegal characters found in parameter 'limit'.")
        self.snapshots += 1
        if self.http_faults.stale_snapshots and name in self._last_snapshots:
            self.http_faults.stale_snapshots -= 1
            return HTTPStatus.OK, self._last_snapshots[name]
        self._advance(listing)
        self._last_snapshots[name] = listing.symbol.snapshot(limit)
        return HTTPStatus.OK, self._last_snapshots[name]
