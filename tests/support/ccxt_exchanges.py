"""Two exchanges that have no source of ours, as far as ccxt's own code speaks to them: markets, and one book each.

After the examples in ccxt's sources: Bitstamp sends changes only, and its snapshot comes by HTTP; Bitfinex sends its
snapshot in band, sizes with a sign for the side, and numbers that are JSON's own.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Levels = dict[str, str]
"""Price to size, as they are written."""
TS_MS: Final = 1_739_367_000_000
_PATIENCE: Final = 8
"""Changes after which ccxt's Bitstamp has its snapshot: it waits for six."""


class OneBookExchange(ABC):
    """One port for HTTP and websockets, one book.

    Attributes:
        bids: As they are now.
        asks: Likewise.
        connections: How often a websocket was opened.
    """

    name: str
    symbol: str

    def __init__(self) -> None:
        self.bids: Levels = {"95000": "1.5", "94999": "0.00000001"}
        self.asks: Levels = {"95001": "2", "95002": "0.25"}
        self.connections = 0
        self._open: set[ServerConnection] = set()
        self._number = 0
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await serve(self._serve, "127.0.0.1", 0, process_request=self._answer)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        """Host and port."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    @property
    def keys(self) -> dict[str, str]:
        """Keys of a ``[[venues]]`` table that lead here."""
        return {"ws_url": f"ws://{self.address}", "rest_url": f"http://{self.address}"}

    async def run(self) -> None:
        """Change something ten times a second, and nothing at the touch."""
        while True:
            await asyncio.sleep(0.1)
            self.change("bids", "94000", str(1 + self._number % 9))

    def change(self, side: str, price: str, size: str) -> None:
        """Change a level, and tell everybody."""
        levels: Levels = getattr(self, side)
        levels[price] = size
        if size == "0":
            del levels[price]
        self._number += 1
        broadcast(self._open, json.dumps(self._changed(side, price, size)))

    def forget(self) -> None:
        """Tell nobody anything any more."""
        self._open.clear()

    def cut(self) -> None:
        """End every websocket."""
        for connection in [*self._open]:
            connection.transport.abort()

    def best(self, depth: int) -> tuple[list[list[str]], list[list[str]]]:
        """Bids and asks, best first."""
        bids, asks = (sorted(side.items(), key=lambda level: float(level[0])) for side in (self.bids, self.asks))
        return [[*level] for level in reversed(bids)][:depth], [[*level] for level in asks][:depth]

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        try:
            while True:
                await self._hear(connection, json.loads(await connection.recv()))
        except ConnectionClosed:  # whenever that happens
            pass
        finally:
            self._open.discard(connection)

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            return None
        found = next((body for path, body in self._pages().items() if request.path.startswith(path)), None)
        response = connection.respond(200 if found is not None else 404, json.dumps(found))
        response.headers["Content-Type"] = "application/json"
        return response

    @abstractmethod
    async def _hear(self, connection: ServerConnection, said: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def _pages(self) -> Mapping[str, Any]: ...

    @abstractmethod
    def _changed(self, side: str, price: str, size: str) -> Any: ...  # noqa: ANN401 - JSON


class Bitstamp(OneBookExchange):
    """`diff_order_book_btcusd`, and `/api/v2/order_book/btcusd/`."""

    name = "bitstamp"
    symbol = "btcusd"

    async def _hear(self, connection: ServerConnection, said: Mapping[str, Any]) -> None:
        if said["event"] == "bts:subscribe":
            channel = said["data"]["channel"]
            await connection.send(json.dumps({"event": "bts:subscription_succeeded", "channel": channel, "data": {}}))
            self._open.add(connection)
            for _ in range(_PATIENCE):
                self.change("bids", "94000", "1")

    def _pages(self) -> Mapping[str, Any]:
        bids, asks = self.best(1_000)
        market = {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "counter_currency": "USD"}
        market |= {"base_decimals": 8, "counter_decimals": 0, "minimum_order_value": "10", "trading": "Enabled"}
        market |= {"description": "Bitcoin / U.S. dollar", "market_type": "SPOT"}
        return {
            "/api/v2/markets/": [market],
            "/api/v2/order_book/btcusd/": {**self._times(), "bids": bids, "asks": asks},
        }

    def _changed(self, side: str, price: str, size: str) -> dict[str, Any]:
        changes = {"bids": [], "asks": []} | {side: [[price, size, "1207590500704256"]]}
        return {"event": "data", "channel": "diff_order_book_btcusd", "data": {**self._times(), **changes}}

    def _times(self) -> dict[str, str]:
        return {"timestamp": str(TS_MS // 1_000), "microtimestamp": str(TS_MS * 1_000 + self._number)}


class Bitfinex(OneBookExchange):
    """Channel 17 is the book of tBTCUSD."""

    name = "bitfinex"
    symbol = "tBTCUSD"

    async def _hear(self, connection: ServerConnection, said: Mapping[str, Any]) -> None:
        if said["event"] == "subscribe":
            told = {"event": "subscribed", "channel": "book", "chanId": 17, "symbol": said["symbol"], "prec": "P0"}
            await connection.send(json.dumps({**told, "freq": "F0", "len": "25", "pair": "BTCUSD"}))
            bids, asks = self.best(25)
            levels = [self._level("bids", *each) for each in bids] + [self._level("asks", *each) for each in asks]
            await connection.send(json.dumps([17, levels]))
            self._open.add(connection)

    def _pages(self) -> Mapping[str, Any]:
        limits = [None, None, None, "0.00006", "2000.0", None, None, None, 0.2, 0.1, None, None]
        return {"/v2/conf/": [[["BTCUSD", limits]], [], [], []]}

    def _changed(self, side: str, price: str, size: str) -> list[Any]:
        return [17, self._level(side, price, size)]

    def _level(self, side: str, price: str, size: str) -> list[float]:
        sign = 1 if side == "bids" else -1
        return [float(price), 0 if size == "0" else 3, sign * (float(size) or 1)]
