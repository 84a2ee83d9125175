"""Keeps the models that the engine learns, and begins a run with the newest of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from signald.core.engine import Engine
from signald.errors import ConfigError
from signald.journal.models import keep_model, newest_model
from signald.model.notices import ModelLearnt
from signald.model.time import format_rfc3339

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class LearntModels:
    """The models of one run, beside its journal and in the audit stream."""

    def __init__(
        self,
        journal: Path,
        engine: Engine,
        audit: Callable[[str, Mapping[str, str]], None],
        *,
        online: bool = True,
    ) -> None:
        """Take where they are kept, who learns, and who is told; without ``online`` none of them is adopted."""
        self._journal = journal
        self._engine = engine
        self._audit = audit
        self._online = online

    def take_over(self) -> str:
        """Begin with what the runs before had learnt from the engine's model; returns the id of what scores now.

        Who does not want it to learn wants the model that was configured, not what it had become before.
        """
        learnt = None
        if self._online:
            learnt = newest_model(self._journal, self._engine.parameters.id, damaged=_passed_over)
        if learnt is not None:
            self._engine.adopt(learnt)
        return self._engine.parameters.id

    def keep(self) -> None:
        """Write down what scores now, if it was learnt and is not on disk: the run before may have been cut off."""
        parameters = self._engine.parameters
        if parameters.lineage is None:
            return
        try:
            keep_model(self._journal, parameters)
        except OSError as error:  # what it learnt goes on scoring, and follows from the journal again
            log.error("model_not_kept", id=parameters.id, problem=str(error))  # noqa: TRY400 - the problem says it all

    def followed(self, notice: ModelLearnt) -> None:
        """The engine learnt: another model scores from now on, and it goes on record."""
        self.keep()
        details = {"id": notice.id, "parent": notice.parent, "releases": " ".join(notice.releases)}
        self._audit("model", {**details, "at": format_rfc3339(notice.ts_ingest)})


def _passed_over(error: ConfigError) -> None:
    log.error("learnt_model_damaged", problem=str(error))
