"""Acts on the documents of a replay, a latency after they were said, on the books as recorded by then.

The first document of a timestamp with an edge, for an instrument whose book the journals have, is an order in its
direction. It takes depth off the book as it was after the last frame that had arrived by then, and is closed a fixed
time after it could first have been sent, at the other side. A document without an edge is no order, but shows what a
resting quote was exposed to. A book that is not live gives nothing.
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from signald.core.book import Book
from signald.core.depth import Ladder, walk
from signald.core.kernels import layout
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, NONE
from signald.core.kernels.rows import STATE, STATE_LIVE
from signald.journal.pieces import Piece, merge_pieces, read_pieces
from signald.model.instruments import InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.replay.checkpoints import KeepsBooks
from signald.replay.driver import (
    BuildPipeline,
    Driver,
    FindModel,
    RebuildPipeline,
    first_session,
    signals,
)
from signald.replay.feeding import Replayed, Times
from signald.research.delay.latencies import Latencies, draw

DELAYS_MS: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0)

_SIDES: Final = {"up": 1, "down": -1}
_STRIDE: Final = 512
"""Frames after which books are looked at for how old their news are."""


class Plan(NamedTuple):
    """How documents are acted on.

    Attributes:
        size_usd: Of each order; quote units are taken as dollars.
        delays_ms: What is added to the latencies, rising: the curve's abscissa.
        exit_s: From the moment of the first possible act until the order is closed.
        fee_bps: Of each of its two sides.
        feed: From the source's own time of a figure until we have it; ``None``: as recorded.
        publication: From our having it until an order is at the venue.
        draws: How often latencies are drawn for each document.
        seed: Of the draws.
    """

    size_usd: float = 100_000.0
    delays_ms: tuple[float, ...] = DELAYS_MS
    exit_s: int = 300
    fee_bps: float = 5.0
    feed: Latencies | None = None
    publication: Latencies | None = None
    draws: int = 20
    seed: int = 0

    @property
    def times(self) -> int:
        """How often latencies are drawn: once where each draw would be the same."""
        return self.draws if any(one is not None and one.varies for one in (self.feed, self.publication)) else 1


class Order:
    """One document acted on, with one draw of its latencies.

    Attributes:
        instrument: Where.
        t0: The document's scheduled time, its arrival's where there is none.
        side: +1 bought, −1 sold, 0 nothing to do.
        latency_ms: From the source's own time until the order could first be at the venue.
        bid: Best bid when the document was said.
        ask: Best ask then.
        prices: Average price at each delay; NaN: not filled.
        mids: Mid at each delay; NaN: no live book.
        thin: Whether the book once had less than was wanted.
        exit: Average price at which it was closed; NaN: it was not.
    """

    def __init__(
        self, signal: Signal, *, side: int, latency_ms: float, touch: tuple[float, float], delays: int
    ) -> None:
        """Nothing is filled yet."""
        assert signal.instrument is not None  # what is scored is so for an instrument
        self.instrument: InstrumentId = signal.instrument
        self.t0: Nanos = signal.ts_scheduled if signal.ts_scheduled is not None else signal.ts_ingest
        self.side = side
        self.latency_ms = latency_ms
        self.bid: float
        self.ask: float
        self.bid, self.ask = touch
        self.prices: list[float] = [math.nan] * delays
        self.mids: list[float] = [math.nan] * delays
        self.thin = False
        self.exit: float = math.nan

    @property
    def mid(self) -> float:
        """Mid when the document was said."""
        return (self.bid + self.ask) / 2.0


class Acted(NamedTuple):
    """What came of it.

    Attributes:
        orders: In the order of their documents, then of their draws.
        no_book: Documents that could not be acted on for want of a live book.
        news_ms: Seconds from the nearest scheduled time, and how old a book's last frame was when it came.
    """

    orders: Sequence[Order]
    no_book: int
    news_ms: Sequence[tuple[float, float]]


def act_on(
    journals: Sequence[Path],
    build: BuildPipeline,
    plan: Plan,
    *,
    find_model: FindModel = lambda _: None,
    rebuild: RebuildPipeline | None = None,
) -> Acted:
    """Replay journals and act on what is said; raises as :func:`signald.replay.driver.replay`."""
    opened = [first_session(read_pieces(path), path) for path in journals]
    desk = _Desk(Driver([session for session, _ in opened], build, find_model=find_model, rebuild=rebuild), plan)
    for place, piece in merge_pieces(pieces for _, pieces in opened):
        desk.feed(piece, place)
    return desk.close()


class _Desk:
    """Feeds a driver, stopping wherever something is to be done."""

    def __init__(self, driver: Driver, plan: Plan) -> None:
        self._driver = driver
        self._plan = plan
        self._orders: list[Order] = []
        self._due: list[tuple[Nanos, int, int]] = []  # when, number of the order, place of the delay (-1: its end)
        self._done: set[tuple[Nanos, InstrumentId, bool]] = set()
        self._no_book = 0
        self._t0s: dict[Nanos, None] = {}
        self._news: list[tuple[Nanos, float]] = []
        self._applied: dict[InstrumentId, int] = {}

    def feed(self, piece: Piece, place: int) -> None:
        """Feed one piece of a journal; before each of its records do what was due before that."""
        if isinstance(piece, Record):
            self._wait(piece.ts_ingest)
            self._hear(self._driver.feed(piece, place))
            if piece.kind is RecordKind.FRAME:
                self._look()
            return
        first, count, times = 0, len(piece.rows), Times(piece.times)
        while first < count:
            self._wait(times[first])
            last = min(first + _STRIDE, count)
            if self._due:
                last = times.place_of(first + 1, last, self._due[0][0] + 1)
            deadline = times.place_of(first, last, self._driver.pipeline.next_deadline())
            last = deadline if deadline > first else last
            self._hear(self._driver.feed_frames(piece.between(first, last), place))
            self._look()
            first = last

    def close(self) -> Acted:
        """Nothing more comes: what is still due would see books of which nobody knows."""
        t0s = np.array(sorted(self._t0s), dtype=np.int64)
        return Acted(self._orders, self._no_book, [(_seconds_from(t0s, ts), age) for ts, age in self._news])

    def _hear(self, replayed: Iterator[Replayed]) -> None:
        for signal in signals(replayed):
            if (
                signal.kind not in {"release", "correction"}
                or signal.verdict == "quarantined"
                or "test" in signal.flags
            ):
                continue
            if signal.ts_scheduled is not None:
                self._t0s[signal.ts_scheduled] = None
            self._order(signal)

    def _order(self, signal: Signal) -> None:
        """Order as the first document with an edge says, and note what the first one without exposes."""
        assert signal.instrument is not None  # what is scored is so for an instrument
        side = _SIDES.get(signal.verdict or "", 0)
        t0 = signal.ts_scheduled if signal.ts_scheduled is not None else signal.ts_ingest
        if (t0, signal.instrument, bool(side)) in self._done:
            return
        self._done.add((t0, signal.instrument, bool(side)))
        book = _books(self._driver).get(signal.instrument)
        touch = None if book is None else _touch(book)
        if touch is None:
            self._no_book += 1
            return
        for number in range(self._plan.times):
            ready = self._ready(signal, t0, number)
            order = Order(
                signal,
                side=side,
                latency_ms=(ready - signal.ts_event) / NS_PER_MS,
                touch=touch,
                delays=len(self._plan.delays_ms),
            )
            for place, delay in enumerate(self._plan.delays_ms):
                heapq.heappush(self._due, (ready + round(delay * NS_PER_MS), len(self._orders), place))
            heapq.heappush(self._due, (ready + self._plan.exit_s * NS_PER_S, len(self._orders), -1))
            self._orders.append(order)

    def _ready(self, signal: Signal, t0: Nanos, number: int) -> Nanos:
        """When an order can first be at the venue: never before the document was there to be read."""
        seconds = (signal.ts_ingest - t0) / NS_PER_S
        key = f"{self._plan.seed}:{signal.id}:{number}"
        arrived = signal.ts_ingest
        if self._plan.feed is not None:
            feed = draw(self._plan.feed, seconds=seconds, key=f"feed:{key}")
            arrived = max(arrived, signal.ts_event + round(feed * NS_PER_MS))
        if self._plan.publication is None:
            return arrived
        return arrived + round(draw(self._plan.publication, seconds=seconds, key=f"publication:{key}") * NS_PER_MS)

    def _wait(self, now: Nanos) -> None:
        """Let time pass until ``now``, and do what was due before it: books are as they were then, and as old."""
        while self._due and self._due[0][0] < now:
            self._hear(self._driver.advance(self._due[0][0]))
            _, number, place = heapq.heappop(self._due)
            order = self._orders[number]
            book = _books(self._driver).get(order.instrument)
            touch = None if book is None else _touch(book)
            if book is not None and touch is not None:
                self._fill(order, place, book, touch)
        self._hear(self._driver.advance(now))
        if self._due and self._due[0][0] < now:  # what was said meanwhile
            self._wait(now)

    def _fill(self, order: Order, place: int, book: Book, touch: tuple[float, float]) -> None:
        if place >= 0:
            order.mids[place] = sum(touch) / 2.0
        if not order.side:
            return
        buys = order.side > 0 if place >= 0 else order.side < 0
        fill = walk(ladder_of(book, ASK_SIDE if buys else BID_SIDE), self._plan.size_usd)
        if fill.money < self._plan.size_usd * (1.0 - 1e-9):
            order.thin = True
        elif place >= 0:
            order.prices[place] = fill.price
        else:
            order.exit = fill.price

    def _look(self) -> None:
        """Note how old the newest of each book's news was when it came, where there are any."""
        for name, book in _books(self._driver).items():
            if book.ts_event and book.applied != self._applied.get(name):
                self._applied[name] = book.applied
                self._news.append((book.ts_ingest, max(0.0, (book.ts_ingest - book.ts_event) / NS_PER_MS)))


def ladder_of(book: Book, side: int) -> Ladder:
    """One side of a book as far as every level is known, in quote and base units."""
    pairs = book.pairs("ask" if side == ASK_SIDE else "bid")
    end = int(book.words[layout.KNOWN + side])
    known = pairs[pairs[:, 0] <= end] if side == ASK_SIDE else pairs[pairs[:, 0] >= end]
    tick, lot = book.steps
    return known.astype(np.float64) * np.array([float(tick), float(lot * book.instrument.contract_size)])


def _touch(book: Book) -> tuple[float, float] | None:
    """Best bid and ask of a live book whose sides are not crossed."""
    bid, ask = int(book.words[layout.BEST + BID_SIDE]), int(book.words[layout.BEST + ASK_SIDE])
    if int(book.words[layout.ROW + STATE]) != STATE_LIVE or book.is_stale or NONE in {bid, ask} or bid >= ask:
        return None
    tick = float(book.steps[0])
    return bid * tick, ask * tick


def _books(driver: Driver) -> Mapping[InstrumentId, Book]:
    """The books that are shown, by instrument."""
    sources = driver.pipeline.venues.values()
    return {book.instrument.id: book for one in sources if isinstance(one, KeepsBooks) for book in one.books}


def _seconds_from(t0s: "np.ndarray[tuple[int], np.dtype[np.int64]]", ts: Nanos) -> float:
    """From the nearest of some times, rising, to ``ts``; far away where there is none."""
    if not len(t0s):
        return math.inf
    return float(ts - t0s[np.abs(t0s - ts).argmin()]) / NS_PER_S
