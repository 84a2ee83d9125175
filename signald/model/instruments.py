"""What trades where, in our spelling, with the venue's steps of price and size."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from signald.errors import UNREADABLE, ConfigError

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


STABLECOINS: Final = frozenset(("USDT", "USDC", "USD1", "FDUSD", "DAI", "BUSD", "TUSD", "PYUSD", "USDE", "USDS"))
"""Currencies that are to be worth a dollar."""

DECENTRALISED: Final = frozenset(("hyperliquid", "dydx", "pools"))
"""Venues where nobody holds what is traded for others."""


def is_peg(instrument: Instrument) -> bool:
    """Whether its book tells what a quote currency is worth: nobody is told of it as of an asset."""
    return instrument.base in STABLECOINS


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    instruments: tuple[Instrument, ...] = ()


def decode_instruments(content: bytes, *, where: str = "instruments") -> dict[InstrumentId, Instrument]:
    """Read an instruments file: ``[[instruments]]`` tables, steps as strings so that they stay exact.

    Raises:
        ConfigError: ``content`` is no such file, names an instrument twice, or a step is not above zero.
    """
    try:
        read = msgspec.toml.decode(content, type=_File)
    except UNREADABLE as error:
        raise ConfigError(where, str(error)) from error
    found: dict[InstrumentId, Instrument] = {}
    for instrument in read.instruments:
        if instrument.id in found:
            problem = f"{instrument.id} stands there twice"
            raise ConfigError(where, problem)
        if not (instrument.tick_size > 0 and instrument.lot_size > 0 and instrument.contract_size > 0):
            problem = f"{instrument.id}: tick, lot and contract size must be above zero"
            raise ConfigError(where, problem)
        found[instrument.id] = instrument
    return found


def encode_instruments(instruments: Iterable[Instrument]) -> bytes:
    """The file's bytes, in order of id."""
    tables: list[str] = []
    for instrument in sorted(instruments, key=lambda each: each.id):
        fields: Mapping[str, object] = msgspec.structs.asdict(instrument)
        lines = [
            f'{name} = "{value:f}"' if isinstance(value, Decimal) else f'{name} = "{value}"'
            for name, value in fields.items()
        ]
        tables.append("\n".join(["[[instruments]]", *lines]))
    return "\n\n".join(tables).encode() + b"\n"
