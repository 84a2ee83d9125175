"""Where everything that happens comes in: stamped once, journalled, fed to the pipeline, its outputs handed on."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from signald.core.board import whose_rows
from signald.errors import JournalError
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.model.notices import Notice, Rehearsed
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.pipeline import Feeds
from signald.runtime.clock import Clock
from signald.runtime.faults import reach
from signald.sinks.encoding import Document, document_of, encode_data
from signald.sinks.stages import Stages
from signald.sources.protocol import Step

_NOTED_NS = NS_PER_S
"""A step of the clock is worth an alarm from here on; NTP makes smaller ones."""


class Outlet(Protocol):
    """Who is told what came of it."""

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """Deliver signals of one instant, as documents that the journal already has."""
        ...

    def tell(self, notice: Notice) -> None:
        """Log and count a fact about ourselves."""
        ...

    def clock_fell_behind(self, by: Nanos) -> None:
        """The wall clock was set back by so much."""
        ...

    def journal_failed(self, error: JournalError) -> None:
        """The journal cannot be written; delivery goes on."""
        ...


class Intake:
    """The one door between the world and the pipeline.

    The order is the promise: the arrival is appended before it is handled, a document before it is published, and what
    was appended is with the operating system before anything is sent.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        journal: JournalWriter,
        pipeline: Feeds,
        outlet: Outlet,
        stages: Stages,
        happened: Callable[[tuple[object, ...]], None] = lambda _: None,
        books_changed: Callable[[], None] | None = None,
        not_before: Nanos = 0,
    ) -> None:
        """Join the parts; nothing is written yet. No time of this run is before ``not_before``.

        ``pipeline`` may be a feed worker's, without an engine: no message comes to it, and no tick but a venue's.

        ``happened`` is told what each record meant that the engine saw, and what came of it, once all is published.
        ``books_changed`` is called after each arrival that may have changed a book.
        """
        self._clock = clock
        self._journal = journal
        self._pipeline = pipeline
        self._whose = whose_rows(pipeline.board.instruments)
        self._outlet = outlet
        self._stages = stages
        self._happened = happened
        self._books_changed = books_changed
        self._encode_notice = msgspec.json.Encoder().encode
        self._last: Nanos = not_before
        self._behind_since: Nanos | None = None  # monotonic; while the wall clock is behind our time

    def begin(self, session: Session, unsaid: Sequence[Signal]) -> tuple[Document, ...]:
        """Write that a run begins, and what the one before was cut off from writing: documents that are yet to be sent.

        They were scored when their cause came, so that is how late they are.
        """
        now = self._stamp()
        self._append(session_record(session, now))
        documents: list[Document] = []
        for signal in unsaid:
            data = encode_data(signal)
            self._append(Record(RecordKind.SIGNAL, now, "", signal.id, data))
            documents.append(document_of(signal, ts_scored=signal.ts_ingest, data=data))
        self._flush()
        return tuple(documents)

    def take(self, kind: RecordKind, *, channel: str, key: str = "", payload: bytes = b"") -> Step:
        """Let one arrival through; returns what its source wants done on its connection."""
        arrived = self._clock.monotonic()
        now = self._stamp()
        reach("intake.stamped")
        sees_rows = kind is RecordKind.MESSAGE or (kind is RecordKind.TICK and not key)
        if sees_rows:
            rows = Record(RecordKind.ROWS, now, "", self._whose, self._pipeline.board.read().tobytes())
            self._append(rows)
            self._pipeline.feed(rows)
        record = Record(kind, now, channel, key, payload)
        self._append(record)
        reach("intake.appended")
        fed = self._pipeline.feed(record)
        if fed.outputs:
            self._hand_on(fed.outputs, now=now, arrived=arrived)
        elif sees_rows:
            self._flush()  # its acknowledgement follows: the journal must have it
        if sees_rows:
            self._happened((*fed.step.events, *fed.outputs))
        elif self._books_changed is not None:
            self._books_changed()
        return fed.step

    def rehearse(self, *, channel: str, key: str, payload: bytes) -> bool:
        """Let a test release of our own take every step that a figure takes, but past the record of what came.

        The journal gets notices in the place of documents: a replay knows nothing of it, and says the same. Nothing
        is done, and ``False`` returned, while a deadline is due: the engine would meet it here, and a replay would not.
        """
        arrived, now = self._clock.monotonic(), self._stamp()
        due = self._pipeline.next_deadline()
        if due is not None and due <= now:
            return False
        self._pipeline.feed(Record(RecordKind.ROWS, now, "", "", self._pipeline.board.read().tobytes()))
        said: list[tuple[Signal, Document]] = []
        for signal in self._pipeline.feed(Record(RecordKind.MESSAGE, now, channel, key, payload)).outputs:
            if isinstance(signal, Signal) and "test" in signal.flags:
                data = encode_data(signal)
                noticed = self._encode_notice(Rehearsed(id=signal.id, ts_ingest=now))
                self._append(Record(RecordKind.NOTICE, now, "", Rehearsed.__name__, noticed))
                said.append((signal, document_of(signal, ts_scored=now, data=data, ingested=arrived)))
        self._flush()
        self._outlet.publish(said)
        return True

    def take_frame(self, channel: str, frame: bytes) -> Step:
        """The same for a frame, which is by far the most frequent arrival: it only changes a book, as a rule."""
        arrived = self._clock.monotonic()
        now = self._stamp()
        record = Record(RecordKind.FRAME, now, channel, "", frame)
        self._append(record)
        outputs, step = self._pipeline.feed(record)
        self._stages.observe("frame", self._clock.monotonic() - arrived)
        if self._books_changed is not None:
            self._books_changed()
        if outputs:
            self._hand_on(outputs, now=now, arrived=arrived)
        return step

    def _hand_on(self, outputs: tuple[Signal | Notice, ...], *, now: Nanos, arrived: Nanos) -> None:
        """Append every output, hand the journal to the operating system, and only then tell anybody.

        The first signal goes out by itself: it does not wait for those of the other instruments to be written down.
        What we say of ourselves comes after all of them. ``arrived`` is when the cause came, monotonic.
        """
        reach("intake.fed")
        scored = self._clock.monotonic()
        signals = [output for output in outputs if isinstance(output, Signal)]
        if signals:
            ts_scored = self._stamp()
            self._publish(signals[:1], now=now, ts_scored=ts_scored, arrived=arrived)
            journalled = self._clock.monotonic()
            if len(signals) > 1:
                self._publish(signals[1:], now=now, ts_scored=ts_scored, arrived=arrived)
            self._stages.observe("score", scored - arrived)
            self._stages.observe("journal", journalled - scored)
        notices = [output for output in outputs if not isinstance(output, Signal)]
        for notice in notices:
            self._append(Record(RecordKind.NOTICE, now, "", type(notice).__name__, self._encode_notice(notice)))
        if not signals:  # otherwise the cause and all that was sent are with the operating system
            self._flush()
        for notice in notices:
            self._outlet.tell(notice)

    def _publish(self, signals: Sequence[Signal], *, now: Nanos, ts_scored: Nanos, arrived: Nanos) -> None:
        """Append documents, flush, send."""
        said: list[tuple[Signal, Document]] = []
        for signal in signals:
            data = encode_data(signal)
            self._append(Record(RecordKind.SIGNAL, now, "", signal.id, data))
            reach("intake.recorded")
            said.append((signal, document_of(signal, ts_scored=ts_scored, data=data, ingested=arrived)))
        self._flush()
        reach("intake.flushed")
        self._outlet.publish(said)
        reach("intake.published")

    def behind_ns(self) -> Nanos:
        """How far the wall clock is behind our time, because it was set back; mostly 0."""
        return max(0, self._last - self._clock.now())

    def _stamp(self) -> Nanos:
        """Wall time that never decreases, whatever the machine's clock is made to do.

        While the clock is behind what it showed before, our time goes on at half its pace until they meet: nobody can
        know which of the two was right, and a time that stands still would make all that comes seem early.
        """
        now = self._clock.now()
        if now >= self._last:
            self._last, self._behind_since = now, None
            return now
        seen = self._clock.monotonic()
        if self._behind_since is None:
            if self._last - now > _NOTED_NS:
                self._outlet.clock_fell_behind(self._last - now)
        else:
            self._last += (seen - self._behind_since) // 2
        self._behind_since = seen
        return self._last

    def _append(self, record: Record) -> None:
        try:
            self._journal.append(record)
        except JournalError as error:
            self._outlet.journal_failed(error)

    def _flush(self) -> None:
        try:
            self._journal.flush()
        except JournalError as error:
            self._outlet.journal_failed(error)
