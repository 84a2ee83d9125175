"""Instrument metadata through ccxt's own code, against a local server that answers as Binance does."""

import asyncio
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from signald.errors import ConfigError, UnreachableError
from signald.transports.ccxt.metadata import fetch_instruments
from tests.support.ccxt_exchanges import Bitfinex, Bitstamp
from tests.support.instruments import BITFINEX_BTC, BITSTAMP_BTC

EXCHANGE_INFO = {
    "timezone": "UTC",
    "serverTime": 1739367000000,
    "rateLimits": [],
    "exchangeFilters": [],
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01000000",
                    "maxPrice": "1000000",
                    "tickSize": "0.01000000",
                },
                {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000", "stepSize": "0.00001000"},
            ],
            "permissions": ["SPOT"],
        }
    ],
}


KRAKEN_PAIR = {
    "altname": "XBTUSD",
    "wsname": "XBT/USD",
    "base": "XXBT",
    "quote": "ZUSD",
    "pair_decimals": 1,
    "lot_decimals": 8,
    "ordermin": "0.0001",
    "costmin": "0.5",
    "status": "online",
    "tick_size": "0.1",
}
HYPERLIQUID_META = [
    {"universe": [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40}]},
    [{"markPx": "105055.0", "midPx": "105055.5", "oraclePx": "105050.0", "dayNtlVlm": "1", "prevDayPx": "1"}],
]
DYDX_MARKET = {"ticker": "BTC-USD", "status": "ACTIVE", "stepSize": "0.0001", "tickSize": "1"}
PAGES = {
    "/api/v3/exchangeInfo": EXCHANGE_INFO,
    "/0/public/AssetPairs": {"error": [], "result": {"XXBTZUSD": KRAKEN_PAIR}},
    "/info": HYPERLIQUID_META,
    "/v4/perpetualMarkets": {"markets": {"BTC-USD": DYDX_MARKET}},
}


class _Venue(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = next((page for path, page in PAGES.items() if self.path.startswith(path)), None)
        body = json.dumps({"code": -1, "msg": "unknown path"} if page is None else page).encode()
        self.send_response(404 if page is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server calls
        """Say nothing."""


@pytest.fixture
def venue() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Venue)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.timeout(180)
def test_steps_come_exactly_as_the_venue_has_them(venue: str) -> None:
    found = fetch_instruments("binance", venue="binance", symbols={"BTCUSDT": "BTCUSDT.BINANCE"}, rest_url=venue)

    assert [(each.id, each.tick_size, each.lot_size, each.base, each.quote) for each in found] == [
        ("BTCUSDT.BINANCE", Decimal("0.01"), Decimal("0.00001"), "BTC", "USDT")
    ]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("exchange", "symbol", "name", "steps"),
    [
        ("kraken", "BTC/USD", "BTC/USD.KRAKEN", (Decimal("0.1"), Decimal("0.00000001"))),
        ("hyperliquid", "BTC", "BTC.HYPERLIQUID", (Decimal(1), Decimal("0.00001"))),
        ("dydx", "BTC-USD", "BTC-USD.DYDX", (Decimal(1), Decimal("0.0001"))),
    ],
)
def test_markets_are_found_by_what_their_websockets_call_them(
    venue: str, exchange: str, symbol: str, name: str, steps: tuple[Decimal, Decimal]
) -> None:
    (found,) = fetch_instruments(exchange, venue=exchange, symbols={symbol: name}, rest_url=venue)

    assert (found.id, found.venue_symbol, found.base) == (name, symbol, "BTC")
    assert (found.tick_size, found.lot_size) == steps
    assert found.kind == ("spot" if exchange == "kraken" else "perpetual")


@pytest.mark.timeout(180)
def test_unknown_symbol_is_named(venue: str) -> None:
    with pytest.raises(ConfigError, match="does not trade 'NOSUCH' as spot"):
        fetch_instruments("binance", venue="binance", symbols={"NOSUCH": "NOSUCH.BINANCE"}, rest_url=venue)


@pytest.mark.timeout(180)
def test_unreachable_venue_is_named() -> None:
    with pytest.raises(UnreachableError, match=r"binance at http://127\.0\.0\.1:9"):
        fetch_instruments(
            "binance", venue="binance", symbols={"BTCUSDT": "BTCUSDT.BINANCE"}, rest_url="http://127.0.0.1:9"
        )


@pytest.mark.timeout(180)
async def test_steps_of_an_exchange_without_a_source_of_ours_come_likewise() -> None:
    async with Bitstamp() as exchange:
        found = await asyncio.to_thread(
            fetch_instruments,
            "bitstamp",
            venue="ccxt:bitstamp",
            symbols={"btcusd": BITSTAMP_BTC.id},
            rest_url=exchange.keys["rest_url"],
        )

    assert found == [BITSTAMP_BTC]


@pytest.mark.timeout(180)
async def test_an_exchange_whose_steps_follow_the_price_is_said() -> None:
    async with Bitfinex() as exchange:
        with pytest.raises(
            ConfigError, match="bitfinex has no fixed steps: write its instruments into the file by hand"
        ):
            await asyncio.to_thread(
                fetch_instruments,
                "bitfinex",
                venue="ccxt:bitfinex",
                symbols={"tBTCUSD": BITFINEX_BTC.id},
                rest_url=exchange.keys["rest_url"],
            )
