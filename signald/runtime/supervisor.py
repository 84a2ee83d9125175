"""Named tasks with one parent, stopped in reverse order on a signal."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeAlias

_ENDS_WITHIN_S = 2.0
"""A task that is cancelled and has not ended by then is cancelled again."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Makes the coroutine of a task."""


class Supervisor:
    """Parent of all tasks of a process, over one ``asyncio.TaskGroup``.

    Used as ``async with``: inside, start tasks and ``await supervisor.stopping.wait()``. SIGINT and SIGTERM set
    ``stopping``; so does :meth:`stop`. When the body ends its tasks are cancelled one by one, the last started first,
    so that what was started early (sinks, the journal) outlives what feeds it. A second signal cancels the body too.
    Afterwards the signals do what they did before.

    A failure of one task is everyone's: all are stopped, and it leaves the ``async with`` as itself, not in an
    exception group.

    Attributes:
        stopping: Set when the work should end.
        was_told: Whether that was asked for, by a signal or :meth:`stop`.
    """

    def __init__(self, *, handle_signals: bool = True) -> None:
        """Build an idle supervisor."""
        self.stopping = asyncio.Event()
        self.was_told = False
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._handle_signals = handle_signals
        self._body: asyncio.Task[Any] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def start(self, name: str, work: Work) -> asyncio.Task[None]:
        """Start ``work`` as a task called ``name``."""
        task = self._group.create_task(work(), name=name)
        self._tasks.append(task)
        return task

    def stop(self) -> None:
        """Ask for an orderly end; asking again ends the body at once."""
        if self.stopping.is_set() and self._body is not None:
            self._body.cancel()
        self.was_told = True
        self.stopping.set()

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
