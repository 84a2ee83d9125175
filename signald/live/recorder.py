"""Only records: what the venues and the broker send goes to a journal, and books are kept only to see their gaps.

The journal is one of mode ``import``: it holds what came from outside and when. Whoever replays it makes the ticks,
with whatever engine and model are his.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from signald.config import Config
from signald.errors import JournalError
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.live.clock_watch import ClockWatch
from signald.live.feed_links import FeedLinks
from signald.live.intake import Intake
from signald.live.journal_sync import JournalSync
from signald.live.situation import KnownSituation
from signald.logs import log_notice
from signald.model.instruments import Instrument
from signald.model.notices import BookGap, Notice
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import Nanos
from signald.pipeline import CALENDAR, CLOCK, RETAINED, Pipeline, heard_topic
from signald.runtime.clock import Clock
from signald.runtime.supervisor import Supervisor
from signald.sinks.encoding import Document
from signald.sinks.metrics import Metrics
from signald.sources.protocol import EMPTY, Step
from signald.transports.mqtt import MqttConnection, MqttMessage, Subscription

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RecordingSummary(NamedTuple):
    """What a recording came to.

    Attributes:
        records: Written by this run, its session not counted.
        gaps: Books that had to be asked for anew.
        lost: Records that the disk had no room for.
        journal: Where they are.
    """

    records: int
    gaps: int
    lost: int
    journal: str


class Tape(Intake):
    """An intake that keeps what comes, and feeds nothing but books."""

    def __init__(self, clock: Clock, journal: JournalWriter, pipeline: Pipeline, metrics: Metrics) -> None:
        """Go on behind what is in ``journal``."""
        self.heard = _Heard()
        super().__init__(
            clock=clock,
            journal=journal,
            pipeline=pipeline,
            outlet=self.heard,
            stages=metrics.stages,
            not_before=journal.ts_highest,
        )
        self.records = 0

    def take(self, kind: RecordKind, *, channel: str, key: str = "", payload: bytes = b"") -> Step:
        """Let one arrival through; a venue's changes its books, and what they lack is asked for."""
        now = self._stamp()
        record = Record(kind, now, channel, key, payload)
        if kind is not RecordKind.TICK:  # whoever replays it makes them
            self._append(record)
            self.records += 1
        if channel in {CALENDAR, CLOCK}:
            self._flush()  # its acknowledgement follows: the journal must have it
            return EMPTY
        return self._follow(record)

    def take_frame(self, channel: str, frame: bytes) -> Step:
        """The same for a frame."""
        record = Record(RecordKind.FRAME, self._stamp(), channel, "", frame)
        self._append(record)
        self.records += 1
        return self._follow(record)

    def _follow(self, record: Record) -> Step:
        outputs, step = self._pipeline.feed(record)
        for notice in outputs:
            data = self._encode_notice(notice)
            self._append(Record(RecordKind.NOTICE, record.ts_ingest, "", type(notice).__name__, data))
            self.records += 1
            if not isinstance(notice, Signal):
                self.heard.tell(notice)
        return step


class _Heard:
    """Who is told of what happens: the log."""

    def __init__(self) -> None:
        self.gaps = 0

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """Nothing is published."""

    def tell(self, notice: Notice) -> None:
        """Log a fact about ourselves."""
        self.gaps += isinstance(notice, BookGap)
        log_notice(notice)

    def clock_fell_behind(self, by: Nanos) -> None:
        """Log that the wall clock was set back."""
        log.warning("clock_fell_behind", by_ns=by)

    def journal_failed(self, error: JournalError) -> None:
        """Log that the disk is full or broken; what comes is kept in memory for as long as there is room."""
        log.error("journal_failed", reason=str(error))


class Recorder:
    """Records until it is told to stop."""

    def __init__(
        self,
        config: Config,
        pipeline: Pipeline,
        clock: Clock,
        *,
        instruments: Sequence[Instrument],
        topics: Sequence[str],
        version: str,
    ) -> None:
        """Take what is to be recorded; nothing is opened or connected yet.

        Args:
            config: Where venues, broker and journal are.
            pipeline: Its venues' books.
            clock: The time.
            instruments: Of those books: the journal tells their steps, so that it can be read anywhere.
            topics: What to subscribe to, below the configured prefix; none: no broker is asked.
            version: Of signald.
        """
        self._config = config
        # A recorder beside a daemon must not take that one's sessions from it.
        self._mqtt = msgspec.structs.replace(config.mqtt, client_id=f"{config.mqtt.client_id}-recorder")
        self._pipeline = pipeline
        self._clock = clock
        self._instruments = tuple(instruments)
        self._topics = tuple(topics)
        self._version = version

    async def run(self) -> RecordingSummary:
        """Record until SIGINT or SIGTERM; raises ``JournalError`` if the journal cannot be opened."""
        config, metrics = self._config, Metrics(version=self._version)
        with JournalWriter(Path(config.journal.path), segment_bytes=config.journal.segment_mb << 20) as journal:
            tape = Tape(self._clock, journal, self._pipeline, metrics)
            self._begin(journal)
            async with Supervisor() as supervisor:
                self._start(supervisor, tape, journal, metrics)
                log.info("recording", instruments=list(self._pipeline.board.instruments), topics=list(self._topics))
                await supervisor.stopping.wait()
            await asyncio.to_thread(journal.sync)
            lost = journal.status().lost
        return RecordingSummary(tape.records, tape.heard.gaps, lost, config.journal.path)

    def _begin(self, journal: JournalWriter) -> None:
        venues = self._pipeline.venues
        session = Session(
            mode="import",
            instruments=self._pipeline.board.instruments,
            version=self._version,
            channels={name: venue.instruments for name, venue in venues.items() if venue.instruments},
            steps=self._instruments,
        )
        journal.append(session_record(session, max(self._clock.now(), journal.ts_highest)))

    def _start(self, supervisor: Supervisor, tape: Tape, journal: JournalWriter, metrics: Metrics) -> None:
        config = self._config
        interval_s = config.journal.sync_interval_ms / 1_000
        failed = tape.heard.journal_failed
        sync = JournalSync(journal, clock=self._clock, interval_s=interval_s, on_failure=failed)
        supervisor.start("journal-sync", sync.run)
        FeedLinks(
            config.venues,
            self._pipeline,
            intake=tape,
            situation=KnownSituation(self._pipeline.engine, self._clock),
            clock=self._clock,
            counts=metrics.counts,
            transport=config.live.transport,
            mqtt=self._mqtt,
        ).start(supervisor)
        if self._topics:
            supervisor.start("mqtt", self._build_mqtt(tape).run)
        supervisor.start("clock", ClockWatch(config.clock, self._clock, tape, metrics).run)

    def _build_mqtt(self, tape: Tape) -> MqttConnection:
        prefix = f"{self._config.mqtt.prefix}/"

        def take(message: MqttMessage) -> None:
            topic = heard_topic(message.topic, prefix)
            key = RETAINED + topic if message.retained else topic
            tape.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=message.payload)

        return MqttConnection(
            self._mqtt,
            subscriptions=[Subscription(prefix + topic) for topic in self._topics],
            on_message=take,
            on_connected=lambda: _said(tape.take(RecordKind.CONNECTED, channel=CALENDAR)),
            on_disconnected=lambda why: _said(
                tape.take(RecordKind.DISCONNECTED, channel=CALENDAR, payload=why.encode())
            ),
        )


def _said(_step: Step) -> None:
    """Nothing follows from the broker's comings and goings."""
