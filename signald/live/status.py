"""What the daemon says of itself in Redis: whether it is ready, what is due, how late it is."""

import asyncio
import math
import os

import msgspec

from signald.config import Config
from signald.core.kernels.jit import compilations
from signald.live.agenda import CalendarState, calendar_state, count_silent
from signald.live.book_columns import book_columns, controls_state, oldest_live
from signald.live.book_tally import BookTally
from signald.live.family_state import FamilyState
from signald.live.readiness import Readiness
from signald.model.instruments import InstrumentId
from signald.pipeline import Pipeline
from signald.runtime.clock import Clock
from signald.sinks.metrics import Metrics
from signald.sinks.stages import summarize_stages
from signald.sinks.status import StatusBoard
from signald.sources.registry import channels_of

_EVERY_S = 1.0
_CALENDAR_EVERY_S = 0.5
_CALENDAR_EVERY_IN_DEMO_S = 0.1
_BOOKS_EVERY_S = 0.25
_EVERY_IN_DEMO_S = 0.005
"""The demo waits for each deadline: it must be told at once."""


class DaemonStatus:
    """Writes the components ``daemon``, ``engine``, ``calendar``, ``stages`` and ``books`` of the status hash.

    Replicas share the hash: under these names stands what any of them said last, under ``daemon@NAME`` and
    ``engine@NAME`` what the one called NAME did, with its process id: that of the first process, where several share
    the work, since it ends them all.
    """

    def __init__(
        self,
        board: StatusBoard,
        *,
        config: Config,
        pipeline: Pipeline,
        clock: Clock,
        metrics: Metrics,
        books: BookTally,
        readiness: Readiness,
        family: FamilyState | None = None,
    ) -> None:
        """Take what is told; ``family`` is what those share who share the work; without it there is one process."""
        self._board = board
        self._name = config.mqtt.client_id
        self._pipeline = pipeline
        self._clock = clock
        self._metrics = metrics
        self._tally = books
        self._readiness = readiness
        self._every_s = _EVERY_S if config.live.clock_file is None else _EVERY_IN_DEMO_S
        self._calendar_every_s = _CALENDAR_EVERY_S if config.live.clock_file is None else _CALENDAR_EVERY_IN_DEMO_S
        self._compiled_before: int | None = None
        self._said: dict[str, object] = {}
        self._roster = None if family is None else family.roster
        self._stages = [metrics.stages] if family is None else family.stages()
        self._pid = os.getpid() if family is None else os.getppid()
        metrics.counts.expect(channels_of(config.venues))
        metrics.watch(
            "signald_sources_silent",
            "Calendar sources that have sent no heartbeat for 15 s.",
            lambda: count_silent(pipeline.engine.sources, clock.now()),
        )

    def ready(self) -> None:
        """From now on the daemon is armed."""
        self._compiled_before = compilations()
        self._tell_components()  # whoever waits for it hears of it now

    async def run(self) -> None:
        """Write for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_state(), name="status-state")
            group.create_task(self._tell_books(), name="status-books")

    async def _tell_books(self) -> None:
        board = self._pipeline.board
        while True:
            rows, composites = board.look()
            columns = book_columns(board.instruments, rows, self._clock.now(), composites=composites)
            self._board.put("books", columns)
            await asyncio.sleep(_BOOKS_EVERY_S)

    async def _tell_state(self) -> None:
        clock = asyncio.get_running_loop().time
        calendar_due = clock()
        while True:
            if clock() >= calendar_due:  # it looks at every release: not as often as the rest
                calendar_due = clock() + self._calendar_every_s
                self._board.put("calendar", {"now": self._clock.now(), **msgspec.structs.asdict(self.calendar())})
                stages = {name: one._asdict() for name, one in summarize_stages(self._stages).items()}
                self._board.put("stages", {"now": self._clock.now(), "stages": stages})
            self._tell_components()
            await asyncio.sleep(self._every_s)

    def _tell_components(self) -> None:
        for component, state in (("engine", self.engine()), ("daemon", self.daemon())):
            if self._said.get(component) != state:
                self._said[component] = state
                told = {"now": self._clock.now(), **state}
                self._board.put(component, told)
                self._board.put(f"{component}@{self._name}", {"pid": self._pid, **told})

    def engine(self) -> dict[str, object]:
        """When the engine is next due, and how new all of the board is that is live."""
        rows = self._pipeline.board.read()
        return {
            "next_deadline": self._pipeline.engine.next_step(),
            "rows_ts": oldest_live(rows[: self._pipeline.board.written]),
        }

    def calendar(self) -> CalendarState:
        """The next releases, who covers them, and who is alive."""
        engine = self._pipeline.engine
        return calendar_state(engine.windows, engine.sources, self._clock.now())

    def daemon(self) -> dict[str, object]:
        """Readiness, books, latencies, the journal's health."""
        latency = self._metrics.summarize()
        ready = self._compiled_before is not None
        return {
            "ready": ready,
            "controls": [controls_state(one) for one in self._pipeline.engine.controls.in_force()],
            "degraded": [*self._readiness.lacks()] if ready else [],
            "books": self._books(),
            "latency_us": {
                name: 0.0 if math.isnan(us) else round(us, 1)
                for name, us in (
                    ("p50", latency.p50_us),
                    ("p99", latency.p99_us),
                    ("p999", latency.p999_us),
                    ("max", latency.max_us),
                )
            },
            "compilations_after_ready": compilations() - (self._compiled_before or 0) if ready else 0,
            "journal_failing": self._readiness.is_journal_failing,
            "processes": self._processes(),
        }

    def _processes(self) -> dict[str, dict[str, int | bool]]:
        """Who shares the work: process id (0: it is not there), whether it works, how often it was started again."""
        roster = self._roster
        if roster is None:
            return {}
        return {
            name: {"pid": roster.pid(name), "ready": roster.is_ready(name), "restarts": roster.restarts(name)}
            for name in roster.names
        }

    def _books(self) -> dict[InstrumentId, dict[str, int]]:
        rows = self._pipeline.board.read()
        return {
            instrument: {
                "frames": int(rows["applied"][index]),
                "gaps": self._tally.gaps(instrument),
                "resyncs": self._tally.resyncs(instrument),
            }
            for index, instrument in enumerate(self._pipeline.board.instruments)
        }
