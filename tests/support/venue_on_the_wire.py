"""One venue's links on a simulated exchange: real websockets and HTTP, journal, engine; the clock is moved by hand."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from signald.core.board import Board, BoardRows
from signald.core.book import Book, Level
from signald.core.documents import Documents
from signald.core.engine import Engine
from signald.core.kernels.rows import STATE_LIVE
from signald.core.release_window import WindowRules
from signald.core.scoring import Scorer, book_view
from signald.errors import JournalError
from signald.journal.session import Session
from signald.journal.writer import JournalWriter
from signald.live.intake import Intake
from signald.live.situation import KnownSituation
from signald.live.venue_link import Addresses, VenueLink
from signald.model.instruments import Instrument
from signald.model.notices import BookGap, Notice
from signald.model.records import RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.pipeline import Pipeline
from signald.replay.compare import Comparison, compare
from signald.runtime.supervisor import Supervisor
from signald.simulate.market import ASK, BID, Change, Market, MarketShape
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import FAST_DEPTH, ListedSymbol
from signald.simulate.venues.binance_usdm import USDM, ListedPerpetual
from signald.simulate.venues.bybit import BybitSymbol, BybitWords
from signald.simulate.venues.coinbase import CoinbaseSymbol, CoinbaseWords
from signald.simulate.venues.dydx import DydxSymbol, DydxWords
from signald.simulate.venues.faults import FrameFaults
from signald.simulate.venues.hyperliquid import HyperliquidSymbol, HyperliquidWords
from signald.simulate.venues.kraken import KrakenSymbol, KrakenWords
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.okx import OkxSymbol, OkxWords
from signald.simulate.venues.stream_exchange import StreamExchange, StreamSymbol, Words
from signald.sinks.counts import Counts
from signald.sinks.encoding import Document
from signald.sinks.stages import Stages
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.registry import FOLDERS, read_venue_config
from signald.sources.succession import SPARE, build_succession
from signald.transports.allowance import Allowance
from tests.support.calendar import CPI_JANUARY, INDICATORS, T0, release_payload, schedule_payload
from tests.support.clocks import HandClock
from tests.support.engine import PARAMETERS
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

COMPILED = [import_module(f"signald.sources.venues.{name}.source") for name in FOLDERS]
"""Here already: to load a kernel while the loop runs would block it."""

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
_SETTINGS: Final[dict[str, dict[str, Any]]] = {"kraken": {"depth": 10}, "hyperliquid": {"fast": False}}
_SHOWN: Final = 10
_ROWS_EVERY: Final = 7
Exchange = BinanceExchange | StreamExchange


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
    exchange = StreamExchange(dict(zip(symbols, markets, strict=True)), words, clock)
    return Wired(exchange, symbols, [symbol.streams[0] for symbol in symbols])


class VenueOnTheWire:
    """One venue's links and what they are joined to.

    Attributes:
        clock: Moved by :meth:`until`.
        wired: The exchange.
        notices: Facts that were told, in order.
        signals: Documents that were published, in order.
        wrong: What the board showed that never was so at the exchange.
        on_gap: Told once, as soon as a book is lost.
        gap_count: How many books were lost.
    """

    def __init__(self, venue: str, folder: Path, *, moving: bool = True, **settings: Any) -> None:  # noqa: ANN401  # TOML
        self.venue = venue
        self.instruments = VENUES[venue]
        self.clock = HandClock(T0 - 30 * NS_PER_S)
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
        self.notices: list[Notice] = []
        self.signals: list[Signal] = []
        self.wrong: list[str] = []
        self.on_gap: Callable[[], object] | None = None
        self._settings = _SETTINGS.get(venue, {}) | settings
        self._path = folder / "journal"
        self._truth: list[dict[int, tuple[list[Level], list[Level]]]] = [{}, {}]
        self._seen = [(0, 0), (0, 0)]
        self.gap_count = 0
        self._turns = 0
        self.links: dict[str, VenueLink] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Everything, connected."""
        self.pipeline = self._build()
        journal = await asyncio.to_thread(JournalWriter, self._path)
        try:
            async with self.exchange, Supervisor(handle_signals=False) as supervisor:
                self._begin(journal)
                for link in self.links.values():
                    link.start(supervisor, self.links)
                yield
        finally:
            await asyncio.to_thread(journal.close)

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """As an outlet."""
        self.signals += [signal for signal, _ in said]

    def tell(self, notice: Notice) -> None:
        """As an outlet."""
        self.notices.append(notice)
        self.gap_count += isinstance(notice, BookGap)
        if self.on_gap is not None and isinstance(notice, BookGap):
            told, self.on_gap = self.on_gap, None
            told()

    def clock_fell_behind(self, by: Nanos) -> None:
        """As an outlet."""
        raise AssertionError(by)

    def journal_failed(self, error: JournalError) -> None:
        """As an outlet."""
        raise error

    @property
    def rows(self) -> BoardRows:
        """The board as it is now."""
        return self.pipeline.board.read()

    @property
    def books(self) -> tuple[Book, ...]:
        """The books that are shown."""
        return tuple(book for lane in self.pipeline.venues.values() for book in getattr(lane, "books", ()))

    @property
    def gaps(self) -> list[str]:
        """Why the first book was lost, so far."""
        name = self.instruments[0].id
        return [each.reason for each in self.notices if isinstance(each, BookGap) and each.instrument == name]

    @property
    def faults(self) -> FrameFaults:
        """Orders for the first book's stream."""
        return self.exchange.faults(self.wired.streams[0])

    def all_live(self) -> bool:
        """Whether every book can be believed."""
        return bool((self.rows["state"] == STATE_LIVE).all())

    def is_level(self, *numbers: int) -> bool:
        """Whether these books, or all, are live and have what the exchange has."""
        live, books = self.rows["state"] == STATE_LIVE, self.books
        return all(live[n] and self._levels(n) == _shown(books[n]) for n in numbers or range(len(books)))

    async def until(
        self, condition: Callable[[], bool], *, ms: int = 100, pause_s: float = 0.002, within_s: float = 30.0
    ) -> None:
        """Let time go on, market and all, until something is so; look at every book on the way.

        Args:
            condition: What is waited for.
            ms: How far each step of the clock is.
            pause_s: How long each step takes in truth.
            within_s: Longest time to wait, in truth.
        """
        async with asyncio.timeout(within_s):
            while not condition():
                self.clock.ts += ms * NS_PER_MS
                self.exchange.push()
                await asyncio.sleep(pause_s)
                self._look()
                self._turns += 1
                if self._turns % _ROWS_EVERY == 0:
                    self.intake.take(RecordKind.TICK, channel="")  # puts the rows on record

    async def settle(self) -> None:
        """Let everything that was told arrive, and no more be told."""
        await self.until(self.is_level, ms=0)

    def forget(self) -> None:
        """Keep nothing of what was told: whoever measures memory is to see none of ours."""
        self.notices.clear()
        self.signals.clear()
        for truth in self._truth:
            truth.clear()

    def schedule(self) -> None:
        """Promise a figure for T0."""
        key = f"calendar/schedule/{CPI_JANUARY}/bls"
        self.intake.take(RecordKind.MESSAGE, channel="mqtt", key=key, payload=schedule_payload())

    def release(self) -> list[Signal]:
        """Say the figure; the documents that it gave."""
        before = len(self.signals)
        payload = release_payload(ts_event=format_rfc3339(self.clock.ts))
        key = f"calendar/release/{CPI_JANUARY}/bls"
        self.intake.take(RecordKind.MESSAGE, channel="mqtt", key=key, payload=payload)
        return [signal for signal in self.signals[before:] if signal.kind == "release"]

    async def replayed(self) -> Comparison:
        """The journal, run again and compared."""
        return await asyncio.to_thread(compare, [self._path], self._build)

    def _begin(self, journal: JournalWriter) -> None:
        self.intake = Intake(clock=self.clock, journal=journal, pipeline=self.pipeline, outlet=self, stages=Stages())
        names = self.pipeline.board.instruments
        self.intake.begin(Session(mode="live", instruments=names, channels={self.venue: names}), [])
        rest_url = self.exchange.rest_url if isinstance(self.exchange, BinanceExchange) else "http://127.0.0.1:1"
        allowance = Allowance(self.clock)
        for channel in (self.venue, self.venue + SPARE):
            self.links[channel] = VenueLink(
                channel,
                at=Addresses(self.exchange.ws_url, rest_url),
                intake=self.intake,
                feeds=self.pipeline,
                situation=KnownSituation(self.pipeline.engine, self.clock),
                clock=self.clock,
                allowance=allowance,
                counts=Counts(),
            )

    def _build(self) -> Pipeline:
        names = [instrument.id for instrument in self.instruments]
        board = Board(names, slippage_usd=(10_000.0,))
        venue = read_venue_config({"name": self.venue, "instruments": names, **self._settings}, where="test")
        documents = Documents(scorer=Scorer(PARAMETERS, self.instruments), instruments=self.instruments)
        return Pipeline(
            engine=Engine(indicators=INDICATORS, documents=documents, rules=WindowRules()),
            board=board,
            venues=build_succession(venue, self.instruments, board, channel=self.venue).lanes,
            calendar=MqttCalendar(INDICATORS),
        )

    def _look(self) -> None:
        """A book that a signal would use must be one that the exchange had."""
        rows = self.rows
        for number, (symbol, book) in enumerate(zip(self.wired.symbols, self.books, strict=True)):
            truth = self._truth[number]
            if symbol.sequence not in truth:
                truth[symbol.sequence] = self._levels(number)
            is_used = book_view(rows[number].item(), self.clock.ts) is not None and book.sequence in truth
            seen, self._seen[number] = self._seen[number], (book.applied, book.sequence)
            if is_used and seen != self._seen[number] and _shown(book) != truth[book.sequence]:
                self.wrong.append(f"{symbol.instrument.id} at {book.sequence}")

    def _levels(self, number: int) -> tuple[list[Level], list[Level]]:
        """The best levels as the exchange has them."""
        symbol = self.wired.symbols[number]
        tick, lot = symbol.instrument.tick_size, symbol.instrument.lot_size
        bids, asks = (
            [(price * tick, size * lot) for price, size in symbol.ledger.best(side, _SHOWN)] for side in (BID, ASK)
        )
        return bids, asks


def _shown(book: Book) -> tuple[list[Level], list[Level]]:
    return book.levels("bid", _SHOWN), book.levels("ask", _SHOWN)
