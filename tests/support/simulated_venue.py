"""One venue's simulated exchange, two instruments traded there, and a clock that is moved by hand."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from signald.model.instruments import Instrument
from signald.model.time import NS_PER_S
from signald.simulate.market import ASK, BID, Change, Market, MarketShape
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import FAST_DEPTH, ListedSymbol
from signald.simulate.venues.binance_usdm import USDM, ListedPerpetual
from signald.simulate.venues.bybit import BybitSymbol, BybitWords
from signald.simulate.venues.coinbase import CoinbaseSymbol, CoinbaseWords
from signald.simulate.venues.dialect import StreamSymbol, Words
from signald.simulate.venues.dydx import DydxSymbol, DydxWords
from signald.simulate.venues.faults import FrameFaults
from signald.simulate.venues.hyperliquid import HyperliquidSymbol, HyperliquidWords
from signald.simulate.venues.kraken import KrakenSymbol, KrakenWords
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.okx import OkxSymbol, OkxWords
from signald.simulate.venues.stream_exchange import StreamExchange
from tests.support.calendar import T0
from tests.support.clocks import HandClock
from tests.support.instruments import (
    BTCUSDT,
    BYBIT_OTHER_PERP,
    BYBIT_PERP,
    COINBASE_BTC,
    COINBASE_ETH,
    DYDX_BTC,
    DYDX_ETH,
    ETHUSDT,
    HYPERLIQUID_BTC,
    HYPERLIQUID_ETH,
    KRAKEN_BTC,
    KRAKEN_ETH,
    OKX_SPOT,
    OKX_SWAP,
    perpetual,
)

VENUES: Final[dict[str, tuple[Instrument, Instrument]]] = {
    "binance": (BTCUSDT, ETHUSDT),
    "binance_usdm": (perpetual("BTC", "USDT"), perpetual("ETH", "USDT", tick="0.01")),
    "okx": (OKX_SPOT, OKX_SWAP),
    "bybit": (BYBIT_PERP, BYBIT_OTHER_PERP),
    "coinbase": (COINBASE_BTC, COINBASE_ETH),
    "kraken": (KRAKEN_BTC, KRAKEN_ETH),
    "hyperliquid": (HYPERLIQUID_BTC, HYPERLIQUID_ETH),
    "dydx": (DYDX_BTC, DYDX_ETH),
}
COUNTED: Final = frozenset({"coinbase", "dydx"})
"""Venues that number the frames of a connection: what is lost is lost for all its books."""
_STREAMED: Final[dict[str, tuple[Callable[[Instrument], StreamSymbol], Words]]] = {
    "okx": (OkxSymbol, OkxWords()),
    "bybit": (BybitSymbol, BybitWords("linear")),
    "coinbase": (CoinbaseSymbol, CoinbaseWords()),
    "kraken": (KrakenSymbol, KrakenWords()),
    "hyperliquid": (HyperliquidSymbol, HyperliquidWords()),
    "dydx": (DydxSymbol, DydxWords()),
}
SHOWN: Final = 10
"""Levels a side that are compared."""
_PATIENCE_S: Final = 3_600.0
"""A venue's clock is moved by hand, and slow where the machine is busy: nobody is silent for too long by the wall's."""
BEGINS: Final = T0 - 30 * NS_PER_S
"""What every clock shows first."""
Exchange = BinanceExchange | StreamExchange


class Told(NamedTuple):
    """A book as the exchange has it: (price in ticks, size in lots) of its best levels, best first.

    Attributes:
        sequence: Its last number as the venue writes it.
    """

    sequence: int
    bids: Sequence[tuple[int, int]]
    asks: Sequence[tuple[int, int]]


class Symbol(Protocol):
    """What every simulated venue has of an instrument."""

    instrument: Instrument
    ledger: Ledger

    @property
    def sequence(self) -> int:
        """The last number as the venue writes it."""
        ...


class Wired(NamedTuple):
    """An exchange, its symbols, and the streams of their books."""

    exchange: Exchange
    symbols: Sequence[Symbol]
    streams: Sequence[str]


def list_on_exchange(venue: str, clock: HandClock, markets: Sequence[Market | None]) -> Wired:
    """Build the exchange; nothing listens yet."""
    instruments = VENUES[venue]
    if venue.startswith("binance"):
        kind = ListedPerpetual if venue == "binance_usdm" else ListedSymbol
        listed = [kind(instrument) for instrument in instruments]
        listings = [Listing(symbol, market) for symbol, market in zip(listed, markets, strict=True)]
        exchange = (
            BinanceExchange(listings, clock, paths=USDM)
            if kind is ListedPerpetual
            else BinanceExchange(listings, clock)
        )
        return Wired(exchange, listed, [symbol.stream(FAST_DEPTH) for symbol in listed])
    kind, words = _STREAMED[venue]
    symbols = [kind(instrument) for instrument in instruments]
    exchange = StreamExchange(dict(zip(symbols, markets, strict=True)), words, clock, close_idle_s=_PATIENCE_S)
    return Wired(exchange, symbols, [symbol.streams[0] for symbol in symbols])


class SimulatedVenue:
    """The exchange's side of the wire.

    Args:
        venue: Its name in the registry.
        moving: Whether a market moves its books; else they change by hand only.

    Attributes:
        clock: Moved by whoever owns it.
        wired: The exchange, its symbols, the streams of their books.
        exchange: The same.
    """

    def __init__(self, venue: str, *, moving: bool = True) -> None:
        self.venue = venue
        self.instruments = VENUES[venue]
        self.clock = HandClock(BEGINS)
        shapes = [
            MarketShape(mid=95_000.0 / 30**n, tick_size=float(each.tick_size), lot_size=float(each.lot_size))
            for n, each in enumerate(self.instruments)
        ]
        markets = [Market(shape, seed=n, now=self.clock.ts) if moving else None for n, shape in enumerate(shapes)]
        self.wired = list_on_exchange(venue, self.clock, markets)
        self.exchange = self.wired.exchange
        if not moving:
            for symbol in self.wired.symbols:
                symbol.ledger.apply([Change(BID, 1_000, 5), Change(ASK, 1_010, 5)])

    @property
    def faults(self) -> FrameFaults:
        """Orders for the first book's stream."""
        return self.exchange.faults(self.wired.streams[0])

    @property
    def rest_url(self) -> str:
        """Where its snapshots are asked for; nowhere if they come in band."""
        return self.exchange.rest_url if isinstance(self.exchange, BinanceExchange) else "http://127.0.0.1:1"

    @property
    def orders(self) -> int:
        """How many faults are ordered and have not happened yet."""
        return self.exchange.orders

    def told(self) -> list[Told]:
        """Every book, as it is now."""
        return [
            Told(symbol.sequence, symbol.ledger.best(BID, SHOWN), symbol.ledger.best(ASK, SHOWN))
            for symbol in self.wired.symbols
        ]
