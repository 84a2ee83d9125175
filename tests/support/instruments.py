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
