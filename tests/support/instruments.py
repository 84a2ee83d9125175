"""Instruments for tests, as ``configs/instruments.toml`` would have them."""

from decimal import Decimal
from typing import Final

from signald.model.instruments import Instrument

BTCUSDT: Final = Instrument(
    id="BTCUSDT.BINANCE",
    venue="binance",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind="spot",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
)
ETHUSDT: Final = Instrument(
    id="ETHUSDT.BINANCE",
    venue="binance",
    venue_symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    kind="spot",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.0001"),
)


def spot(base: str, quote: str, *, tick: str, lot: str) -> Instrument:
    """A pair on Binance spot."""
    return Instrument(
        id=f"{base}{quote}.BINANCE",
        venue="binance",
        venue_symbol=f"{base}{quote}",
        base=base,
        quote=quote,
        kind="spot",
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
    )


def perpetual(base: str, quote: str, *, tick: str = "0.1", lot: str = "0.001") -> Instrument:
    """A perpetual on Binance USD-M."""
    return Instrument(
        id=f"{base}{quote}-PERP.BINANCE",
        venue="binance_usdm",
        venue_symbol=f"{base}{quote}",
        base=base,
        quote=quote,
        kind="perpetual",
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
    )


OKX_SPOT: Final = Instrument(
    id="BTC-USDT.OKX",
    venue="okx",
    venue_symbol="BTC-USDT",
    base="BTC",
    quote="USDT",
    kind="spot",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00000001"),
)
OKX_SWAP: Final = Instrument(
    id="ETH-USDT-SWAP.OKX",
    venue="okx",
    venue_symbol="ETH-USDT-SWAP",
    base="ETH",
    quote="USDT",
    kind="perpetual",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.01"),
    contract_size=Decimal("0.1"),
)
BYBIT_PERP: Final = Instrument(
    id="BTCUSDT-PERP.BYBIT",
    venue="bybit",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind="perpetual",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
)
BYBIT_OTHER_PERP: Final = Instrument(
    id="ETHUSDT-PERP.BYBIT",
    venue="bybit",
    venue_symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    kind="perpetual",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.01"),
)
BYBIT_SPOT: Final = Instrument(
    id="BTCUSDT.BYBIT",
    venue="bybit",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind="spot",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.000001"),
)
COINBASE_BTC: Final = Instrument(
    id="BTC-USD.COINBASE",
    venue="coinbase",
    venue_symbol="BTC-USD",
    base="BTC",
    quote="USD",
    kind="spot",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00000001"),
)
COINBASE_ETH: Final = Instrument(
    id="ETH-USD.COINBASE",
    venue="coinbase",
    venue_symbol="ETH-USD",
    base="ETH",
    quote="USD",
    kind="spot",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00000001"),
)
KRAKEN_BTC: Final = Instrument(
    id="BTC/USD.KRAKEN",
    venue="kraken",
    venue_symbol="BTC/USD",
    base="BTC",
    quote="USD",
    kind="spot",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00000001"),
)
KRAKEN_ETH: Final = Instrument(
    id="ETH/USD.KRAKEN",
    venue="kraken",
    venue_symbol="ETH/USD",
    base="ETH",
    quote="USD",
    kind="spot",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00000001"),
)
HYPERLIQUID_BTC: Final = Instrument(
    id="BTC.HYPERLIQUID",
    venue="hyperliquid",
    venue_symbol="BTC",
    base="BTC",
    quote="USDC",
    kind="perpetual",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00001"),
)
HYPERLIQUID_ETH: Final = Instrument(
    id="ETH.HYPERLIQUID",
    venue="hyperliquid",
    venue_symbol="ETH",
    base="ETH",
    quote="USDC",
    kind="perpetual",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.0001"),
)
DYDX_BTC: Final = Instrument(
    id="BTC-USD.DYDX",
    venue="dydx",
    venue_symbol="BTC-USD",
    base="BTC",
    quote="USD",
    kind="perpetual",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.0001"),
)
DYDX_ETH: Final = Instrument(
    id="ETH-USD.DYDX",
    venue="dydx",
    venue_symbol="ETH-USD",
    base="ETH",
    quote="USD",
    kind="perpetual",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
)
BITSTAMP_BTC: Final = Instrument(
    id="btcusd.BITSTAMP",
    venue="ccxt:bitstamp",
    venue_symbol="btcusd",
    base="BTC",
    quote="USD",
    kind="spot",
    tick_size=Decimal(1),
    lot_size=Decimal("0.00000001"),
)
BITSTAMP_ETH: Final = Instrument(
    id="ethusd.BITSTAMP",
    venue="ccxt:bitstamp",
    venue_symbol="ethusd",
    base="ETH",
    quote="USD",
    kind="spot",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00000001"),
)
BITFINEX_BTC: Final = Instrument(
    id="tBTCUSD.BITFINEX",
    venue="ccxt:bitfinex",
    venue_symbol="tBTCUSD",
    base="BTC",
    quote="USD",
    kind="spot",
    tick_size=Decimal(1),
    lot_size=Decimal("0.00000001"),
)
