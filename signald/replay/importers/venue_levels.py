"""What a frame with levels looks like, venue by venue: read only as far as symbol and levels go."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

import msgspec

Level: TypeAlias = tuple[str, ...]
REFUSALS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, LookupError, ArithmeticError)


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


def sighting_in(venue: str, frame: bytes) -> Sighting | None:
    """The levels in a frame of ``venue``; ``None``: it is no book's. One that makes no sense raises of ``REFUSALS``."""
    return _IN[venue](frame)


def is_known(venue: str) -> bool:
    """Whether books of ``venue`` can be found in its frames."""
    return venue in _IN


def levels_of_snapshot(body: bytes) -> Sequence[Level]:
    """The levels of a snapshot as Binance answers it; none if it is none."""
    try:
        snapshot = _SNAPSHOT.decode(body)
    except REFUSALS:
        return ()
    return (*snapshot.bids, *snapshot.asks)
