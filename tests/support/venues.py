"""Instruments of venues that nobody knows, for what is the same on all of them."""

from decimal import Decimal

from signald.model.instruments import Instrument


def traded(asset: str, venue: str, *, quote: str = "USD", suffix: str = "") -> Instrument:
    """An asset on a venue, ``BTC-USD.ONE``."""
    return Instrument(
        id=f"{asset}-{quote}{suffix}.{venue}",
        venue=venue.lower(),
        venue_symbol=f"{asset}-{quote}{suffix}",
        base=asset,
        quote=quote,
        kind="perpetual" if suffix else "spot",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
    )
