"""What eight simulated venues say of one book each, without a connection: their own frames at their own cadence."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

from signald.bench.books import SIMULATED
from signald.model.instruments import Instrument, InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.simulate.market import Market
from signald.simulate.venues.binance_spot import BOOK_TICKER, FAST_DEPTH, ListedSymbol, envelope
from signald.simulate.venues.binance_usdm import ListedPerpetual
from signald.simulate.venues.bybit import BybitSymbol
from signald.simulate.venues.coinbase import CoinbaseSymbol
from signald.simulate.venues.counters import NUMBER
from signald.simulate.venues.dydx import DydxSymbol
from signald.simulate.venues.hyperliquid import HyperliquidSymbol
from signald.simulate.venues.kraken import KrakenSymbol
from signald.simulate.venues.okx import OkxSymbol
from signald.simulate.venues.stream_exchange import StreamSymbol

LISTED: Final[Mapping[str, InstrumentId]] = {
    "binance": "BTCUSDT.BINANCE",
    "binance_usdm": "BTCUSDT-PERP.BINANCE",
    "okx": "BTC-USDT.OKX",
    "bybit": "BTCUSDT-PERP.BYBIT",
    "coinbase": "BTC-USD.COINBASE",
    "kraken": "BTC/USD.KRAKEN",
    "hyperliquid": "BTC.HYPERLIQUID",
    "dydx": "BTC-USD.DYDX",
}
CADENCE_MS: Final[Mapping[str, int]] = {
    "binance": 100,
    "binance_usdm": 50,
    "okx": 100,
    "bybit": 50,
    "coinbase": 50,
    "kraken": 50,
    "hyperliquid": 500,
    "dydx": 250,
}
"""Of each venue's pushes, as it documents them or was measured; none is faster than the simulated market's 50 ms."""

_SNAPSHOT: Final = 1_000
_STREAMED: Final[Mapping[str, Callable[[Instrument], StreamSymbol]]] = {
    "okx": OkxSymbol,
    "bybit": BybitSymbol,
    "coinbase": CoinbaseSymbol,
    "kraken": KrakenSymbol,
    "hyperliquid": HyperliquidSymbol,
    "dydx": DydxSymbol,
}


class Talker(Protocol):
    """One venue's connection."""

    def open(self, market: Market, now: Nanos) -> Iterator[Record]:
        """The connection, and what brings its book up."""
        ...

    def push(self, market: Market, now: Nanos) -> Iterator[bytes]:
        """What it says of all that changed since."""
        ...


def build_talker(venue: str, instrument: Instrument) -> Talker:
    """A venue that lists one instrument."""
    if venue in _STREAMED:
        return _Stream(_STREAMED[venue](instrument), venue)
    return _Binance(ListedPerpetual(instrument) if venue == "binance_usdm" else ListedSymbol(instrument), venue)


class _Binance:
    """Differences and best prices on a combined stream, the snapshot by HTTP."""

    def __init__(self, symbol: ListedSymbol, venue: str) -> None:
        self._symbol = symbol
        self._venue = venue

    def open(self, market: Market, now: Nanos) -> Iterator[Record]:
        """Differences come first, so that one of them joins the snapshot."""
        self._symbol.ledger.apply(market.advance(now))
        self._symbol.depth_update(FAST_DEPTH, now)
        yield Record(RecordKind.CONNECTED, now, self._venue, "", b"")
        key = f"snapshot:{self._symbol.instrument.venue_symbol}"
        yield Record(RecordKind.RESPONSE, now, self._venue, key, self._symbol.snapshot(_SNAPSHOT).encode())

    def push(self, market: Market, now: Nanos) -> Iterator[bytes]:
        """The differences, then the best prices."""
        self._symbol.ledger.apply(market.advance(now))
        told = {FAST_DEPTH: self._symbol.depth_update(FAST_DEPTH, now), BOOK_TICKER: self._symbol.book_ticker()}
        for kind, data in told.items():
            if data is not None:
                yield envelope(self._symbol.stream(kind), data).encode()


class _Stream:
    """Snapshot and differences in band; where the venue counts its connection's frames, from 0."""

    def __init__(self, symbol: StreamSymbol, venue: str) -> None:
        self._symbol = symbol
        self._venue = venue
        _, _, self._stream, self._acknowledgement = SIMULATED.get(venue, ("", None, symbol.streams[0], b""))
        self._count = 0

    def open(self, market: Market, now: Nanos) -> Iterator[Record]:
        """What a new subscriber is told."""
        self._symbol.ledger.apply(market.advance(now))
        yield Record(RecordKind.CONNECTED, now, self._venue, "", b"")
        if self._acknowledgement:
            yield Record(RecordKind.FRAME, now, self._venue, "", self._acknowledgement)
        self._symbol.update(self._stream, now)
        snapshot = self._symbol.snapshot(self._stream, now)
        yield Record(RecordKind.FRAME, now, self._venue, "", self._numbered(snapshot))

    def push(self, market: Market, now: Nanos) -> Iterator[bytes]:
        """What changed in the book's stream."""
        self._symbol.ledger.apply(market.advance(now))
        frame = self._symbol.update(self._stream, now)
        if frame is not None:
            yield self._numbered(frame)

    def _numbered(self, frame: str) -> bytes:
        written = frame.replace(str(NUMBER), str(self._count))
        self._symbol.numbered(self._count)
        self._count += 1
        return written.encode()
