"""Tells the world: signals to the publisher, facts about ourselves to the log and the counters, each once."""

from collections import Counter
from collections.abc import Sequence

import structlog

from signald.errors import JournalError
from signald.logs import log_notice
from signald.model.instruments import InstrumentId
from signald.model.notices import BookGap, BookLive, Notice
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, Nanos
from signald.sinks.encoding import Document
from signald.sinks.metrics import Counts
from signald.sinks.redis import Publisher

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Reporter:
    """The intake's outlet.

    Attributes:
        journal_failures: How often the journal began to fail.
        gaps: Times each book was discarded.
        resyncs: Times each book became live again.
    """

    def __init__(self, publisher: Publisher, counts: Counts) -> None:
        """Take who is told."""
        self._publisher = publisher
        self._counts = counts
        self.journal_failures = 0
        self.gaps: Counter[InstrumentId] = Counter()
        self.resyncs: Counter[InstrumentId] = Counter()
        self._seen_live: set[InstrumentId] = set()

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """Deliver signals of one instant; what is said of them in the log comes after the last one is sent."""
        for _, document in said:
            self._publisher.publish(document)
        for signal, _ in said:
            self._counts.count_signal(signal)
            log.info(
                "signal_published",
                id=signal.id,
                kind=signal.kind,
                instrument=signal.instrument,
                verdict=signal.verdict,
                causes=[cause.release_id for cause in signal.causes],
                flags=list(signal.flags),
            )

    def tell(self, notice: Notice) -> None:
        """Log and count a fact about ourselves."""
        self._counts.count_notice(notice)
        match notice:
            case BookGap(instrument=instrument):
                self.gaps[instrument] += 1
            case BookLive(instrument=instrument):
                self.resyncs[instrument] += instrument in self._seen_live
                self._seen_live.add(instrument)
            case _:
                pass
        log_notice(notice)

    def clock_fell_behind(self, by: Nanos) -> None:
        """The wall clock was set back: an alarm, since releases are judged by it."""
        log.error("clock_fell_behind", by_ms=by // NS_PER_MS)

    def journal_failed(self, error: JournalError) -> None:
        """The journal cannot be written: an alarm, and a halt of nothing."""
        self.journal_failures += 1
        log.error("journal_failed", problem=str(error))
