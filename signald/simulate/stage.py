"""Exchanges whose books are those of a recording, told in their venues' own words with numbers of their own.

A client may come at any time and gets a snapshot of that moment: it need not have been there from the first frame on.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, NamedTuple, Self

from signald.core.book import Book
from signald.errors import ConfigError
from signald.model.instruments import Instrument, InstrumentId
from signald.runtime.clock import Clock
from signald.simulate.market import ASK, BID, Change
from signald.simulate.place import Place
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import SPOT, ListedSymbol
from signald.simulate.venues.binance_usdm import USDM, ListedPerpetual
from signald.simulate.venues.bybit import BybitSymbol, BybitWords
from signald.simulate.venues.coinbase import CoinbaseSymbol, CoinbaseWords
from signald.simulate.venues.dialect import StreamSymbol, Words
from signald.simulate.venues.dydx import DydxSymbol, DydxWords
from signald.simulate.venues.hyperliquid import HyperliquidSymbol, HyperliquidWords
from signald.simulate.venues.kraken import KrakenSymbol, KrakenWords
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.okx import OkxSymbol, OkxWords
from signald.simulate.venues.stream_exchange import StreamExchange

Exchange = BinanceExchange | StreamExchange

_STREAMED: Final[Mapping[str, tuple[Callable[[Instrument], StreamSymbol], Callable[[], Words]]]] = {
    "okx": (OkxSymbol, OkxWords),
    "bybit": (BybitSymbol, lambda: BybitWords("linear")),
    "bybit spot": (BybitSymbol, lambda: BybitWords("spot")),
    "coinbase": (CoinbaseSymbol, CoinbaseWords),
    "kraken": (KrakenSymbol, KrakenWords),
    "hyperliquid": (HyperliquidSymbol, HyperliquidWords),
    "dydx": (DydxSymbol, DydxWords),
}


class _Hall(NamedTuple):
    venue: str
    exchange: Exchange
    ledgers: Mapping[InstrumentId, tuple[Instrument, Ledger]]


class Stage:
    """The exchanges. A context manager: inside, they listen on free ports of this machine."""

    def __init__(self, instruments: Iterable[Instrument], clock: Clock) -> None:
        """Build one exchange for each venue; raises ``ConfigError`` for one that cannot be simulated."""
        of_venue: dict[str, list[Instrument]] = {}
        for instrument in instruments:
            spot = " spot" if instrument.venue == "bybit" and instrument.kind == "spot" else ""
            of_venue.setdefault(instrument.venue + spot, []).append(instrument)
        self._halls = [_build(venue, listed, clock) for venue, listed in of_venue.items()]
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen."""
        for hall in self._halls:
            await self._open.enter_async_context(hall.exchange)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop listening."""
        await self._open.aclose()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where they are, once they listen."""
        return tuple(
            Place(
                hall.venue.partition(" ")[0],
                tuple(hall.ledgers),
                hall.exchange.ws_url,
                f"http://{hall.exchange.ws_url.partition('//')[2].partition('/')[0]}",
            )
            for hall in self._halls
        )

    @property
    def fewest_readers(self) -> int:
        """How many are connected to the exchange that has fewest."""
        return min((hall.exchange.readers for hall in self._halls), default=sys.maxsize)

    def show(self, books: Iterable[Book]) -> None:
        """Let the exchanges' books be these, and tell their readers what changed."""
        shown = {book.instrument.id: book for book in books}
        for hall in self._halls:
            here = [name for name in hall.ledgers if name in shown]
            for name in here:
                instrument, ledger = hall.ledgers[name]
                ledger.apply(_changes(ledger, instrument, shown[name]))
            if here:
                hall.exchange.push()


def _build(venue: str, listed: Sequence[Instrument], clock: Clock) -> _Hall:
    if venue in {"binance", "binance_usdm"}:
        kind, paths = (ListedSymbol, SPOT) if venue == "binance" else (ListedPerpetual, USDM)
        symbols = [kind(instrument) for instrument in listed]
        exchange: Exchange = BinanceExchange([Listing(symbol) for symbol in symbols], clock, paths=paths)
    elif venue in _STREAMED:
        build, words = _STREAMED[venue]
        symbols = [build(instrument) for instrument in listed]
        exchange = StreamExchange(dict.fromkeys(symbols), words(), clock)
    else:
        raise ConfigError(venue, "has no simulated exchange: its books cannot be served")
    ledgers = {symbol.instrument.id: (symbol.instrument, symbol.ledger) for symbol in symbols}
    return _Hall(venue, exchange, ledgers)


def _changes(ledger: Ledger, instrument: Instrument, book: Book) -> list[Change]:
    """What makes a ledger's levels those of a book; what lies between two ticks or lots of the listing is left out."""
    tick, lot = book.steps
    finer = int(instrument.tick_size / tick), int(instrument.lot_size / lot)
    changes: list[Change] = []
    for side in (BID, ASK):
        pairs = book.pairs("bid" if side == BID else "ask")
        pairs = pairs[(pairs % finer == 0).all(axis=1)] // finer
        wanted: dict[int, int] = dict(pairs.tolist())
        have = ledger.sides[side]
        changes += [Change(side, price, size) for price, size in wanted.items() if have.get(price) != size]
        changes += [Change(side, price, 0) for price in have if price not in wanted]
    return changes
