"""Our side of one venue's wire: its links, journal, books and board; the exchange may be in another process."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

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
from signald.model.notices import BookGap, Notice
from signald.model.records import RecordKind
from signald.model.signals import Signal
from signald.model.time import Nanos
from signald.pipeline import Pipeline
from signald.runtime.supervisor import Supervisor
from signald.sinks.counts import Counts
from signald.sinks.encoding import Document
from signald.sinks.stages import Stages
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.registry import FOLDERS, read_venue_config
from signald.sources.succession import SPARE, build_succession
from signald.transports.allowance import Allowance
from tests.support.calendar import INDICATORS
from tests.support.clocks import HandClock
from tests.support.engine import PARAMETERS
from tests.support.simulated_venue import SHOWN, VENUES, Told

COMPILED = [import_module(f"signald.sources.venues.{name}.source") for name in FOLDERS]
"""Here already: to load a kernel while the loop runs would block it."""

_SETTINGS: Final[dict[str, dict[str, Any]]] = {"kraken": {"depth": 10}, "hyperliquid": {"fast": False}}
_ROWS_EVERY: Final = 7
_KEPT: Final = 64
"""What the exchange had so many of its tellings ago is forgotten: whoever measures memory is to see little of ours."""


class VenueLinks:
    """One venue's links and what they are joined to.

    Args:
        venue: Its name in the registry.
        folder: Where the journal is kept.
        clock: Moved by whoever owns it.
        settings: The venue's.

    Attributes:
        clock: As given.
        notices: Facts that were told, in order.
        signals: Documents that were published, in order.
        wrong: What the board showed that never was so at the exchange.
        compared: How many books were compared with what the exchange had.
        on_gap: Told once, as soon as a book is lost.
        gap_count: How many books were lost.
    """

    def __init__(self, venue: str, folder: Path, clock: HandClock, **settings: Any) -> None:  # noqa: ANN401  # TOML
        self.venue = venue
        self.instruments = VENUES[venue]
        self.clock = clock
        self.notices: list[Notice] = []
        self.signals: list[Signal] = []
        self.wrong: list[str] = []
        self.compared = 0
        self.on_gap: Callable[[], object] | None = None
        self.gap_count = 0
        self._settings = _SETTINGS.get(venue, {}) | settings
        self._path = folder / "journal"
        self._truth: list[dict[int, tuple[list[Level], list[Level]]]] = [{}, {}]
        self._seen = [(0, 0), (0, 0)]
        self._turns = 0
        self.links: dict[str, VenueLink] = {}
        self._counts = Counts()

    @asynccontextmanager
    async def linked(self, ws_url: str, rest_url: str) -> AsyncGenerator[None]:
        """Everything, connected to the exchange at these addresses."""
        self.pipeline = self._build()
        journal = await asyncio.to_thread(JournalWriter, self._path)
        try:
            async with Supervisor(handle_signals=False) as supervisor:
                self._begin(journal, Addresses(ws_url, rest_url))
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
    def frames(self) -> int:
        """Frames that came so far."""
        return self._counts.frames.total()

    @property
    def connections(self) -> int:
        """Connections that were made so far."""
        return sum(link.connection.connections for link in self.links.values())

    def all_live(self) -> bool:
        """Whether every book can be believed."""
        return bool((self.rows["state"] == STATE_LIVE).all())

    def shows(self, told: Sequence[Told], *numbers: int) -> bool:
        """Whether these books, or all, are live and have what the exchange has."""
        live, books = self.rows["state"] == STATE_LIVE, self.books
        which = numbers or range(len(books))
        return all(bool(live[n]) and self._levels(n, told[n]) == _shown(books[n]) for n in which)

    def look(self, told: Sequence[Told]) -> None:
        """A book that a signal would use must be one that the exchange had; now and then the rows go on record."""
        rows = self.rows
        for number, (one, book) in enumerate(zip(told, self.books, strict=True)):
            truth = self._truth[number]
            if one.sequence not in truth:
                truth[one.sequence] = self._levels(number, one)
                if len(truth) > _KEPT:
                    del truth[next(iter(truth))]
            seen = (book.applied, book.sequence)
            is_used = book_view(rows[number].item(), self.clock.ts) is not None and book.sequence in truth
            if is_used and seen != self._seen[number]:
                self._seen[number] = seen
                self.compared += 1
                if _shown(book) != truth[book.sequence]:
                    self.wrong.append(f"{self.instruments[number].id} at {book.sequence}")
        self._turns += 1
        if self._turns % _ROWS_EVERY == 0:
            self.intake.take(RecordKind.TICK, channel="")  # puts the rows on record

    def forget(self) -> None:
        """Keep nothing of what was told: whoever measures memory is to see none of ours."""
        self.notices.clear()
        self.signals.clear()

    def _begin(self, journal: JournalWriter, at: Addresses) -> None:
        self.intake = Intake(clock=self.clock, journal=journal, pipeline=self.pipeline, outlet=self, stages=Stages())
        names = self.pipeline.board.instruments
        self.intake.begin(Session(mode="live", instruments=names, channels={self.venue: names}), [])
        allowance = Allowance(self.clock)
        for channel in (self.venue, self.venue + SPARE):
            self.links[channel] = VenueLink(
                channel,
                at=at,
                intake=self.intake,
                feeds=self.pipeline,
                situation=KnownSituation(self.pipeline.engine, self.clock),
                clock=self.clock,
                allowance=allowance,
                counts=self._counts,
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

    def _levels(self, number: int, told: Told) -> tuple[list[Level], list[Level]]:
        """The best levels as the exchange has them."""
        tick, lot = self.instruments[number].tick_size, self.instruments[number].lot_size
        bids, asks = ([(price * tick, size * lot) for price, size in side] for side in (told.bids, told.asks))
        return bids, asks


def _shown(book: Book) -> tuple[list[Level], list[Level]]:
    return book.levels("bid", SHOWN), book.levels("ask", SHOWN)
