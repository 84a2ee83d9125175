"""Which books a recording holds, and in what steps: from its frames alone, whatever a venue's listing says today.

Listings change, and orders from before rest between the ticks of today; so the finest step that occurs is the step.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from signald.model.instruments import Instrument, InstrumentId
from signald.replay.importers.venue_levels import REFUSALS, Level, sighting_in

Kind: TypeAlias = Literal["spot", "perpetual", "future"]

_QUOTES: Final = (
    "USDT",
    "USDC",
    "FDUSD",
    "BUSD",
    "TUSD",
    "DAI",
    "USD",
    "EUR",
    "GBP",
    "TRY",
    "BRL",
    "BTC",
    "ETH",
    "BNB",
)
_SHARING: Final = frozenset({"binance", "binance_usdm", "bybit"})
"""Venues whose spot and perpetual have one symbol."""
_PERPETUALS: Final = frozenset({"hyperliquid", "dydx"})
"""Venues that have nothing else."""


class Sightings:
    """What was seen of the instruments of a recording."""

    def __init__(self) -> None:
        self._seen: dict[InstrumentId, Instrument] = {}
        self._channels: dict[str, dict[InstrumentId, None]] = {}

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All of them, in the order they were first named."""
        return tuple(self._seen.values())

    @property
    def channels(self) -> Mapping[str, tuple[InstrumentId, ...]]:
        """Whose books come on which connection."""
        return {channel: tuple(names) for channel, names in self._channels.items()}

    def name(self, channel: str, instrument: Instrument) -> None:
        """An instrument's book comes on a connection; the finest steps are still to be seen."""
        self._seen.setdefault(instrument.id, instrument)
        self._channels.setdefault(channel, {})[instrument.id] = None

    def frame(self, channel: str, venue: str, frame: bytes, *, derivative: bool = False) -> None:
        """Look into one frame, of the derivatives' connection of a venue that has one; what is no book's is nothing."""
        try:
            sighting = sighting_in(venue, frame)
            if sighting is not None:
                instrument = listed(venue, sighting.symbol, derivative=derivative)
                self.name(channel, instrument)
                self.levels(instrument.id, sighting.levels)
        except REFUSALS:
            return  # the source will say what is wrong with it

    def levels(self, name: InstrumentId, levels: Sequence[Level]) -> None:
        """Look at levels of an instrument; of one that was not named nothing is known."""
        instrument = self._seen.get(name)
        if instrument is not None:
            tick_size = min(instrument.tick_size, _step(level[0] for level in levels))
            lot_size = min(instrument.lot_size, _step(level[1] for level in levels))
            if (tick_size, lot_size) != (instrument.tick_size, instrument.lot_size):
                self._seen[name] = msgspec.structs.replace(instrument, tick_size=tick_size, lot_size=lot_size)


def listed(venue: str, symbol: str, *, derivative: bool = False) -> Instrument:
    """The instrument of a venue's symbol, its steps as coarse as can be.

    Args:
        venue: Its name in the registry.
        symbol: The venue's own.
        derivative: Whether it is one, on a venue whose symbols do not say so.
    """
    kind = _kind(venue, symbol, derivative=derivative)
    suffix = "-PERP" if kind == "perpetual" and venue in _SHARING else ""
    base, quote = _split(symbol)
    return Instrument(
        id=f"{symbol}{suffix}.{venue.partition('_')[0].upper()}",
        venue=venue,
        venue_symbol=symbol,
        base=base,
        quote=quote,
        kind=kind,
        tick_size=Decimal(1),
        lot_size=Decimal(1),
    )


def _kind(venue: str, symbol: str, *, derivative: bool) -> Kind:
    """`BTC-USDT-SWAP`, `BTC-USD-220527` (OKX), `BTCUSDT_240927` (Binance), `BTC-27DEC24` (Bybit)."""
    if venue == "okx":
        _, _, term = symbol.partition("-")[2].partition("-")
        return "spot" if not term else "perpetual" if term == "SWAP" else "future"
    if venue in _PERPETUALS:
        return "perpetual"
    if venue == "binance" or not (derivative or venue == "binance_usdm"):
        return "spot"
    return "perpetual" if symbol.isalnum() else "future"


def _split(symbol: str) -> tuple[str, str]:
    """Base and quote of a symbol; a quote we do not know is no matter to a book."""
    if "-" in symbol or "/" in symbol:
        base, quote, *_ = symbol.replace("/", "-").split("-")
        return base, quote
    pair = symbol.partition("_")[0]
    quote = next((each for each in _QUOTES if pair.endswith(each) and pair != each), "")
    return pair.removesuffix(quote), quote


def _step(numbers: Iterable[str]) -> Decimal:
    """The place of the last digit that is not 0 in any of them, 1 if all are whole: 0.01 of "65140.0200"."""
    places = max((len(number.partition(".")[2].rstrip("0")) for number in numbers), default=0)
    return Decimal(1).scaleb(-places)
