"""The life of a connection's books: asked for, kept waiting, live, lost, stale; what is said of it, and when.

A venue's source says what happened; this decides what follows for the book, for this book alone.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, TypeAlias

from signald.core.book import Book
from signald.core.kernels import ticks
from signald.core.kernels.layout import LAST, PHASE_LIVE, PHASE_WAITING
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import STATE_DISCONNECTED, STATE_GAP, STATE_SYNCING
from signald.model.notices import BookGap, BookLive, BookStale, Notice, Rejected
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.sources.protocol import EMPTY, Request, Step, join
from signald.sources.staleness import Staleness, StalenessJudge
from signald.sources.syncing import Kept, KeptFrames, Patience, Strikes

Reason: TypeAlias = Literal[
    "sequence", "disconnected", "malformed", "overflow", "crossed", "checksum", "stale_snapshot", "stale"
]

_ANSWER_NS: Final = 30 * NS_PER_S
"""An answer that is not there by then is asked for again."""
_SLEPT_NS: Final = 60 * NS_PER_S
"""So long behind the deadline nobody looked, or the clock was set."""
_MOST_UNANSWERED: Final = 4
"""Where a book was asked for so often in vain, and no other comes either, the connection is of no use."""
_LIVES_AGAIN_NS: Final = 60 * NS_PER_S
_MOST_DOUBLED: Final = 6
"""A market may be quiet for an hour: a book that is silent again is asked for twice as late, so often at most."""


class Sync:
    """What one book needs besides its levels.

    Attributes:
        book: The book.
        kept: Its frames, while it waits for a snapshot.
        patience: How long to wait before asking again.
        overdue: When a snapshot that was asked for should be there at the latest; None: none is awaited.
        staleness: Why it is stale, as was last said; None: it is not.
        doubted: Since when nothing new has come of it, though it should have; None: it has.
        heard: How old it was then.
        unanswered: How often it was asked for in vain.
        given_up: When it was last asked for anew because nothing came; None: not for long.
        silences: How often in a row that was, and nothing came thereafter either.
    """

    def __init__(self, book: Book, malformed_per_minute: int) -> None:
        self.book = book
        self.kept = KeptFrames()
        self.patience = Patience()
        self.overdue: Nanos | None = None
        self.staleness: Staleness | None = None
        self.doubted: Nanos | None = None
        self.heard: Nanos = 0
        self.unanswered = self.silences = 0
        self.given_up: Nanos | None = None
        self.strikes = Strikes(malformed_per_minute)

    @property
    def symbol(self) -> str:
        """The venue's name for the instrument."""
        return self.book.instrument.venue_symbol


Ask: TypeAlias = Callable[[Sync, Nanos], Step]
"""Told a book and the earliest time, gives the requests or frames that get its snapshot."""


class Upkeep:
    """The lives of one connection's books.

    Args:
        channel: Name of the connection.
        books: In order.
        judge: Says whether a live book is stale.
        malformed_per_minute: More frames than that which make no sense are too many.
        ask: How a snapshot is asked for.
        anew_after_ns: A book that has been silent or left behind for so long is asked for anew, and a connection on
            which no book comes is made anew; None: neither.
    """

    def __init__(
        self,
        channel: str,
        books: Iterable[Book],
        *,
        judge: StalenessJudge,
        malformed_per_minute: int,
        ask: Ask,
        anew_after_ns: Nanos | None = None,
    ) -> None:
        self._channel, self._judge = channel, judge
        self._malformed_per_minute = malformed_per_minute
        self._strikes = Strikes(malformed_per_minute)
        self._ask = ask
        self._anew_after_ns = anew_after_ns
        self.syncs = tuple(Sync(book, malformed_per_minute) for book in books)
        self.deadline: Nanos | None = None
        """When :meth:`advance` is next due; frames alone only make it later than it need be early."""

    def begin(self, now: Nanos) -> Step:
        """The connection is up: every book begins with nothing."""
        self._strikes = Strikes(self._malformed_per_minute)
        self._judge.forget()
        for sync in self.syncs:
            sync.unanswered = 0
            self._discard(sync, STATE_SYNCING)
        return self._asking(self.syncs, now)

    def end(self, now: Nanos) -> Step:
        """The connection is down: no book can be believed."""
        lost = [sync for sync in self.syncs if sync.book.phase == PHASE_LIVE]
        notices = tuple(self._gap(sync, "disconnected", 0, now) for sync in lost)
        for sync in self.syncs:
            sync.book.forget(STATE_DISCONNECTED)
            sync.kept.clear()
            sync.overdue = None
        self.deadline = None
        return Step(notices)

    def live(self, sync: Sync, now: Nanos) -> Step:
        """A book has become live."""
        sync.overdue, sync.unanswered, book = None, 0, sync.book
        self._plan(now)
        live = BookLive(channel=self._channel, instrument=book.instrument.id, sequence=book.sequence, ts_ingest=now)
        return join(Step((live,)), self.applied(sync, now))

    def applied(self, sync: Sync, now: Nanos) -> Step:
        """A frame went into a book: if what it says was so long ago, the book is stale at once."""
        if now - sync.book.ts_ingest < self._judge.after_ns:
            return EMPTY
        self._judge.look()
        stale = self._judged(sync, self.syncs.index(sync), now, as_it_comes=True)
        self._plan(now)
        return EMPTY if stale is None else Step((stale,))

    def lose(
        self,
        sync: Sync,
        reason: Reason,
        now: Nanos,
        *,
        received: int = 0,
        kept: Sequence[Kept] = (),
        before: tuple[Notice, ...] = (),
    ) -> Step:
        """A book is wrong, or may be: throw it away and ask for it anew.

        Args:
            sync: Which.
            reason: Why.
            now: The time.
            received: The sequence that came instead of the next one.
            kept: Frames that still count once the snapshot is there.
            before: Notices to give first.
        """
        gap = self.void(sync, reason, now, received=received)
        for frame, ts_ingest in kept:
            sync.kept.keep(frame, ts_ingest)
        return self._asking((sync,), now, (*before, gap))

    def void(self, sync: Sync, reason: Reason, now: Nanos, *, received: int) -> BookGap:
        """A book is wrong, and the next one is at hand, or asked for by others: throw it away."""
        gap = self._gap(sync, reason, received, now)
        self._discard(sync, STATE_GAP)
        return gap

    def reject(self, sync: Sync | None, problem: str, now: Nanos, *, lost: bool) -> Step:
        """A frame makes no sense.

        Args:
            sync: Whose it was; None if that could not be read.
            problem: What is wrong with it.
            now: The time.
            lost: Whether it was, or may have been, an update of the levels: then its book has missed it.
        """
        if sync is None:
            reconnect = "too many frames make no sense" if self._strikes.strike(now) else ""
            return Step((self.rejected("", problem, now),), reconnect=reconnect)
        quiet = sync.strikes.strike(now)
        notices = () if quiet else (self.rejected(sync.book.instrument.id, problem, now),)
        if lost and sync.book.phase > PHASE_WAITING:
            return self.lose(sync, "malformed", now, before=notices)
        return Step(notices) if notices else EMPTY

    def again(self, sync: Sync, now: Nanos, notices: tuple[Notice, ...] = ()) -> Step:
        """The snapshot did not come, or was of no use: ask again."""
        return self._asking((sync,), now, notices)

    def seeded(self, sync: Sync, now: Nanos) -> Step:
        """The snapshot is in, and no frame has joined it yet."""
        sync.overdue = None
        self._plan(now)
        return EMPTY

    def advance(self, now: Nanos) -> Step:
        """Judge which live books are stale; ask again where no answer came, or nothing new for long."""
        self._judge.look()
        notices: list[Notice] = []
        overdue: list[Sync] = []
        slept = self.deadline is not None and now - self.deadline >= _SLEPT_NS
        for number, sync in enumerate(self.syncs):
            if slept and sync.doubted is not None:
                sync.doubted = now  # nobody can say that nothing came while nobody looked
            if sync.book.phase == PHASE_LIVE and (stale := self._judged(sync, number, now)) is not None:
                notices.append(stale)
            if self._is_given_up(sync, now):
                notices.append(self._gap(sync, "stale", 0, now))
                self._discard(sync, STATE_GAP)
                sync.given_up, sync.silences = now, min(sync.silences + 1, _MOST_DOUBLED)
                overdue.append(sync)
            elif sync.overdue is not None and now >= sync.overdue:
                sync.unanswered += 1
                overdue.append(sync)
        if notices or overdue:
            return self._asking(overdue, now, tuple(notices))._replace(reconnect=self._use())
        self._plan(now)
        return EMPTY

    def lend(self, words: WordArray) -> bool:
        """Write what :func:`signald.core.kernels.ticks.tick_until` must know; False if it cannot tell."""
        if self.deadline is None or any(s.staleness or s.doubted or s.given_up or s.overdue for s in self.syncs):
            return False
        words[ticks.DUE] = self.deadline
        return self._judge.lend(words)

    def take_back(self, words: WordArray) -> None:
        """Go on from where whoever these words were lent to has come."""
        self.deadline = int(words[ticks.DUE])
        self._judge.take_back(words)

    def rejected(self, field: str, problem: str, now: Nanos) -> Rejected:
        """The notice of a frame or an answer that makes no sense."""
        return Rejected(channel=self._channel, reason="malformed_frame", field=field, problem=problem, ts_ingest=now)

    def _is_given_up(self, sync: Sync, now: Nanos) -> bool:
        """Whether a live book has been doubted for so long that its subscription may be dead."""
        if self._anew_after_ns is None or sync.doubted is None or sync.book.phase != PHASE_LIVE:
            return False
        return now - sync.doubted >= self._anew_after_ns << sync.silences

    def _use(self) -> str:
        """Why the connection is to be made anew; ``""``: it is of use."""
        in_vain = any(sync.unanswered >= _MOST_UNANSWERED for sync in self.syncs)
        if self._anew_after_ns is None or not in_vain or any(sync.book.phase == PHASE_LIVE for sync in self.syncs):
            return ""
        return "its books do not come"

    def _discard(self, sync: Sync, state: int) -> None:
        sync.book.forget(state)
        sync.staleness = sync.doubted = None
        sync.book.await_snapshot()
        sync.kept.clear()

    def _asking(self, syncs: Iterable[Sync], now: Nanos, notices: tuple[Notice, ...] = ()) -> Step:
        frames, requests = list[bytes](), list[Request]()
        for sync in syncs:
            step = self._ask(sync, sync.patience.pause(now))
            frames += step.frames
            requests += step.requests
            sync.overdue = max([now, *(request.not_before for request in step.requests)]) + _ANSWER_NS
        self._plan(now)
        return Step(notices, tuple(frames), tuple(requests)) if notices or frames or requests else EMPTY

    def _judged(self, sync: Sync, number: int, now: Nanos, *, as_it_comes: bool = False) -> BookStale | None:
        """Flag a book as it is; a notice if it was not stale before."""
        book, was_stale = sync.book, sync.book.is_stale  # a frame may have taken the flag away since
        sync.staleness = reason = self._judge.judge(number, now, as_it_comes=as_it_comes)
        if reason in {None, "late"}:
            sync.doubted = None
        elif sync.doubted is None or book.ts_ingest != sync.heard:  # frames come: its subscription lives
            sync.doubted, sync.heard = now, book.ts_ingest
        if reason is None:
            if was_stale:
                book.mark_fresh()
            if sync.given_up is not None and now - sync.given_up >= _LIVES_AGAIN_NS << sync.silences:
                sync.given_up, sync.silences = None, 0
            return None
        book.mark_stale(held=reason == "late" or self._judge.was_old(number))
        if was_stale:
            return None
        age_ms = (now - book.ts_ingest) / NS_PER_MS
        return BookStale(
            channel=self._channel, instrument=book.instrument.id, reason=reason, age_ms=age_ms, ts_ingest=now
        )

    def _gap(self, sync: Sync, reason: Reason, received: int, now: Nanos) -> BookGap:
        name, expected = sync.book.instrument.id, int(sync.book.words[LAST]) + 1
        return BookGap(
            channel=self._channel, instrument=name, reason=reason, expected=expected, received=received, ts_ingest=now
        )

    def _plan(self, now: Nanos) -> None:
        """Set the deadline: when the first live book is to be judged, or the first answer is overdue.

        A book is judged twice in the time after which it is doubted, and oftener while it is in doubt.
        """
        after = self._judge.after_ns
        due: list[Nanos] = []
        for sync in self.syncs:
            if sync.book.phase == PHASE_LIVE:
                doubtful = sync.staleness is not None or now - sync.book.ts_ingest >= after
                due.append(now + after // 8 if doubtful else min(sync.book.ts_ingest + after, now + after // 2))
            elif sync.overdue is not None:
                due.append(sync.overdue)
        self.deadline = min(due, default=None)
