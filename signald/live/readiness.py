"""What would make a release late, or be scored with flags, if it came now."""

from collections.abc import Callable, Iterator
from typing import Final

from signald.core.kernels.rows import FLAG_STALE, STATE_LIVE
from signald.journal.writer import JournalWriter
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.runtime.clock import Clock

SOON_NS: Final = 900 * NS_PER_S
"""A release that is due so soon should have a consensus."""


class Readiness:
    """Ready is whoever has begun; degraded is whoever lacks something, and says what."""

    def __init__(
        self, pipeline: Pipeline, clock: Clock, journal: JournalWriter, *, is_warm: Callable[[], bool]
    ) -> None:
        """Take what is looked at; ``is_warm`` says whether the path has been rehearsed."""
        self._pipeline = pipeline
        self._clock = clock
        self._journal = journal
        self._is_warm = is_warm

    @property
    def is_journal_failing(self) -> bool:
        """Whether the journal cannot be written."""
        return bool(self._journal.status().failing)

    def lacks(self) -> Iterator[str]:
        """Every reason, in words."""
        if not self._is_warm():
            yield "the path was not rehearsed"
        if self.is_journal_failing:
            yield "the journal cannot be written"
        board = self._pipeline.board
        rows = board.read()
        for index, instrument in enumerate(board.instruments):
            if rows["state"][index] != STATE_LIVE or rows["flags"][index] & FLAG_STALE:
                yield f"no live book of {instrument}"
        now = self._clock.now()
        for ts, bundle in self._pipeline.engine.bundles.items():
            if now < ts <= now + SOON_NS:
                for window in bundle.awaited:
                    if window.expectation.consensus is None:
                        yield f"no consensus for {window.release_id}"
