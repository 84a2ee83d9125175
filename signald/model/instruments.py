"""What trades where, in our spelling, with the venue's steps of price and size."""

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

InstrumentId: TypeAlias = str
"""``SYMBOL.VENUE`` in the venue's own symbol, ``BTCUSDT.BINANCE``; perpetuals ``BTCUSDT-PERP.BINANCE``."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tradable on one venue.

    Attributes:
        id: Our name, ``BTCUSDT.BINANCE``.
        venue: Name of the source in the registry, ``binance``.
        venue_symbol: The venue's own name, ``BTCUSDT``.
        base: Asset bought, ``BTC``.
        quote: Asset paid, ``USDT``.
        kind: ``spot``, ``perpetual`` or ``future``.
        tick_size: Smallest price step, exact.
        lot_size: Smallest size step, exact.
        contract_size: Base units in one unit of size, exact (1 on spot).
    """

    id: InstrumentId
    venue: str
    venue_symbol: str
    base: str
    quote: str
    kind: Literal["spot", "perpetual", "future"]
    tick_size: Decimal
    lot_size: Decimal
    contract_size: Decimal = Decimal(1)
