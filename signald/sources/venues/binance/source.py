"""One connection to Binance, spot or USD-M futures: frames to books, and books kept right.

A book's life: the connection is up, its frames are kept and a snapshot is asked for; the snapshot comes, the frames
kept since are put onto it, and with the first that joins it the book is live. A frame that does not join its
predecessor is a gap: the book is thrown away and all begins anew, for this book alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import outcomes
from signald.core.kernels.layout import PHASE_LIVE, PHASE_WAITING
from signald.errors import MalformedFrameError
from signald.model.instruments import Instrument, InstrumentId
from signald.model.time import Nanos
from signald.sources.desk import Desk, build_books
from signald.sources.finer import take_finer
from signald.sources.frames import Frames, take_each
from signald.sources.inband import OnApplied
from signald.sources.protocol import EMPTY, Among, Request, Step, Taken
from signald.sources.quiet import QuietTicks
from signald.sources.refresh import Refreshes
from signald.sources.staleness import Peers, StalenessJudge
from signald.sources.syncing import Budget, Kept
from signald.sources.upkeep import Reason, Sync, Upkeep
from signald.sources.venues.binance.addresses import check_streams, snapshot_path, streams_path
from signald.sources.venues.binance.config import BinanceConfig, BinanceUsdmConfig, snapshot_key
from signald.sources.venues.binance.decode import apply_frame, seed_book
from signald.sources.venues.binance.messages import decode_kind, plainest, plainest_snapshot
from signald.sources.venues.binance.reading import CHAINED, FIRST, KIND, KIND_OTHER, KIND_TICKER

_SYMBOL: Final = re.compile(rb'"s":"([^"]{1,31})"')
_SHUTDOWN: Final = "serverShutdown"
_NO_DEPTH: Final = frozenset({KIND_TICKER, KIND_OTHER})
_CHANGED: Final = frozenset({outcomes.APPLIED, outcomes.WENT_LIVE, outcomes.CROSSED})


def build(
    config: BinanceConfig | BinanceUsdmConfig, instruments: Sequence[Instrument], board: Board, *, channel: str = ""
) -> "BinanceSource":
    """Build the source of one connection; see :func:`signald.sources.registry.build_source`.

    Raises:
        ConfigError: There are more instruments than one connection may have.
    """
    books = build_books(config.instruments, instruments, board)
    check_streams(channel or config.name, books)
    return BinanceSource(config, books, channel=channel, peers=Peers(board, instruments, books))


class BinanceSource:
    """The books of one connection.

    Args:
        config: Which market, and how patient to be.
        books: One for each of its instruments, in order.
        channel: Name of the connection; ``""``: the venue's.
        budget: Of snapshots; None: one of its own.
        peers: Who bears witness for silent books; None: nobody.

    Attributes:
        channel, books: As given.
        on_applied: Told a book after each of its depth frames, kept ones included; None: nobody is.
        counts: How often what happened that is not routine.
    """

    def __init__(
        self,
        config: BinanceConfig | BinanceUsdmConfig,
        books: Iterable[Book],
        *,
        channel: str = "",
        budget: Budget | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.channel = channel or config.name
        self.books = tuple(books)
        self.counts: Counter[str] = Counter()
        self.on_applied: OnApplied | None = None
        self._config = config
        self._desk = Desk(self.books)
        self._words = self._desk.words
        self._words[CHAINED] = isinstance(config, BinanceUsdmConfig)
        self._budget = budget or Budget(config.snapshots_per_minute)
        self._refreshes = Refreshes(self.books, config.refresh_every_s, self._grow, self.counts)
        judge = StalenessJudge(self.books, after_ms=config.stale_after_ms, move_bps=config.stale_move_bps, peers=peers)
        self._upkeep = Upkeep(
            self.channel,
            self.books,
            judge=judge,
            malformed_per_minute=config.malformed_per_minute,
            ask=self._ask,
        )
        self._quiet = QuietTicks(self.books, self._upkeep, self._refreshes)

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """Whose books come on this connection."""
        return tuple(book.instrument.id for book in self.books)

    @property
    def url_path(self) -> str:
        """`/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/…`."""
        return streams_path(book.instrument.venue_symbol for book in self.books)

    def on_connected(self, now: Nanos) -> Step:
        """Begin with nothing: the address has subscribed, every book needs a snapshot."""
        return self._upkeep.begin(now)

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        """`{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":1,"u":2,…}}`."""
        outcome = apply_frame(frame, now, self._words)
        if outcome <= outcomes.LAST_ROUTINE:
            watched = outcome == outcomes.APPLIED and (self.on_applied is not None or self._refreshes.active)
            return self._watch(frame, now) if watched else EMPTY
        return self._follow(self._finer(outcome, frame, now), frame, now)

    def on_frames(self, frames: Frames, number: int, first: int, last: int, among: Among | None = None) -> Taken:
        """Many frames in one compiled call, and quiet ticks among them, unless somebody wants to know of each."""
        if self.on_applied is not None or (self._refreshes.active and not self._refreshes.waits):
            return take_each(self, frames, number, first, last)
        from signald.sources.venues.binance.run import apply_frames  # noqa: PLC0415 - it compiles, for replay alone

        last, quiet = self._quiet.lend(among, last), self._quiet.words
        packed = apply_frames(frames.memory, frames.words(), number, first, last, self._words, quiet)
        place, outcome = divmod(packed, 256)
        ticks = self._quiet.take_back()
        self._refreshes.keep(frames, number, first, place)
        if outcome <= outcomes.LAST_ROUTINE or outcome == outcomes.TICK:
            return Taken(place, EMPTY, *ticks)
        frame, now = frames.frame(place), int(frames.times[place])
        return Taken(place + 1, self._follow(self._finer(outcome, frame, now), frame, now), *ticks)

    def on_response(self, tag: str, body: bytes, now: Nanos) -> Step:
        """`{"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"],…],"asks":[…]}`."""
        number = self._desk.number_of(tag.removeprefix(snapshot_key("")))
        if number is None:
            return EMPTY
        refreshed = self._refreshes.on_response(number, tag, body, now)
        if refreshed is not None:
            return refreshed
        if self.books[number].phase != PHASE_WAITING:
            return EMPTY
        sync = self._upkeep.syncs[number]
        if not body:
            return self._upkeep.again(sync, now)
        outcome = self._seed(sync, body)
        if outcome != outcomes.APPLIED:
            problem = outcomes.PROBLEMS.get(outcome, "it is no snapshot of depth")
            return self._upkeep.again(sync, now, (self._upkeep.rejected(tag, problem, now),))
        return self._put_kept(sync, now)

    def on_disconnected(self, now: Nanos) -> Step:
        """Believe no book any more."""
        self._refreshes.clear()
        return self._upkeep.end(now)

    def advance(self, now: Nanos) -> Step:
        """Say which live books make no progress; ask again where no answer came; begin refreshes."""
        step = self._upkeep.advance(now)
        refreshes = self._refreshes.advance(now)
        return step._replace(requests=step.requests + refreshes) if refreshes else step

    def next_deadline(self) -> Nanos | None:
        """When a book may be stale, or an answer is overdue."""
        return self._upkeep.deadline

    def _follow(self, outcome: int, frame: bytes, now: Nanos) -> Step:
        """Do what a frame's outcome asks for; seldom."""
        match outcome:
            case outcomes.APPLIED | outcomes.TOUCHED | outcomes.QUIET:
                return self._watch(frame, now) if outcome == outcomes.APPLIED else EMPTY
            case outcomes.KEEP:
                return self._keep(frame, now)
            case outcomes.NOT_PLAIN:
                return self._take_slowly(frame, now)
            case outcomes.WENT_LIVE:
                self._tell()
                return self._live(self._current(), now)
            case outcomes.CROSSED:
                self._tell()
                return self._upkeep.lose(self._current(), "crossed", now)
            case outcomes.GAP:
                return self._gap(self._current(), [Kept(frame, now)], now)
            case outcomes.OTHER_KIND | outcomes.UNKNOWN_SYMBOL:
                return self._take_other(outcome, frame, now)
            case _:
                return self._reject(frame, outcomes.PROBLEMS[outcome], now)

    def _keep(self, frame: bytes, now: Nanos) -> Step:
        sync = self._current()
        if sync.book.phase == PHASE_WAITING:
            sync.kept.keep(frame, now)
        return EMPTY

    def _take_slowly(self, frame: bytes, now: Nanos) -> Step:
        """Take a frame that may be JSON, but is not of the form that the kernel reads."""
        self.counts["slow"] += 1
        try:
            plain = plainest(frame)
        except MalformedFrameError as error:
            return self._reject(frame, error.problem, now)
        outcome = self._finer(apply_frame(plain, now, self._words), plain, now)
        if outcome == outcomes.NOT_PLAIN:
            return self._reject(frame, outcomes.PROBLEMS[outcome], now)
        return self._follow(outcome, frame if outcome == outcomes.OTHER_KIND else plain, now)

    def _take_other(self, outcome: int, frame: bytes, now: Nanos) -> Step:
        """`{"e":"serverShutdown","E":1770123456789}` announces an early close; all else is no book's of ours."""
        if outcome == outcomes.UNKNOWN_SYMBOL:
            self.counts["unknown_symbol"] += 1
            return EMPTY
        try:
            kind = decode_kind(frame)
        except MalformedFrameError as error:
            return self._reject(frame, error.problem, now)
        self.counts["other_kind"] += 1
        return Step(reconnect="the server announced its shutdown") if kind == _SHUTDOWN else EMPTY

    def _reject(self, frame: bytes, problem: str, now: Nanos) -> Step:
        """Drop a frame that makes no sense; if it was, or may have been, a book's depth, that has missed an update."""
        self.counts["malformed"] += 1
        number = self._desk.current()
        if number is None and (named := _SYMBOL.search(frame)) is not None:
            number = self._desk.number_of(named[1].decode(errors="replace"))
        sync = None if number is None else self._upkeep.syncs[number]
        return self._upkeep.reject(sync, problem, now, lost=self._words[KIND] not in _NO_DEPTH)

    def _gap(self, sync: Sync, kept: list[Kept], now: Nanos) -> Step:
        """A frame, the first of ``kept``, does not join what the book has."""
        reason: Reason = "sequence" if sync.book.phase == PHASE_LIVE else "stale_snapshot"
        return self._upkeep.lose(sync, reason, now, received=int(self._words[FIRST]), kept=kept)

    def _seed(self, sync: Sync, body: bytes) -> int:
        """Put a snapshot into its book; APPLIED, or what is wrong with it."""
        book, limit = sync.book, self._config.snapshot_limit
        outcome = seed_book(body, book.address, limit, self._words)
        if outcome == outcomes.NOT_PLAIN:
            try:
                body = plainest_snapshot(body)
            except MalformedFrameError:
                return outcome
            outcome = seed_book(body, book.address, limit, self._words)
        if outcome in outcomes.FINER:
            again = partial(seed_book, body, book.address, limit, self._words)
            return take_finer(book, outcome, again, self.counts)
        return outcome

    def _finer(self, outcome: int, frame: bytes, now: Nanos) -> int:
        """What becomes of a frame once its book's steps are as fine as it needs."""
        if outcome not in outcomes.FINER:
            return outcome
        again = partial(apply_frame, frame, now, self._words)
        return take_finer(self._current().book, outcome, again, self.counts)

    def _put_kept(self, sync: Sync, now: Nanos) -> Step:
        """Put the frames kept since the connection, or since the gap, onto the snapshot."""
        kept = sync.kept.take()
        for place, (frame, ts_ingest) in enumerate(kept):
            outcome = self._finer(apply_frame(frame, ts_ingest, self._words), frame, ts_ingest)
            if outcome in _CHANGED:
                self._tell()
            elif outcome == outcomes.GAP:
                return self._gap(sync, kept[place:], now)
        if sync.book.phase == PHASE_LIVE:
            return self._live(sync, now)
        return self._upkeep.seeded(sync, now)

    def _live(self, sync: Sync, now: Nanos) -> Step:
        self._refreshes.began(self._upkeep.syncs.index(sync), now)
        return self._upkeep.live(sync, now)

    def _grow(self, book: Book) -> "BinanceSource":
        return BinanceSource(self._config, [Book(book.instrument)], channel=self.channel, budget=self._budget)

    def _watch(self, frame: bytes, now: Nanos) -> Step:
        """A depth frame was applied to a live book."""
        self._tell()
        number = self._desk.current()
        assert number is not None  # the kernel has read it
        return self._refreshes.on_applied(number, frame, now)

    def _ask(self, sync: Sync, not_before: Nanos) -> Step:
        self._refreshes.drop(self._upkeep.syncs.index(sync))
        path = snapshot_path(self._config, sync.symbol)
        return Step(requests=(Request(snapshot_key(sync.symbol), path, self._budget.spend(not_before)),))

    def _current(self) -> Sync:
        number = self._desk.current()
        assert number is not None  # the kernel has read it
        return self._upkeep.syncs[number]

    def _tell(self) -> None:
        if self.on_applied is not None:
            self.on_applied(self._current().book)
