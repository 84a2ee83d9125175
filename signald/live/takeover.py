"""Takes over from the run before: its engine's memory, what it left unsaid, and its journal, where this one begins."""

from collections.abc import Callable
from pathlib import Path

import structlog

from signald import __version__
from signald.config import Config, rules_in_force
from signald.errors import VintageError
from signald.journal.session import Session
from signald.journal.writer import JournalWriter
from signald.live.intake import Intake, Outlet
from signald.live.learnt import LearntModels
from signald.live.recall import Recall, settled_message
from signald.live.recovery import recover
from signald.model.records import RecordKind
from signald.model.time import Nanos
from signald.pipeline import CALENDAR, Pipeline
from signald.runtime.clock import Clock
from signald.runtime.faults import reach
from signald.sinks.encoding import Document
from signald.sinks.stages import Stages
from signald.sources.registry import channels_of
from signald.vintages import known_figures

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class TakeOver:
    """The beginning of a run."""

    def __init__(self, config: Config, pipeline: Pipeline, clock: Clock, *, models: LearntModels) -> None:
        """Take what is to run; nothing is read yet."""
        self._config = config
        self._pipeline = pipeline
        self._clock = clock
        self._models = models

    def begin(
        self,
        journal: JournalWriter,
        *,
        outlet: Outlet,
        stages: Stages,
        recall: Recall,
        happened: Callable[[tuple[object, ...]], None],
    ) -> tuple[Intake, tuple[Document, ...]]:
        """Begin this run in the journal; also returned is what may not have reached the server, oldest first.

        Raises:
            JournalError: The journal is damaged.
        """
        path, pipeline = Path(self._config.journal.path), self._pipeline
        model_id = self._models.take_over()
        recovered = recover(path, pipeline, journal.ts_highest, heard=recall.heard, happened=happened)
        reach("recovery.fed")
        self._models.keep()
        intake = Intake(
            clock=self._clock,
            journal=journal,
            pipeline=pipeline,
            outlet=outlet,
            stages=stages,
            happened=happened,
            not_before=recovered.ts_last,
        )
        unsaid = intake.begin(self._session(recovered.since, model_id), recovered.unsaid)
        reach("recovery.begun")
        if recovered.since is None:
            self._inherit(intake)
        else:
            log.info("run_recovered", records=recovered.records, unsaid=len(recovered.unsaid))
        return intake, (*recovered.said, *unsaid)

    def _inherit(self, intake: Intake) -> None:
        """Go on, on record, where a journal that is gone left off, if its store of vintages still stands."""
        path, indicators = Path(self._config.calendar.vintages), self._pipeline.engine.indicators
        try:
            figures = known_figures(path, self._clock.now(), indicators)
        except VintageError as error:
            log.warning("vintages_not_read", reason=str(error))
            return
        for key, payload in map(settled_message, figures):
            intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=key, payload=payload)

    def _session(self, since: Nanos | None, model_id: str) -> Session:
        venues = self._config.venues
        named = zip(channels_of(venues), venues, strict=True)
        return Session(
            mode="live",
            instruments=self._pipeline.board.instruments,
            model_id=model_id,
            version=__version__,
            recovered_from=since,
            channels={channel: venue.instruments for channel, venue in named if venue.instruments},
            has_hosts=bool(self._config.board.hosts),
            rules=rules_in_force(self._config),
        )
