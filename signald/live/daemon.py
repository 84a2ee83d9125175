"""One process that does it all: joins transports, pipeline, journal and sinks, starts them, and ends them in order."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import structlog

from signald.config import Config, rules_in_force
from signald.core.kernels.jit import compilations
from signald.journal.session import Session
from signald.journal.writer import JournalWriter
from signald.live import exports
from signald.live.clock_watch import ClockWatch
from signald.live.collector import Collector
from signald.live.control_room import ControlRoom
from signald.live.intake import Intake
from signald.live.journal_sync import JournalSync
from signald.live.learnt import LearntModels
from signald.live.readiness import Readiness
from signald.live.recall import Recall
from signald.live.recovery import recover
from signald.live.rehearsal import Rehearsal
from signald.live.reporter import Reporter
from signald.live.status import DaemonStatus
from signald.live.switch import HaltSwitch
from signald.live.ticker import Ticker
from signald.live.venue_link import VenueLink
from signald.live.vigil import Vigil
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import CALENDAR, RETAINED, Pipeline
from signald.runtime.clock import Clock
from signald.runtime.faults import reach
from signald.runtime.stalls import StallWatch
from signald.runtime.supervisor import Supervisor
from signald.sinks.metrics import Metrics, MetricsServer
from signald.sinks.redis import Confirmation, Publisher
from signald.sinks.replicas import ReplicaCheck
from signald.sinks.status import StatusBoard
from signald.sources.calendars.mqtt.source import TOPICS
from signald.sources.registry import channels_of
from signald.sources.succession import SPARE
from signald.transports.allowance import Allowance
from signald.transports.mqtt import MqttConnection, MqttMessage, Subscription
from signald.vintages import VintageRecorder, VintageStore

_LAST_WORDS_S = 2.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RunSummary(NamedTuple):
    """What a run delivered.

    Attributes:
        published: Documents that Redis wrote.
        duplicates: Documents that it had already, from a replica or an earlier run.
        late: How many of ``published`` were late.
        waiting: Documents that could not be delivered before the end: the next run delivers them.
        journal: Where the run's journal is.
    """

    published: int
    duplicates: int
    late: int
    waiting: int
    journal: str


class Daemon:
    """The daemon in one process."""

    def __init__(self, config: Config, pipeline: Pipeline, clock: Clock, *, version: str) -> None:
        """Join everything; nothing is opened or connected yet.

        Raises:
            ConfigError: An address or a file that a connection needs cannot be used.
        """
        self._config = config
        self._pipeline = pipeline
        self._clock = clock
        self._version = version
        self._metrics = Metrics(version=version)
        self._publisher = Publisher(
            config.redis,
            clock,
            consumers=[consumer.name for consumer in config.consumers],
            on_confirmed=self._confirm,
            is_halted=lambda: self._switch.is_halted,
        )
        self._reporter = Reporter(
            self._publisher,
            self._metrics.counts,
            on_control=lambda notice: self._room.followed(notice),  # noqa: PLW0108 - there is no room yet
            on_learnt=lambda notice: self._models.followed(notice),  # noqa: PLW0108 - nor a status board
            on_said=lambda said: self._status_board.notice(*said),
        )
        self._replicas = ReplicaCheck(config.redis)
        self._status_board = StatusBoard(config.redis)
        self._models = LearntModels(Path(config.journal.path), pipeline.engine, self._status_board.audit)
        self._vintages = VintageRecorder(lambda: VintageStore(Path(config.calendar.vintages), patience_s=1.0))
        self._switch = HaltSwitch(
            Path(config.control.halt_file),
            on_halt=lambda halted: self._room.halted(halted),  # noqa: PLW0108 - there is no room yet
            on_released=lambda: self._room.released(),  # noqa: PLW0108 - see above
        )
        self._rehearsal: Rehearsal | None = None
        self._stalls = StallWatch(clock)
        self._collector = Collector(pipeline.engine, clock)
        self._compiled_before = 0

    async def run(self) -> RunSummary:
        """Run until SIGINT or SIGTERM.

        Raises:
            UnreachableError: Broker or Redis were not reached in time.
            ConfigError: The metrics' port is taken.
            JournalError: The journal cannot be opened.
        """
        started = self._clock.monotonic()
        config = self._config
        with (
            JournalWriter(Path(config.journal.path), segment_bytes=config.journal.segment_mb << 20) as journal,
            MetricsServer(self._metrics, host=config.metrics.host, port=config.metrics.port),
        ):
            try:
                async with Supervisor() as supervisor:
                    self._room = ControlRoom(
                        self._switch, clock=self._clock, publisher=self._publisher, board=self._status_board
                    )
                    with self._switch:
                        await self._serve(supervisor, journal, started=started)
            finally:
                self._reporter.say()
        await asyncio.to_thread(self._vintages.flush)
        publisher = self._publisher
        return RunSummary(
            published=publisher.published,
            duplicates=publisher.duplicates,
            late=publisher.delivered_late,
            waiting=publisher.depth,
            journal=config.journal.path,
        )

    async def _serve(self, supervisor: Supervisor, journal: JournalWriter, *, started: int) -> None:
        reporter = self._reporter
        recall = Recall(self._pipeline.engine.windows, self._pipeline.engine.controls)
        intake = self._begin(journal, reporter, recall)
        self._room.open(self._pipeline.engine.controls, _recording(intake))
        mqtt = self._build_mqtt(intake, recall)
        rehearsal = self._rehearsal = Rehearsal(
            self._pipeline.engine,
            self._clock,
            every_s=self._config.live.rehearse_every_s,
            # While we are cut off each message makes the engine more patient: not one that no replay hears of.
            take=lambda key, payload: mqtt.is_up and intake.rehearse(channel=CALENDAR, key=key, payload=payload),
        )
        reporter.hushes = rehearsal.is_ours
        status = DaemonStatus(
            self._status_board,
            name=self._config.mqtt.client_id,
            pipeline=self._pipeline,
            clock=self._clock,
            metrics=self._metrics,
            reporter=reporter,
            readiness=Readiness(self._pipeline, self._clock, journal, is_warm=lambda: rehearsal.is_warm),
            often=self._config.live.clock_file is not None,
        )
        self._export(journal, mqtt, intake, rehearsal)
        sync = JournalSync(
            journal, interval_s=self._config.journal.sync_interval_ms / 1_000, on_failure=reporter.journal_failed
        )
        supervisor.start("journal-sync", sync.run)
        supervisor.start("redis", self._publisher.run)
        supervisor.start("status-board", self._status_board.run)
        supervisor.start("vintages", self._vintages.run)
        supervisor.start("status", status.run)
        supervisor.start("replicas", self._replicas.run)
        links = self._build_links(intake)
        for link in links.values():
            link.start(supervisor, links)
        timeout_s = self._config.live.startup_timeout_s
        await self._publisher.wait_connected(timeout_s)
        supervisor.start("mqtt", mqtt.run)
        await mqtt.wait_connected(max(timeout_s - (self._clock.monotonic() - started) / NS_PER_S, 1.0))
        ticker = Ticker(self._clock, deadline=self._pipeline.next_deadline, fire=lambda: _tick(intake))
        supervisor.start("engine-ticker", ticker.run)
        take = _recording(intake)
        calling = Ticker(self._clock, deadline=recall.next_deadline, fire=lambda: recall.say(self._clock.now(), take))
        supervisor.start("recall", calling.run)
        supervisor.start("clock", ClockWatch(self._config.clock, self._clock, intake, self._metrics).run)
        await rehearsal.before_ready()
        self._settle()
        supervisor.start("rehearsal", rehearsal.run)
        supervisor.start("collector", self._collector.run)
        supervisor.start("stalls", self._stalls.run)
        vigil = Vigil(self._pipeline.engine, self._clock, around_s=self._config.live.busy_poll_s)
        supervisor.start("vigil", vigil.run)
        took_s = (self._clock.monotonic() - started) / NS_PER_S
        status.ready()
        log.info("ready", took_s=round(took_s, 3), instruments=list(self._pipeline.board.instruments))
        await supervisor.stopping.wait()
        log.info("stopping")
        if not await self._publisher.flush(_LAST_WORDS_S):
            log.warning("signals_left_in_journal", count=self._publisher.depth)

    def _begin(self, journal: JournalWriter, reporter: Reporter, recall: Recall) -> Intake:
        """Take over from the run before, and begin this one in the journal."""
        ended = journal.ts_highest
        journalled = Path(self._config.journal.path)
        model_id = self._models.take_over()
        recovered = recover(journalled, self._pipeline, ended, heard=recall.heard, happened=self._vintages.record)
        reach("recovery.fed")
        self._models.keep()
        intake = Intake(
            clock=self._clock,
            journal=journal,
            pipeline=self._pipeline,
            outlet=reporter,
            stages=self._metrics.stages,
            happened=self._vintages.record,
            not_before=recovered.ts_last,
        )
        session = Session(
            mode="live",
            instruments=self._pipeline.board.instruments,
            model_id=model_id,
            version=self._version,
            recovered_from=recovered.since,
            channels={name: venue.instruments for name, venue in self._pipeline.venues.items() if venue.instruments},
            rules=rules_in_force(self._config),
        )
        unsaid = intake.begin(session, recovered.unsaid)
        reach("recovery.begun")
        self._publisher.resend((*recovered.said, *unsaid))
        if recovered.since is not None:
            log.info("run_recovered", records=recovered.records, unsaid=len(recovered.unsaid))
        return intake

    def _build_mqtt(self, intake: Intake, recall: Recall) -> MqttConnection:
        prefix = f"{self._config.mqtt.prefix}/"

        def take(message: MqttMessage) -> None:
            topic = message.topic.removeprefix(prefix)
            key = RETAINED + topic if message.retained else topic
            recall.heard(key, message.payload)
            intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=message.payload)

        def come() -> None:
            intake.take(RecordKind.CONNECTED, channel=CALENDAR)

        def go(why: str) -> None:
            intake.take(RecordKind.DISCONNECTED, channel=CALENDAR, payload=why.encode())

        return MqttConnection(
            self._config.mqtt,
            subscriptions=[Subscription(prefix + topic) for topic in TOPICS],
            on_message=take,
            on_connected=come,
            on_disconnected=go,
        )

    def _build_links(self, intake: Intake) -> dict[str, VenueLink]:
        """Both connections of every venue, by channel; all connections to one venue share what it bears."""
        venues = self._config.venues
        allowances = {venue.name: Allowance(self._clock) for venue in venues}
        return {
            channel: VenueLink(
                channel,
                ws_url=venue.ws_url,
                rest_url=venue.rest_url,
                intake=intake,
                pipeline=self._pipeline,
                clock=self._clock,
                allowance=allowances[venue.name],
                frames=self._metrics.counts.frames,
            )
            for name, venue in zip(channels_of(venues), venues, strict=True)
            for channel in (name, name + SPARE)
        }

    def _confirm(self, confirmation: Confirmation) -> None:
        self._metrics.confirm(confirmation)
        if self._rehearsal is not None:
            self._rehearsal.confirm(confirmation)
        self._replicas.note(confirmation)

    def _export(self, journal: JournalWriter, mqtt: MqttConnection, intake: Intake, rehearsal: Rehearsal) -> None:
        metrics = self._metrics
        metrics.watch_publisher(self._publisher)
        exports.watch_replicas(metrics, self._replicas)
        exports.watch_inputs(metrics, mqtt, intake)
        exports.watch_frames(metrics, self._pipeline.venues.values())
        exports.watch_keeping(metrics, journal, self._vintages)
        exports.watch_warmth(metrics, rehearsal, self._collector, self._stalls)
        metrics.watch(
            "signald_compilations_after_ready",
            "Kernels compiled since ready: must be 0.",
            lambda: compilations() - self._compiled_before,
        )

    def _settle(self) -> None:
        """Nothing is compiled, and no garbage looked at, while the clock strikes."""
        self._collector.settle()
        self._compiled_before = compilations()


def _tick(intake: Intake) -> None:
    intake.take(RecordKind.TICK, channel="")


def _recording(intake: Intake) -> Callable[[str, bytes], object]:
    """Takes key and payload of a message of our own making."""
    return lambda key, payload: intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=payload)
