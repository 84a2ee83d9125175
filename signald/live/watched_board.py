"""A board that others write: rows of a worker from which nothing was heard for long are flagged as they are read."""

from collections.abc import Mapping, Sequence
from typing import Final

from signald.core.board import Board, mark_doubtful
from signald.core.composite import Composites
from signald.core.kernels.machine import WordArray
from signald.model.instruments import InstrumentId
from signald.model.time import NS_PER_S
from signald.runtime.clock import Clock
from signald.runtime.roster import Roster

_SILENT_NS: Final = NS_PER_S
"""A worker says that it lives ten times a second; after so long there may be frames that it does not read."""


class WatchedBoard(Board):
    """As the engine's process reads it."""

    def __init__(
        self,
        instruments: Sequence[InstrumentId],
        buffer: memoryview,
        *,
        writers: Mapping[str, Sequence[int]],
        roster: Roster,
        clock: Clock,
        composites: Composites | None = None,
    ) -> None:
        """Read ``buffer``; ``writers`` says for each worker by name which rows it writes."""
        super().__init__(instruments, buffer, composites=composites)
        self._writers = writers
        self._roster = roster
        self._clock = clock

    def _doubt(self, rows: WordArray) -> None:
        since = self._clock.monotonic() - _SILENT_NS
        for worker, numbers in self._writers.items():
            if self._roster.last_beat(worker) < since:
                for number in numbers:
                    mark_doubtful(rows, number)
