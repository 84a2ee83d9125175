"""Joins transports, pipeline, journal and sinks, starts them, and ends them in order.

Where feed workers keep the books this is one process of a family, which does nothing but the calendar, the engine, the
journal and Redis. Without them it keeps the books too.

Longer than other modules: the one place that names every part of the process, in the order in which they begin and end.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import structlog

from signald import __version__
from signald.config import Config
from signald.core.kernels.jit import compilations
from signald.journal.writer import JournalWriter
from signald.live import exports
from signald.live.admission import put_on_record
from signald.live.book_tally import BookTally
from signald.live.calendar_link import build_calendar_link
from signald.live.clock_watch import ClockWatch
from signald.live.collector import Collector
from signald.live.control_room import ControlRoom
from signald.live.family_state import SIGNAL, FamilyState
from signald.live.feed_links import FeedLinks
from signald.live.heart import Heart
from signald.live.intake import Intake
from signald.live.journal_sync import JournalSync
from signald.live.learnt import LearntModels
from signald.live.letters import deliver
from signald.live.limits import Limits
from signald.live.readiness import Readiness
from signald.live.recall import Recall
from signald.live.rehearsal import Rehearsal
from signald.live.reloads import Keeper, be_kept
from signald.live.reporter import Reporter
from signald.live.retention import Retention
from signald.live.situation import KnownSituation
from signald.live.status import DaemonStatus
from signald.live.stores import stores_of
from signald.live.summary import RunSummary
from signald.live.switch import HaltSwitch
from signald.live.takeover import TakeOver
from signald.live.ticker import Ticker
from signald.live.vigil import Vigil
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import CALENDAR, Pipeline
from signald.runtime.clock import Clock
from signald.runtime.stalls import StallWatch
from signald.runtime.supervisor import Supervisor
from signald.sinks.entitlement import entitled
from signald.sinks.exposition import MetricsServer
from signald.sinks.metrics import Metrics
from signald.sinks.redis import Confirmation, Publisher
from signald.sinks.replicas import ReplicaCheck
from signald.sinks.status import StatusBoard
from signald.transports.mqtt import MqttConnection
from signald.vintages import VintageRecorder, VintageStore

_LAST_WORDS_S = 2.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Daemon:
    """What has the calendar, the engine and Redis; and the books, unless others keep them."""

    def __init__(
        self,
        config: Config,
        pipeline: Pipeline,
        clock: Clock,
        *,
        family: FamilyState | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        """Join everything; nothing is opened or connected yet.

        Args:
            config: What this run was told.
            pipeline: Its pure part; without sources for venues where others keep the books.
            clock: The time.
            family: What it shares with those others; ``None``: there are none.
            keeper: Who runs it, where there is no family.

        Raises:
            ConfigError: An address or a file that a connection needs cannot be used.
        """
        self._config = config
        self._pipeline = pipeline
        self._clock = clock
        self._family = family
        self._keeper = keeper
        self._metrics = Metrics(version=__version__) if family is None else family.metrics(SIGNAL)
        self._publisher = Publisher(
            config.redis,
            clock,
            consumers=[consumer.name for consumer in entitled(config.consumers, config.entitlement)],
            on_confirmed=self._confirm,
            is_halted=lambda: self._switch.is_halted,
        )
        self._reporter = Reporter(
            self._publisher,
            self._metrics.counts,
            books=BookTally(pipeline.board.instruments) if family is None else family.tally,
            on_control=lambda notice: self._room.followed(notice),  # noqa: PLW0108 - there is no room yet
            on_learnt=lambda notice: self._models.followed(notice),  # noqa: PLW0108 - nor a status board
            on_said=lambda said: self._status_board.notice(*said),
        )
        self._replicas = ReplicaCheck(config.redis)
        self._status_board = StatusBoard(config.redis)
        self._models = LearntModels(
            Path(config.journal.path), pipeline.engine, self._status_board.audit, online=config.scoring.online
        )
        self._vintages = VintageRecorder(lambda: VintageStore(Path(config.calendar.vintages), patience_s=1.0))
        self._switch = HaltSwitch(
            Path(config.control.halt_file),
            on_halt=lambda halted: self._room.halted(halted),  # noqa: PLW0108 - there is no room yet
            on_released=lambda: self._room.released(),  # noqa: PLW0108 - see above
        )
        self._rehearsal: Rehearsal | None = None
        self._stalls = StallWatch(clock)
        self._situation = KnownSituation(pipeline.engine, clock)
        self._collector = Collector(self._situation.is_close, clock)
        self._compiled_before = 0
        self._is_ready = asyncio.Event()

    async def run(self) -> RunSummary:
        """Run until SIGINT or SIGTERM.

        Raises:
            UnreachableError: Broker or Redis were not reached in time.
            ConfigError: The metrics' port is taken.
            JournalError: The journal cannot be opened.
        """
        started = self._clock.monotonic()
        config = self._config
        host, port = config.metrics.host, config.metrics.port
        server = MetricsServer(self._metrics, host=host, port=port, is_ready=self._is_ready.is_set)
        with (
            JournalWriter(Path(config.journal.path), segment_bytes=config.journal.segment_mb << 20) as journal,
            server if self._family is None else nullcontext(),
        ):
            supervisor = Supervisor()
            try:
                async with supervisor:
                    self._room = ControlRoom(
                        self._switch, clock=self._clock, publisher=self._publisher, board=self._status_board
                    )
                    with self._switch:
                        await self._serve(supervisor, journal, started=started)
            finally:
                if self._keeper is not None and supervisor.was_told:
                    self._keeper.told_to_end()
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
        recall = Recall(self._pipeline.engine)
        intake = self._begin(journal, recall)
        self._room.open(self._pipeline.engine.controls, _recording(intake))
        config, limits = self._config, Limits(self._config.limits)
        mqtt = build_calendar_link(config.mqtt, config.signatures, limits, intake, recall, clock=self._clock)
        rehearsal = self._rehearsal = Rehearsal(
            self._pipeline.engine,
            self._clock,
            every_s=self._config.live.rehearse_every_s,
            # While we are cut off each message makes the engine more patient: not one that no replay hears of.
            take=lambda key, payload: mqtt.is_up and intake.rehearse(channel=CALENDAR, key=key, payload=payload),
        )
        self._reporter.hushes = rehearsal.is_ours
        status = self._build_status(journal, rehearsal)
        self._export(mqtt, intake, rehearsal)
        exports.watch_limits(self._metrics, limits)
        kept = (self._pipeline.engine, limits, recall, self._status_board, self._replicas, self._vintages)
        exports.watch_stores(self._metrics, stores_of(*kept))
        self._start_keeping(supervisor, journal, status)
        FeedLinks(
            self._config.venues,
            self._pipeline,
            intake=intake,
            situation=self._situation,
            clock=self._clock,
            counts=self._metrics.counts,
            transport=self._config.live.transport,
            mqtt=self._config.mqtt,
        ).start(supervisor)
        heart = self._start_heart(supervisor)
        self._start_being_kept(supervisor)
        timeout_s = self._config.live.startup_timeout_s
        await self._publisher.wait_connected(timeout_s)
        supervisor.start("mqtt", mqtt.run)
        await mqtt.wait_connected(max(timeout_s - (self._clock.monotonic() - started) / NS_PER_S, 1.0))
        self._start_time(supervisor, intake, recall)
        await rehearsal.before_ready()
        self._settle()
        supervisor.start("rehearsal", rehearsal.run)
        supervisor.start("collector", self._collector.run)
        supervisor.start("stalls", self._stalls.run)
        vigil = Vigil(self._pipeline.engine, self._clock, around_s=self._config.live.busy_poll_s)
        supervisor.start("vigil", vigil.run)
        took_s = (self._clock.monotonic() - started) / NS_PER_S
        if heart is not None:
            heart.ready()
        status.ready()
        self._is_ready.set()
        log.info("ready", took_s=round(took_s, 3), instruments=list(self._pipeline.board.instruments))
        await supervisor.stopping.wait()
        self._is_ready.clear()
        if heart is not None:
            heart.ends()
        log.info("stopping")
        if not await self._publisher.flush(_LAST_WORDS_S):
            log.warning("signals_left_in_journal", count=self._publisher.depth)

    def _begin(self, journal: JournalWriter, recall: Recall) -> Intake:
        taken = TakeOver(self._config, self._pipeline, self._clock, models=self._models)
        intake, unsent = taken.begin(
            journal,
            outlet=self._reporter,
            stages=self._metrics.stages,
            recall=recall,
            happened=self._vintages.record,
        )
        model_id = self._pipeline.engine.parameters.id
        put_on_record(self._status_board, self._config, model_id=model_id, now=self._clock.now())
        self._publisher.resend(unsent)
        return intake

    def _build_status(self, journal: JournalWriter, rehearsal: Rehearsal) -> DaemonStatus:
        return DaemonStatus(
            self._status_board,
            config=self._config,
            pipeline=self._pipeline,
            clock=self._clock,
            metrics=self._metrics,
            books=self._reporter.books,
            readiness=Readiness(self._pipeline, self._clock, journal, is_warm=lambda: rehearsal.is_warm),
            family=self._family,
        )

    def _start_keeping(self, supervisor: Supervisor, journal: JournalWriter, status: DaemonStatus) -> None:
        """Start what keeps and tells: it is to outlive what feeds it."""
        sync = JournalSync(
            journal,
            clock=self._clock,
            interval_s=self._config.journal.sync_interval_ms / 1_000,
            on_failure=self._reporter.journal_failed,
        )
        exports.watch_journal(self._metrics, journal, sync)
        supervisor.start("journal-sync", sync.run)
        retention = Retention(self._config.journal, self._clock, is_calm=self._is_calm)
        exports.watch_retention(self._metrics, retention)
        supervisor.start("journal-retention", retention.run)
        supervisor.start("redis", self._publisher.run)
        supervisor.start("status-board", self._status_board.run)
        supervisor.start("vintages", self._vintages.run)
        supervisor.start("status", status.run)
        supervisor.start("replicas", self._replicas.run)

    def _is_calm(self) -> bool:
        return not self._situation.is_open() and not self._publisher.depth

    def _start_heart(self, supervisor: Supervisor) -> Heart | None:
        """Take part in the family, if there is one."""
        family = self._family
        if family is None:
            return None
        striking = self._situation.is_striking
        heart = Heart(family, SIGNAL, metrics=self._metrics, clock=self._clock, is_striking=striking)
        self._reporter.before_said = heart.tell
        supervisor.start("heart", heart.run)
        supervisor.start("situation", lambda: family.situation.follow(self._situation))
        return heart

    def _start_being_kept(self, supervisor: Supervisor) -> None:
        """Tell whoever runs us how we are, and the stream of notices what it and the feed workers say."""
        family, keeper = self._family, self._keeper
        boxes = [] if family is None else [family.reloads.letters, *map(family.letters, family.writers)]
        if keeper is not None:
            boxes.append(keeper.reloads.letters)
            exports.watch_reloads(self._metrics, keeper.reloads)
            is_ready, is_open = self._is_ready.is_set, self._situation.is_open
            supervisor.start("keeper", lambda: be_kept(keeper, supervisor.stopping, is_ready=is_ready, is_open=is_open))
        tell, striking = self._status_board.notice, self._situation.is_striking
        supervisor.start("letters", lambda: deliver(boxes, lambda said: tell(*said), is_striking=striking))

    def _start_time(self, supervisor: Supervisor, intake: Intake, recall: Recall) -> None:
        """Start what has deadlines."""
        clock, take = self._clock, _recording(intake)
        ticker = Ticker(clock, deadline=self._pipeline.next_deadline, fire=lambda: _tick(intake))
        supervisor.start("engine-ticker", ticker.run)
        calling = Ticker(clock, deadline=recall.next_deadline, fire=lambda: recall.say(clock.now(), take))
        supervisor.start("recall", calling.run)
        supervisor.start("clock", ClockWatch(self._config.clock, clock, intake, self._metrics).run)

    def _confirm(self, confirmation: Confirmation) -> None:
        self._metrics.confirm(confirmation)
        if self._rehearsal is not None:
            self._rehearsal.confirm(confirmation)
        self._replicas.note(confirmation)

    def _export(self, mqtt: MqttConnection, intake: Intake, rehearsal: Rehearsal) -> None:
        metrics = self._metrics
        metrics.watch_publisher(self._publisher)
        exports.watch_replicas(metrics, self._replicas)
        exports.watch_inputs(metrics, mqtt, intake)
        exports.watch_frames(metrics, self._pipeline.venues.values())
        exports.watch_vintages(metrics, self._vintages)
        exports.watch_warmth(metrics, rehearsal, self._stalls)
        exports.watch_collector(metrics, self._collector)
        exports.watch_delays(metrics, self._pipeline, self._config.venues)
        exports.watch_compilations(metrics, lambda: compilations() - self._compiled_before)

    def _settle(self) -> None:
        """Nothing is compiled, and no garbage looked at, while the clock strikes."""
        self._collector.settle()
        self._compiled_before = compilations()


def _tick(intake: Intake) -> None:
    intake.take(RecordKind.TICK, channel="")


def _recording(intake: Intake) -> Callable[[str, bytes], object]:
    """Takes key and payload of a message of our own making."""
    return lambda key, payload: intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=payload)
