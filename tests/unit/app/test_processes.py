"""How venues are shared among feed workers."""

from typing import Any

import pytest

from signald.app.processes import share
from signald.sources.registry import VenueConfig, read_venue_config


def venue(name: str, *instruments: str) -> VenueConfig:
    table: dict[str, Any] = {"name": name, "instruments": list(instruments)}
    return read_venue_config(table, where="test")


VENUES = [
    venue("binance", "BTCUSDT.BINANCE", "ETHUSDT.BINANCE"),
    venue("okx", "BTC-USDT.OKX"),
    venue("bybit", "BTCUSDT.BYBIT"),
    venue("okx", "ETH-USDT.OKX"),
]


@pytest.mark.parametrize(
    ("workers", "shares"),
    [
        (1, {"feed-1": ("binance", "okx", "bybit", "okx.2")}),
        (2, {"feed-1": ("binance", "bybit"), "feed-2": ("okx", "okx.2")}),
        (9, {"feed-1": ("binance",), "feed-2": ("okx", "okx.2"), "feed-3": ("bybit",)}),
    ],
)
def test_a_venues_connections_stay_together_and_books_are_shared_evenly(
    workers: int, shares: dict[str, tuple[str, ...]]
) -> None:
    assert share(VENUES, workers) == shares


def test_each_exchange_that_comes_through_ccxt_has_a_worker_to_itself() -> None:
    through_ccxt = [
        venue("ccxt:bitstamp", "btcusd.BITSTAMP"),
        venue("ccxt:bitfinex", "tBTCUSD.BITFINEX"),
        venue("ccxt:bitstamp", "ethusd.BITSTAMP"),
    ]

    assert share([*VENUES, *through_ccxt], 1) == {
        "feed-1": ("binance", "okx", "bybit", "okx.2"),
        "feed-2": ("ccxt:bitstamp", "ccxt:bitstamp.2"),
        "feed-3": ("ccxt:bitfinex",),
    }
    assert share(through_ccxt[1:2], 4) == {"feed-1": ("ccxt:bitfinex",)}


def test_what_comes_over_the_broker_has_a_worker_to_itself() -> None:
    pools = venue("pools", "ETH-USDC-5.UNISWAP")

    assert share([*VENUES, pools], 1) == {"feed-1": ("binance", "okx", "bybit", "okx.2"), "feed-2": ("pools",)}


def test_without_venues_there_are_no_workers() -> None:
    assert share([], 4) == {}
