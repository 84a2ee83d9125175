"""Tells the world: signals to the publisher, facts about ourselves to the log and the counters, each once."""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from signald.errors import JournalError
from signald.live.book_tally import BookTally
from signald.logs import RepeatLimit, Said, log_notice
from signald.model.notices import BlackoutTurned, BookGap, BookLive, Controlled, ModelLearnt, Notice
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, Nanos
from signald.sinks.counts import Counts
from signald.sinks.encoding import Document
from signald.sinks.redis import Publisher

_SAID_WITHIN_S = 0.01
_MOST_UNSAID = 1_000
_SAID_AT_ONCE = 2
"""Lines in one turn of the loop: a release that comes meanwhile waits for no more."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Narrator:
    """Logs and counts facts about ourselves: all that a feed worker's intake needs of an outlet.

    Attributes:
        books: How often each book was lost and found.
        before_said: Called before anything is logged: what is said was counted before, and is to be seen so.
    """

    def __init__(self, counts: Counts, books: BookTally, *, on_said: Callable[[Said], None] | None = None) -> None:
        """Take where it is counted, and who is told of each notice that was logged."""
        self._counts = counts
        self.books = books
        self.before_said: Callable[[], None] = lambda: None
        self._on_said = on_said
        self._unsaid: deque[Callable[[], None]] = deque()

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """Whoever only keeps books says no signals."""
        assert not said

    def tell(self, notice: Notice) -> None:
        """Log and count a fact about ourselves."""
        self._counts.count_notice(notice)
        match notice:
            case BookGap(instrument=instrument):
                self.books.lost(instrument)
            case BookLive(instrument=instrument):
                self.books.found(instrument)
            case _:
                pass
        self._say_later(functools.partial(self._log_notice, notice))

    def say(self) -> None:
        """Log what has not been logged yet."""
        self.before_said()
        while self._unsaid:
            self._unsaid.popleft()()

    def _say_later(self, speak: Callable[[], None]) -> None:
        """Logging a line takes as long as scoring a figure: the next release comes first, whatever it has to say."""
        if not self._unsaid:
            asyncio.get_running_loop().call_later(_SAID_WITHIN_S, self._begin_to_say)
        self._unsaid.append(speak)
        if len(self._unsaid) >= _MOST_UNSAID:
            self.say()

    def _begin_to_say(self) -> None:
        self.before_said()
        self._say_some()

    def _say_some(self) -> None:
        for _ in range(min(_SAID_AT_ONCE, len(self._unsaid))):
            self._unsaid.popleft()()
        if self._unsaid:
            asyncio.get_running_loop().call_soon(self._say_some)

    def _log_notice(self, notice: Notice) -> None:
        said = log_notice(notice)
        if said is not None and self._on_said is not None:
            self._on_said(said)

    def clock_fell_behind(self, by: Nanos) -> None:
        """The wall clock was set back: an alarm, since releases are judged by it."""
        log.error("clock_fell_behind", by_ms=by // NS_PER_MS)

    def journal_failed(self, error: JournalError) -> None:
        """The journal cannot be written: an alarm, and a halt of nothing."""
        log.error("journal_failed", problem=str(error))


class Reporter(Narrator):
    """The outlet of the intake that releases come through.

    Attributes:
        hushes: Of which signals nothing is counted or said: our own rehearsals.
    """

    def __init__(
        self,
        publisher: Publisher,
        counts: Counts,
        *,
        books: BookTally | None = None,
        on_control: Callable[[Controlled | BlackoutTurned], None] | None = None,
        on_learnt: Callable[[ModelLearnt], None] | None = None,
        on_said: Callable[[Said], None] | None = None,
    ) -> None:
        """Take who is told.

        Args:
            publisher: Delivers the signals.
            counts: Counts everything.
            books: How often each book was lost and found.
            on_control: Told of each command followed, and of blackouts.
            on_learnt: Told of new models.
            on_said: Told of each notice that was logged.
        """
        super().__init__(counts, books or BookTally(), on_said=on_said)
        self._on_learnt = on_learnt
        self._on_control = on_control
        self._publisher = publisher
        self._limit = RepeatLimit()
        self.hushes: Callable[[Signal], bool] = lambda _: False

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """Deliver signals of one instant."""
        self._publisher.publish(*[document for _, document in said])
        for signal, _ in said:
            if self.hushes(signal):
                continue
            self._counts.count_signal(signal)
            self._say_later(functools.partial(self._log_signal, signal))

    def tell(self, notice: Notice) -> None:
        """Log and count a fact about ourselves, and have a command followed or a model kept."""
        if isinstance(notice, Controlled | BlackoutTurned) and self._on_control is not None:
            self._on_control(notice)
        if isinstance(notice, ModelLearnt) and self._on_learnt is not None:
            self._on_learnt(notice)
        super().tell(notice)

    def _log_signal(self, signal: Signal) -> None:
        if self._limit.admit(("signal_published", signal.id), signal.ts_ingest) is None:
            return
        log.info(
            "signal_published",
            id=signal.id,
            kind=signal.kind,
            instrument=signal.instrument,
            verdict=signal.verdict,
            causes=[cause.release_id for cause in signal.causes],
            flags=list(signal.flags),
        )
