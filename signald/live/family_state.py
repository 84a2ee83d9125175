"""What the processes of one daemon share: the board, who is there, what each counts, and whether a release is near."""

from collections.abc import Mapping, Sequence
from typing import Final

from signald import __version__
from signald.core.board import Board
from signald.core.composite import Composites
from signald.live.book_tally import BookTally
from signald.live.exports import watch_processes, watch_reloads
from signald.live.reloads import Reloads
from signald.live.situation import SharedSituation
from signald.live.watched_board import WatchedBoard
from signald.model.instruments import InstrumentId
from signald.runtime.clock import Clock
from signald.runtime.letterbox import Letterbox
from signald.runtime.roster import Roster
from signald.runtime.shared import SharedMemory
from signald.sinks.exposition import Page, Told
from signald.sinks.metrics import Metrics
from signald.sinks.page import NumberPage
from signald.sinks.stages import LatencyRing, Stages

SIGNAL: Final = "signal"
METRICS: Final = "metrics"
CONSOLE: Final = "console"

_LATENCIES: Final = 4_096


class FamilyState:
    """Made before the first of them is forked; each then takes its part of it.

    Attributes:
        instruments: Of the board's rows that are written; composite ones are made by whoever reads.
        writers: Which rows each feed worker writes, by its name.
        roster: Who is there.
        tally: How often each book was lost and found.
        situation: Whether a release is near.
        reloads: What became of other configurations.
    """

    def __init__(
        self,
        instruments: Sequence[InstrumentId],
        writers: Mapping[str, Sequence[int]],
        *,
        slippage_usd: Sequence[float],
        has_console: bool = False,
        composites: Composites | None = None,
        reloads: Reloads | None = None,
    ) -> None:
        """Make it; nothing is known yet."""
        self.reloads = reloads or Reloads()
        self.instruments = tuple(instruments)
        self.writers = writers
        self._slippage_usd = slippage_usd
        self._composites = composites or Composites((), ())
        self._tellers = (SIGNAL, *writers)
        names = (*self._tellers, METRICS, *((CONSOLE,) if has_console else ()))
        shown = (*self.instruments, *(one.id for one in self._composites.instruments))
        sizes = {
            "board": Board.nbytes(len(self.instruments)),
            "roster": Roster.nbytes(len(names)),
            "tally": BookTally.nbytes(len(shown)),
            "situation": SharedSituation.SIZE,
        }
        for name in self._tellers:
            sizes |= {
                f"{name}/stages": Stages.SIZE,
                f"{name}/latencies": LatencyRing.size(_LATENCIES),
                f"{name}/page": NumberPage.SIZE,
            }
        sizes |= {f"{name}/letters": Letterbox.SIZE for name in writers}
        self._memory = SharedMemory(sizes)
        self.roster = Roster(names, self._memory.region("roster"))
        self.tally = BookTally(shown, self._memory.region("tally"))
        self.situation = SharedSituation(self._memory.region("situation"))

    def board(self) -> Board:
        """The board, for those who write it."""
        return Board(self.instruments, self._memory.region("board"), slippage_usd=self._slippage_usd)

    def watched_board(self, clock: Clock) -> WatchedBoard:
        """The board, for the one who relies on it, with composite rows."""
        return WatchedBoard(
            self.instruments,
            self._memory.region("board"),
            writers=self.writers,
            roster=self.roster,
            clock=clock,
            composites=self._composites,
        )

    def metrics(self, name: str) -> Metrics:
        """What the process of this name counts in; its numbers beside that are told on its :meth:`page`."""
        return Metrics(version=__version__, stages=self._stages(name), latencies=self._latencies(name))

    def page(self, name: str) -> NumberPage:
        """Where it tells them."""
        return NumberPage(self._memory.region(f"{name}/page"))

    def letters(self, name: str) -> Letterbox:
        """Where a feed worker leaves what it has said, for the process that has Redis."""
        return Letterbox(self._memory.region(f"{name}/letters"))

    def told(self) -> list[Told]:
        """All that is told, for whoever serves it: what each process tells, and which of them are there."""
        there = Metrics(version=__version__)
        watch_processes(there, self.roster)
        watch_reloads(there, self.reloads)
        return [*(Page(self.page(name), self._stages(name), self._latencies(name)) for name in self._tellers), there]

    def stages(self) -> list[Stages]:
        """How long each stage took, of each process."""
        return [self._stages(name) for name in self._tellers]

    def disown(self, name: str) -> list[InstrumentId]:
        """A process is gone: nothing that it told is true any more, and its books may not be believed.

        Returns:
            Which of them were live.
        """
        if name == METRICS:
            return []
        self.page(name).clear()
        lost = self.board().disown(self.writers.get(name, ()))
        for instrument in lost:
            self.tally.lost(instrument)
        return lost

    def _stages(self, name: str) -> Stages:
        return Stages(self._memory.region(f"{name}/stages"))

    def _latencies(self, name: str) -> LatencyRing:
        return LatencyRing(_LATENCIES, self._memory.region(f"{name}/latencies"))
