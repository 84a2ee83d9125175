"""Which books a recording holds, and in what steps: from its frames alone, whatever a venue's listing says today.

Listings change, and orders from before rest between the ticks of today; so the finest step that occurs is the step.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from signald.model.instruments import Instrument, InstrumentId

Level: TypeAlias = tuple[str, ...]
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
_REFUSALS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, LookupError, ArithmeticError)


class Sighting(NamedTuple):
    """The levels of one symbol in one frame."""

    symbol: str
    levels: Sequence[Level]


class _BinanceData(msgspec.Struct):
    s: str = ""
    b: list[Level] | str = ""
    a: list[Level] | str = ""


class _Binance(_BinanceData):
    data: _BinanceData | None = None


class _BinanceSnapshot(msgspec.Struct):
    bids: list[Level] = []
    asks: list[Level] = []


class _OkxArg(msgspec.Struct):
    channel: str = ""
    instId: str = ""  # noqa: N815  # as OKX spells it


class _Okx(msgspec.Struct):
    arg: _OkxArg
    data: list[_BinanceSnapshot]


class _BybitData(msgspec.Struct):
    b: list[Level]
    a: list[Level]


class _Bybit(msgspec.Struct):
    topic: str
    data: _BybitData


class _CoinbaseUpdate(msgspec.Struct):
    price_level: str
    new_quantity: str


class _CoinbaseEvent(msgspec.Struct):
    product_id: str
    updates: list[_CoinbaseUpdate]


class _Coinbase(msgspec.Struct):
    events: list[_CoinbaseEvent]


class _KrakenLevel(msgspec.Struct):
    price: msgspec.Raw
    qty: msgspec.Raw


class _KrakenElement(msgspec.Struct):
    symbol: str
    bids: list[_KrakenLevel] = []
    asks: list[_KrakenLevel] = []


class _Kraken(msgspec.Struct):
    data: list[_KrakenElement]


class _HyperliquidLevel(msgspec.Struct):
    px: str
    sz: str


class _HyperliquidBook(msgspec.Struct):
    coin: str
    levels: tuple[list[_HyperliquidLevel], list[_HyperliquidLevel]]


class _Hyperliquid(msgspec.Struct):
    data: _HyperliquidBook


class _DydxLevel(msgspec.Struct):
    price: str
    size: str


class _DydxSides(msgspec.Struct):
    bids: list[Level | _DydxLevel] = []
    asks: list[Level | _DydxLevel] = []


class _Dydx(msgspec.Struct):
    id: str
    contents: _DydxSides | list[_DydxSides]


_BINANCE: Final = msgspec.json.Decoder(_Binance)
_SNAPSHOT: Final = msgspec.json.Decoder(_BinanceSnapshot)
_OKX: Final = msgspec.json.Decoder(_Okx)
_BYBIT: Final = msgspec.json.Decoder(_Bybit)
_COINBASE: Final = msgspec.json.Decoder(_Coinbase)
_KRAKEN: Final = msgspec.json.Decoder(_Kraken)
_HYPERLIQUID: Final = msgspec.json.Decoder(_Hyperliquid)
_DYDX: Final = msgspec.json.Decoder(_Dydx)


def _in_binance(frame: bytes) -> Sighting | None:
    if b"depthUpdate" not in frame:
        return None
    decoded = _BINANCE.decode(frame)
    data = decoded.data or decoded
    return Sighting(data.s, [*data.b, *data.a]) if isinstance(data.b, list) and isinstance(data.a, list) else None


def _in_okx(frame: bytes) -> Sighting | None:
    if b'"books"' not in frame or b'"data"' not in frame:
        return None
    decoded = _OKX.decode(frame)
    return Sighting(decoded.arg.instId, [level for each in decoded.data for level in (*each.bids, *each.asks)])


def _in_bybit(frame: bytes) -> Sighting | None:
    if b'"orderbook.' not in frame or b'"data"' not in frame:
        return None
    decoded = _BYBIT.decode(frame)
    return Sighting(decoded.topic.split(".", 2)[2], [*decoded.data.b, *decoded.data.a])


def _in_coinbase(frame: bytes) -> Sighting | None:
    if b'"l2_data"' not in frame:
        return None
    event = _COINBASE.decode(frame).events[0]
    return Sighting(event.product_id, [(each.price_level, each.new_quantity) for each in event.updates])


def _in_kraken(frame: bytes) -> Sighting | None:
    if b'"channel":"book"' not in frame or b'"checksum"' not in frame:
        return None
    element = _KRAKEN.decode(frame).data[0]
    levels = [(each.price, each.qty) for each in (*element.bids, *element.asks)]
    return Sighting(element.symbol, [(_exact(price), _exact(size)) for price, size in levels])


def _exact(number: msgspec.Raw) -> str:
    return f"{Decimal(bytes(number).decode()):f}"


def _in_hyperliquid(frame: bytes) -> Sighting | None:
    if b'"l2Book"' not in frame or b'"levels"' not in frame:
        return None
    book = _HYPERLIQUID.decode(frame).data
    return Sighting(book.coin, [(each.px, each.sz) for side in book.levels for each in side])


def _in_dydx(frame: bytes) -> Sighting | None:
    if b'"v4_orderbook"' not in frame or b'"contents"' not in frame:
        return None
    decoded = _DYDX.decode(frame)
    parts = decoded.contents if isinstance(decoded.contents, list) else [decoded.contents]
    levels = [level for part in parts for level in (*part.bids, *part.asks)]
    return Sighting(decoded.id, [(each.price, each.size) if isinstance(each, _DydxLevel) else each for each in levels])


_IN: Final[Mapping[str, Callable[[bytes], Sighting | None]]] = {
    "binance": _in_binance,
    "binance_usdm": _in_binance,
    "okx": _in_okx,
    "bybit": _in_bybit,
    "coinbase": _in_coinbase,
    "kraken": _in_kraken,
    "hyperliquid": _in_hyperliquid,
    "dydx": _in_dydx,
}


def is_known(venue: str) -> bool:
    """Whether books of ``venue`` can be found in its frames."""
    return venue in _IN


def levels_of_snapshot(body: bytes) -> Sequence[Level]:
    """The levels of a snapshot as Binance answers it; none if it is none."""
    try:
        snapshot = _SNAPSHOT.decode(body)
    except _REFUSALS:
        return ()
    return (*snapshot.bids, *snapshot.asks)


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
            sighting = _IN[venue](frame)
            if sighting is not None:
                instrument = listed(venue, sighting.symbol, derivative=derivative)
                self.name(channel, instrument)
                self.levels(instrument.id, sighting.levels)
        except _REFUSALS:
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
