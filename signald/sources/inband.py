"""One connection to a venue that sends its snapshots in band: frames to books, and books kept right.

A book's life: the connection is up and its book is asked for; the first frame is its snapshot, and with it the book is
live. A frame that does not join its predecessor is a gap: the book is thrown away and asked for again, it alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, TypeAlias

from signald.core.book import Book
from signald.core.kernels import outcomes
from signald.core.kernels.desk import BEHIND, COUNTED
from signald.core.kernels.layout import NONE, PHASE_LIVE
from signald.errors import MalformedFrameError
from signald.model.instruments import InstrumentId
from signald.model.time import NS_PER_S, Nanos
from signald.sources.desk import LEVELS_ROOM, Desk
from signald.sources.dialect import Dialect, Kind, Told
from signald.sources.finer import take_finer
from signald.sources.frames import Frames, take_each
from signald.sources.protocol import EMPTY, Among, Step, Taken, join
from signald.sources.staleness import StalenessJudge
from signald.sources.subscriptions import Subscriptions
from signald.sources.upkeep import Reason, Sync, Upkeep

OnApplied: TypeAlias = Callable[[Book], object]

_PING_EVERY_NS: Final = 20 * NS_PER_S
_PONG_WITHIN_NS: Final = 10 * NS_PER_S
_ANEW_AFTER_NS: Final = 60 * NS_PER_S
"""A subscription may die while its connection lives; to ask anew costs little."""
_LOSSES: Final[Mapping[int, Reason]] = {
    outcomes.CROSSED: "crossed",
    outcomes.MISMATCH: "checksum",
    outcomes.GAP: "sequence",
}


class InBandSource:
    """The books of one connection.

    Args:
        channel: Name of the connection.
        url_path: Path and query below the venue's websocket address.
        books: In order.
        dialect: How the venue speaks.
        subscriptions: How books are asked for.
        judge: Says whether a live book is stale.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
        room: Levels a side that may come in one frame.

    Attributes:
        channel: As given.
        url_path: As given.
        books: As given.
        on_applied: Told a book after each of its frames, for whoever compares books.
        counts: How often what happened that is not routine.
    """

    def __init__(
        self,
        channel: str,
        url_path: str,
        books: Iterable[Book],
        *,
        dialect: Dialect,
        subscriptions: Subscriptions,
        judge: StalenessJudge,
        malformed_per_minute: int,
        room: int = LEVELS_ROOM,
    ) -> None:
        self.channel = channel
        self.url_path = url_path
        self.books = tuple(books)
        self.on_applied: OnApplied | None = None
        self.counts: Counter[str] = Counter()
        self._dialect = dialect
        self._apply = dialect.apply
        self._desk = Desk(self.books, room=room)
        self._words = self._desk.words
        self._subscriptions = subscriptions
        self._ping_at: Nanos | None = None
        self._pong_by: Nanos | None = None
        self._upkeep = Upkeep(
            channel,
            self.books,
            judge=judge,
            malformed_per_minute=malformed_per_minute,
            ask=self._ask,
            anew_after_ns=_ANEW_AFTER_NS,
        )

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """Whose books come on this connection."""
        return tuple(book.instrument.id for book in self.books)

    def on_connected(self, now: Nanos) -> Step:
        """Begin with nothing, and ask for every book."""
        self._subscriptions.begin()
        self._ping_at = now + _PING_EVERY_NS if self._dialect.ping else None
        self._pong_by = None
        self._words[COUNTED] = NONE
        self._words[BEHIND] = 0
        step = self._upkeep.begin(now)
        return self._asked(step._replace(frames=(*self._dialect.greetings, *step.frames)), now)

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        """One frame, of the forms that the venue's decode.py shows."""
        outcome = self._apply(frame, now, self._words)
        if outcome <= outcomes.LAST_ROUTINE:
            if self.on_applied is not None and outcome == outcomes.APPLIED:
                self._tell()
            return EMPTY
        return self._asked(self._follow(self._finer(outcome, frame, now), frame, now), now)

    def on_frames(self, frames: Frames, number: int, first: int, last: int, among: Among | None = None) -> Taken:
        """One by one, its ticks left to others."""
        del among
        return take_each(self, frames, number, first, last)

    def on_response(self, tag: str, body: bytes, now: Nanos) -> Step:  # noqa: ARG002  # nothing is requested
        """Nothing is requested here, so nothing is answered."""
        return EMPTY

    def on_disconnected(self, now: Nanos) -> Step:
        """Believe no book any more."""
        self._subscriptions.begin()
        self._ping_at = self._pong_by = None
        return self._upkeep.end(now)

    def advance(self, now: Nanos) -> Step:
        """Send what is due: askings, pings; say which live books make no progress."""
        step = self._asked(self._upkeep.advance(now), now)
        if self._ping_at is not None and now >= self._ping_at:
            self._ping_at = now + _PING_EVERY_NS
            self._pong_by = now + _PONG_WITHIN_NS
            step = step._replace(frames=(*step.frames, self._dialect.ping))
        if self._pong_by is not None and now >= self._pong_by:
            heard = max((book.ts_ingest for book in self.books), default=0)
            if heard < self._pong_by - _PONG_WITHIN_NS:
                step = step._replace(reconnect="no answer to a ping")
            self._pong_by = None
        return step

    def next_deadline(self) -> Nanos | None:
        """When a book may be stale, an answer is overdue, or something is to be sent."""
        due = (self._upkeep.deadline, self._subscriptions.next_deadline(), self._ping_at, self._pong_by)
        return min((each for each in due if each is not None), default=None)

    def _follow(self, outcome: int, frame: bytes, now: Nanos) -> Step:
        """Do what a frame's outcome asks for; seldom."""
        match outcome:
            case outcomes.APPLIED | outcomes.TOUCHED | outcomes.QUIET:
                return self._see_applied(now) if outcome == outcomes.APPLIED else EMPTY
            case outcomes.WENT_LIVE:
                return self._begin_book(frame, now)
            case outcomes.VERIFY:
                self._tell()
                return EMPTY if self._is_verified(frame) else self._lose("checksum", now)
            case outcomes.CROSSED | outcomes.MISMATCH | outcomes.GAP:
                if outcome == outcomes.CROSSED:
                    self._tell()
                is_next = self._dialect.may_step_back and outcome == outcomes.GAP
                return self._begin_again(frame, now) if is_next else self._lose(_LOSSES[outcome], now)
            case outcomes.LOST_COUNT:
                return self._lose_all("sequence", now)
            case outcomes.NOT_PLAIN:
                return self._take_slowly(frame, now)
            case outcomes.OTHER_KIND:
                return self._hear(frame, now)
            case _:
                return self._reject(outcome, now)

    def _see_applied(self, now: Nanos) -> Step:
        self._tell()
        return self._upkeep.applied(self._current(), now)

    def _begin_book(self, frame: bytes, now: Nanos) -> Step:
        self._tell()
        sync = self._current()
        self._dialect.forget(sync.book)
        live = self._upkeep.live(sync, now)
        if self._is_verified(frame):
            return live
        lost = self._lose("checksum", now)
        return lost._replace(events=(*live.events, *lost.events))

    def _begin_again(self, frame: bytes, now: Nanos) -> Step:
        """What came instead of the next book is one too: the one before is void, and this one counts."""
        sync = self._current()
        void = Step((self._upkeep.void(sync, "sequence", now, received=int(self._words[self._dialect.sequence])),))
        outcome = self._apply(frame, now, self._words)
        if outcome == outcomes.WENT_LIVE:
            return join(void, self._begin_book(frame, now))
        return join(join(void, self._follow(outcome, frame, now)), self._upkeep.again(sync, now))

    def _take_slowly(self, frame: bytes, now: Nanos) -> Step:
        """Take a frame that may be JSON, but is not of the form that the kernel reads."""
        self.counts["slow"] += 1
        try:
            if (told := self._dialect.hear(frame)).kind is not Kind.NOTHING:
                return self._do(told, now)
            parts = self._dialect.plainest(frame)
        except MalformedFrameError as error:
            return self._reject_whosever(str(error), now)
        step = EMPTY
        for part in parts:
            outcome = self._finer(self._apply(part, now, self._words), part, now)
            if outcome == outcomes.NOT_PLAIN:
                followed = self._reject("a counter is out of its range, or a number is none", now)
            else:
                followed = self._follow(outcome, part, now)
            step = join(step, followed)
        return step

    def _hear(self, frame: bytes, now: Nanos) -> Step:
        """A frame that is no book's."""
        self.counts["other_kind"] += 1
        try:
            return self._do(self._dialect.hear(frame), now)
        except MalformedFrameError as error:
            return self._reject(str(error), now)

    def _do(self, told: Told, now: Nanos) -> Step:
        match told.kind:
            case Kind.PONG:
                self._pong_by = None
            case Kind.REFUSAL:
                self.counts["refused"] += 1
                return Step((self._upkeep.rejected("subscribe", told.text, now),))
            case Kind.RECONNECT:
                return Step(reconnect=told.text)
            case Kind.NOTHING:
                pass
        return EMPTY

    def _reject(self, problem: str | int, now: Nanos) -> Step:
        """Drop a frame that makes no sense; the book whose it was has missed an update."""
        if problem == outcomes.UNKNOWN_SYMBOL:
            self.counts["unknown_symbol"] += 1
            return EMPTY
        self.counts["malformed"] += 1
        number = self._desk.current()
        sync = None if number is None else self._upkeep.syncs[number]
        text = problem if isinstance(problem, str) else outcomes.PROBLEMS[problem]
        return self._upkeep.reject(sync, text, now, lost=True)

    def _reject_whosever(self, problem: str, now: Nanos) -> Step:
        """Drop a frame of which it is hardly known whose it was: if it was missed, a later one tells."""
        return self._reject(problem, now)

    def _finer(self, outcome: int, frame: bytes, now: Nanos) -> int:
        """What becomes of a frame once its book's steps are as fine as it needs."""
        if outcome not in outcomes.FINER:
            return outcome
        again = partial(self._apply, frame, now, self._words)
        return take_finer(self._current().book, outcome, again, self.counts)

    def _is_verified(self, frame: bytes) -> bool:
        return self._dialect.verify(self._current().book, frame, self._words)

    def _lose(self, reason: Reason, now: Nanos) -> Step:
        return self._upkeep.lose(self._current(), reason, now, received=int(self._words[self._dialect.sequence]))

    def _lose_all(self, reason: Reason, now: Nanos) -> Step:
        """Frames of the connection are missing, and nobody knows whose: no book on it can be believed."""
        step = EMPTY
        received = int(self._words[self._dialect.sequence])
        for sync in self._upkeep.syncs:
            if sync.book.phase == PHASE_LIVE:
                step = join(step, self._upkeep.lose(sync, reason, now, received=received))
            else:
                step = join(step, self._upkeep.again(sync, now))  # its snapshot may have been among them
        return step

    def _ask(self, sync: Sync, not_before: Nanos) -> Step:
        self._subscriptions.want(sync.symbol, not_before)
        return EMPTY

    def _asked(self, step: Step, now: Nanos) -> Step:
        """Add the frames that ask for what the step, or an earlier one, wants asked."""
        frames = self._subscriptions.take(now)
        return step._replace(frames=(*step.frames, *frames)) if frames else step

    def _current(self) -> Sync:
        number = self._desk.current()
        assert number is not None  # the kernel has read it
        return self._upkeep.syncs[number]

    def _tell(self) -> None:
        if self.on_applied is not None:
            self.on_applied(self._current().book)


class BlindSource(InBandSource):
    """One whose venue numbers no frames: nothing tells for sure that one is missing."""

    def _reject_whosever(self, problem: str, now: Nanos) -> Step:
        """Drop a frame that may have been any book's: it costs them all."""
        self.counts["malformed"] += 1
        rejected = self._upkeep.reject(None, problem, now, lost=True)
        return join(rejected, self._lose_all("malformed", now))
