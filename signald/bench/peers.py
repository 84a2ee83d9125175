"""What a user would pick instead to keep a book from Binance's frames: each as its own project does it per frame.

A peer that is not installed is ``None``. Each ends a frame with the touch in hand, as signald does.
"""

# The peers have no types: what comes out of them is given its type here, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingModuleSource=false

import asyncio
import importlib.util
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from signald.bench.frames import Recording
from signald.bench.rounds import Prepare, Side

PACKAGES = ("orjson", "msgspec", "sortedcontainers", "ccxt", "cryptofeed", "nautilus_trader", "hftbacktest")


def decoding_side(recording: Recording) -> Side | None:
    """Merely decoding the frames, with orjson."""
    return _side(recording, "orjson", _orjson)


def peer_sides(recording: Recording) -> dict[str, Side | None]:
    """The peers, ready to be timed on frames of Binance spot with their snapshot."""
    makers: dict[str, tuple[str, Callable[[Recording], Prepare]]] = {
        "msgspec+sorteddict": ("sortedcontainers", _sorted_dict),
        "ccxt.pro": ("ccxt", _ccxt),
        "cryptofeed": ("cryptofeed", _cryptofeed),
        "nautilus_trader": ("nautilus_trader", _nautilus),
    }
    return {name: _side(recording, package, make) for name, (package, make) in makers.items()}


def _side(recording: Recording, package: str, make: Callable[[Recording], Prepare]) -> Side | None:
    return Side(make(recording), len(recording.frames)) if importlib.util.find_spec(package) else None


def _orjson(recording: Recording) -> Prepare:
    """Merely decoding: no book at all."""
    from orjson import loads  # noqa: PLC0415 - peers load only when they are measured

    return lambda: lambda: _each(loads, recording.frames)


def _sorted_dict(recording: Recording) -> Prepare:
    """A typed decoder and two sorted dictionaries of Decimals."""
    import msgspec  # noqa: PLC0415 - see _orjson
    from sortedcontainers import SortedDict  # noqa: PLC0415 - see _orjson

    class Depth(msgspec.Struct):
        b: list[tuple[str, str]]
        a: list[tuple[str, str]]
        first: int = msgspec.field(name="U")
        final: int = msgspec.field(name="u")

    class Frame(msgspec.Struct):
        data: Depth

    decode = msgspec.json.Decoder(Frame).decode
    snapshot = json.loads(recording.snapshot)

    def prepare() -> Callable[[], object]:
        bids: Any = SortedDict({Decimal(price): Decimal(size) for price, size in snapshot["bids"]})
        asks: Any = SortedDict({Decimal(price): Decimal(size) for price, size in snapshot["asks"]})

        def take(frame: bytes) -> object:
            data = decode(frame).data
            for side, changes in ((bids, data.b), (asks, data.a)):
                for price, size in changes:
                    if Decimal(size):
                        side[Decimal(price)] = Decimal(size)
                    else:
                        side.pop(Decimal(price), None)
            return bids.peekitem(-1), asks.peekitem(0)

        return lambda: _each(take, recording.frames)

    return prepare


def _ccxt(recording: Recording) -> Prepare:
    """ccxt.pro's own decoding, ``handle_order_book_message`` and book, read down to the touch."""
    from ccxt.pro import binance  # noqa: PLC0415 - see _orjson

    snapshot = json.loads(recording.snapshot)

    def prepare() -> Callable[[], object]:
        exchange: Any = binance()
        book = exchange.order_book(
            {
                "bids": [[float(price), float(size)] for price, size in snapshot["bids"]],
                "asks": [[float(price), float(size)] for price, size in snapshot["asks"]],
            }
        )

        def take(frame: bytes) -> object:
            message: Any = exchange.parse_json(frame.decode())["data"]
            exchange.handle_order_book_message(None, message, book)
            book.limit()
            return book["bids"][0], book["asks"][0]

        return lambda: _each(take, recording.frames)

    return prepare


def _cryptofeed(recording: Recording) -> Prepare:
    """Cryptofeed's own decoding, ``Binance._book`` and book, read as its users get it: ``to_dict``."""
    from cryptofeed.defines import BID, L2_BOOK  # noqa: PLC0415 - see _orjson
    from cryptofeed.exchanges import Binance  # noqa: PLC0415 - see _orjson
    from cryptofeed.types import OrderBook  # noqa: PLC0415 - see _orjson
    from yapic import json as yapic  # noqa: PLC0415 - cryptofeed's decoder

    snapshot = json.loads(recording.snapshot)
    pair = "BTC-USDT"

    def prepare() -> Callable[[], object]:
        feed = Binance.__new__(Binance)
        feed.exchange_symbol_to_std_symbol = {recording.instruments[0].venue_symbol: pair}.__getitem__
        feed.callbacks = {L2_BOOK: []}
        feed.last_update_id = {pair: snapshot["lastUpdateId"]}
        feed.forced = {}
        feed._check_update_id = _never  # noqa: SLF001 - the recording has no gap
        book = OrderBook("BINANCE", pair, bids=_decimals(snapshot["bids"]), asks=_decimals(snapshot["asks"]))
        feed._l2_book = {pair: book}  # noqa: SLF001 - where it keeps its books

        async def ignore(*_: object, **__: object) -> None:
            book.book.to_dict()

        feed.book_callback = ignore
        symbol = recording.instruments[0].venue_symbol

        async def run() -> None:
            for frame in recording.frames:
                await feed._book(yapic.loads(frame, parse_float=Decimal)["data"], symbol, 0.0)  # noqa: SLF001

        assert BID in book.book.to_dict()
        return lambda: asyncio.run(run())

    return prepare


def _nautilus(recording: Recording) -> Prepare:
    """nautilus_trader's Python adapter: its decoder, ``parse_to_order_book_deltas`` and its Rust book."""
    import msgspec  # noqa: PLC0415 - see _orjson
    from nautilus_trader.adapters.binance.common.schemas.market import BinanceOrderBookMsg  # noqa: PLC0415
    from nautilus_trader.model.book import OrderBook  # noqa: PLC0415 - see _orjson
    from nautilus_trader.model.enums import BookType  # noqa: PLC0415 - see _orjson
    from nautilus_trader.model.identifiers import InstrumentId  # noqa: PLC0415 - see _orjson

    instrument = InstrumentId.from_str(recording.instruments[0].id)
    decode = msgspec.json.Decoder(BinanceOrderBookMsg).decode

    def prepare() -> Callable[[], object]:
        book = OrderBook(instrument, BookType.L2_MBP)

        def take(frame: bytes) -> object:
            book.apply_deltas(decode(frame).data.parse_to_order_book_deltas(instrument_id=instrument, ts_init=0))
            return book.best_bid_price(), book.best_ask_price()

        return lambda: _each(take, recording.frames)

    return prepare


def _decimals(levels: Sequence[tuple[str, str]]) -> dict[Decimal, Decimal]:
    return {Decimal(price): Decimal(size) for price, size in levels}


def _each(take: Callable[[bytes], object], frames: Sequence[bytes]) -> None:
    for frame in frames:
        take(frame)


def _never(*_: object) -> bool:
    return False
