"""A feed worker: books of some venues, their connections and the journal of what comes on them, and nothing else."""

from pathlib import Path

import structlog

from signald import __version__
from signald.config import Config
from signald.core.kernels.jit import compilations
from signald.journal.session import Session
from signald.journal.writer import JournalWriter
from signald.live import exports
from signald.live.collector import Collector
from signald.live.family_state import FamilyState
from signald.live.feed_links import FeedLinks
from signald.live.heart import Heart
from signald.live.intake import Intake
from signald.live.journal_sync import JournalSync
from signald.live.letters import post
from signald.live.remote.carrier import Carrier
from signald.live.reporter import Narrator
from signald.model.instruments import InstrumentId
from signald.pipeline import Feeds
from signald.runtime.clock import Clock
from signald.runtime.supervisor import Supervisor

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class FeedWorker:
    """What :class:`signald.live.daemon.Daemon` does for books where there is one process, for some of them."""

    def __init__(
        self,
        name: str,
        config: Config,
        feeds: Feeds,
        clock: Clock,
        family: FamilyState,
        *,
        carrier: Carrier | None = None,
    ) -> None:
        """Join everything; nothing is opened or connected yet. ``carrier`` takes the rows to another host."""
        self._name = name
        self._config = config
        self._feeds = feeds
        self._clock = clock
        self._family = family
        self._carrier = carrier
        self._metrics = family.metrics(name)
        letters = family.letters(name)
        self._narrator = Narrator(self._metrics.counts, family.tally, on_said=lambda said: post(letters, said))
        self._collector = Collector(family.situation.is_close, clock)

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM.

        Raises:
            ConfigError: A venue's address cannot be used.
            JournalError: The journal cannot be opened.
        """
        config = self._config.journal
        with JournalWriter(Path(config.path) / self._name, segment_bytes=config.segment_mb << 20) as journal:
            try:
                async with Supervisor() as supervisor:
                    self._start(supervisor, journal)
                    await supervisor.stopping.wait()
            finally:
                self._narrator.say()

    def _start(self, supervisor: Supervisor, journal: JournalWriter) -> None:
        intake = Intake(
            clock=self._clock,
            journal=journal,
            pipeline=self._feeds,
            outlet=self._narrator,
            stages=self._metrics.stages,
            books_changed=None if self._carrier is None else self._carrier.changed,
            not_before=journal.ts_highest,
        )
        intake.begin(self._session(), ())
        links = FeedLinks(
            self._config.venues,
            self._feeds,
            intake=intake,
            situation=self._family.situation,
            clock=self._clock,
            counts=self._metrics.counts,
            transport=self._config.live.transport,
            mqtt=self._config.mqtt,
        )
        self._export()
        sync = JournalSync(
            journal,
            clock=self._clock,
            interval_s=self._config.journal.sync_interval_ms / 1_000,
            on_failure=self._narrator.journal_failed,
        )
        exports.watch_journal(self._metrics, journal, sync)
        supervisor.start("journal-sync", sync.run)
        self._collector.settle()
        links.start(supervisor)
        if self._carrier is not None:
            supervisor.start("carrier", self._carrier.run)
        heart = Heart(self._family, self._name, metrics=self._metrics, clock=self._clock)
        self._narrator.before_said = heart.tell
        supervisor.start("heart", heart.run)
        supervisor.start("collector", self._collector.run)
        heart.ready()
        log.info("feeds_ready", instruments=self._instruments())

    def _session(self) -> Session:
        channels = {name: venue.instruments for name, venue in self._feeds.venues.items() if venue.instruments}
        return Session(mode="feed", instruments=self._instruments(), channels=channels, version=__version__)

    def _instruments(self) -> tuple[InstrumentId, ...]:
        return tuple(self._family.instruments[number] for number in self._family.writers[self._name])

    def _export(self) -> None:
        metrics = self._metrics
        exports.watch_frames(metrics, self._feeds.venues.values())
        exports.watch_collector(metrics, self._collector)
        if self._carrier is not None:
            self._carrier.watch(metrics)
        before = compilations()
        exports.watch_compilations(metrics, lambda: compilations() - before)
