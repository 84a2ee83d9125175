"""Named tasks with one parent, restarted as their policy says, stopped in reverse order on a signal."""

import asyncio
import enum
import signal
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeAlias

from signald.runtime.backoff import Backoff

_ENDS_WITHIN_S = 2.0
"""A task that is cancelled and has not ended by then is cancelled again."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Makes the coroutine of a task anew, each time it is started."""


class Restart(enum.Enum):
    """What follows when a task fails."""

    NEVER = "never"
    """The failure is everyone's: all tasks are stopped and it is raised to whoever runs the supervisor."""
    ON_FAILURE = "on_failure"
    """The task is started anew after a delay that grows; the others go on."""


class Supervisor:
    """Parent of all tasks of a process, over one ``asyncio.TaskGroup``.

    Used as ``async with``: inside, start tasks and ``await supervisor.stopping.wait()``. SIGINT and SIGTERM set
    ``stopping``; so does :meth:`stop`. When the body ends its tasks are cancelled one by one, the last started first,
    so that what was started early (sinks, the journal) outlives what feeds it. A second signal cancels the body too.
    Afterwards the signals do what they did before.

    A failure of a task under :attr:`Restart.NEVER` leaves the ``async with`` as itself, not in an exception group.

    Attributes:
        stopping: Set when the work should end.
        was_told: Whether that was asked for, by a signal or :meth:`stop`.
    """

    def __init__(
        self,
        *,
        handle_signals: bool = True,
        on_restart: Callable[[str, Exception, float], None] | None = None,
    ) -> None:
        """Build an idle supervisor; ``on_restart`` is told the task's name, its failure and the delay in seconds."""
        self.stopping = asyncio.Event()
        self.was_told = False
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._handle_signals = handle_signals
        self._on_restart = on_restart
        self._body: asyncio.Task[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def start(
        self,
        name: str,
        work: Work,
        *,
        restart: Restart = Restart.NEVER,
        backoff: Backoff | None = None,
    ) -> asyncio.Task[None]:
        """Start ``work`` as a task called ``name``."""
        if restart is Restart.NEVER:
            task = self._group.create_task(work(), name=name)
        else:
            task = self._group.create_task(self._keep_alive(name, work, backoff or Backoff()), name=name)
        self._tasks.append(task)
        return task

    def stop(self) -> None:
        """Ask for an orderly end; asking again ends the body at once."""
        if self.stopping.is_set() and self._body is not None:
            self._body.cancel()
        self.was_told = True
        self.stopping.set()

    async def _keep_alive(self, name: str, work: Work, backoff: Backoff) -> None:
        while True:
            try:
                await work()
            except Exception as failure:  # noqa: BLE001 - the policy of this task is to survive any failure
                delay_s = backoff.next_delay_s()
                if self._on_restart is not None:
                    self._on_restart(name, failure, delay_s)
                await asyncio.sleep(delay_s)
            else:
                return

    async def __aenter__(self) -> Self:
        self._body = asyncio.current_task()
        await self._group.__aenter__()
        if self._handle_signals:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.getsignal(number)
                loop.add_signal_handler(number, self.stop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        try:
            await self._cancel_in_reverse()
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise first_failure(group) from group
        finally:
            loop = asyncio.get_running_loop()
            for number, before in self._before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, before)

    async def _cancel_in_reverse(self) -> None:
        for task in reversed(self._tasks):
            while not task.done():  # asyncio.wait_for before Python 3.12 may swallow a cancellation, in libraries too
                task.cancel()
                await asyncio.wait([task], timeout=_ENDS_WITHIN_S)


def first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception inside ``group`` that is not a group itself."""
    first = group.exceptions[0]
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - typeshed leaves the group's parameter unknown after isinstance
    return first  # pyright: ignore[reportUnknownVariableType] - see above
