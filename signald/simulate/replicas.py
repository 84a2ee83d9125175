"""The demo's daemons, one or several hot-hot: started, waited for, watched, and started again when they are killed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

import msgspec

from signald.errors import CheckFailedError
from signald.simulate.child import Server
from signald.simulate.handles import EngineStatus
from signald.simulate.outcome import DaemonTotals, StageLatency, StageTable

_POLL_S: Final = 0.01
_WATCH_S: Final = 0.05
_KILLED: Final = -9

Shape = TypeVar("Shape", bound=msgspec.Struct)


class Asks(Protocol):
    """Reads a component's own word out of the status hash: :meth:`signald.simulate.desk.Desk.ask`."""

    def __call__(self, component: str, shape: type[Shape]) -> Awaitable[Shape | None]:
        """What ``component`` said last; ``None`` if nothing."""
        ...


class _Readiness(msgspec.Struct, frozen=True):
    pid: int
    ready: bool = False


class Replicas:
    """Daemons by their names at the broker.

    One alone must not end; of several each may be killed (SIGKILL), and is started again, as a service manager would.

    Attributes:
        restarts: How often one was started again.
    """

    def __init__(self, ask: Asks, *, say: Callable[[str], None]) -> None:
        """There are none yet; ``say`` is told what a person should know."""
        self._children: dict[str, Server] = {}
        self._ask = ask
        self._say = say
        self._watched = False
        self._announced: dict[str, int] = {}
        self.restarts = 0

    def add(self, name: str, child: Server) -> None:
        """Take one that is not started yet."""
        self._children[name] = child

    async def start(self) -> None:
        """Start all of them; whether they are ready is another question."""
        for child in self._children.values():
            await asyncio.to_thread(child.start)

    async def stop(self) -> None:
        """End all of them, and leave nothing behind."""
        for child in self._children.values():
            await asyncio.to_thread(child.stop)

    async def until_ready(self, within_s: float) -> None:
        """Wait until every one is ready.

        Raises:
            CheckFailedError: One ended, or it took longer.
        """
        for name, child in self._children.items():
            try:
                async with asyncio.timeout(within_s):
                    while not await self._is_ready(name):
                        if not self._watched:
                            _refuse_to_end(name, child, child.exit_code())
                        await asyncio.sleep(_POLL_S)
                self._announce(name, child)
            except TimeoutError:
                msg = f"{name} was not ready within {within_s:g} s: {child.last_words()}"
                raise CheckFailedError(msg) from None

    async def watch(self) -> None:
        """Look after them for ever.

        Raises:
            CheckFailedError: One ended that should not have: the only one, or of its own accord.
        """
        self._watched = True
        while True:
            for name, child in self._children.items():
                code = child.exit_code()
                if code is None:
                    if self._announced.get(name) != child.pid and await self._is_ready(name):
                        self._announce(name, child)
                    continue
                if len(self._children) == 1 or code != _KILLED:
                    _refuse_to_end(name, child, code)
                self._say(f"{name} was killed; it is started again")
                self.restarts += 1
                await asyncio.to_thread(child.stop)
                await asyncio.to_thread(child.start)
            await asyncio.sleep(_WATCH_S)

    async def engine(self) -> EngineStatus:
        """Where the engines are: the earliest deadline and the oldest board among those that are ready."""
        while not (ready := [name for name in self._children if await self._is_ready(name)]):  # noqa: ASYNC110 - processes
            await asyncio.sleep(_POLL_S)
        told = [status for name in ready if (status := await self._ask(f"engine@{name}", EngineStatus)) is not None]
        deadlines = [status.next_deadline for status in told if status.next_deadline is not None]
        return EngineStatus(
            now=min((status.now for status in told), default=0),
            next_deadline=min(deadlines, default=None),
            rows_ts=min((status.rows_ts for status in told), default=0),
        )

    async def totals(self) -> DaemonTotals:
        """What the first one that is ready says of itself."""
        for name in self._children:
            if await self._is_ready(name):
                return await self._ask(f"daemon@{name}", DaemonTotals) or DaemonTotals()
        return DaemonTotals()

    async def stages(self) -> dict[str, StageLatency]:
        """How long each stage of the path takes, as one of them said last."""
        told = await self._ask("stages", StageTable)
        return told.stages if told is not None else {}

    async def end(self, within_s: float) -> None:
        """Ask all of them to end.

        Raises:
            CheckFailedError: One did not, or not well.
        """
        for name, child in self._children.items():
            code = await asyncio.to_thread(child.terminate, within_s)
            if code != 0 and not (code == _KILLED and len(self._children) > 1):
                msg = f"{name} ended with code {code} when asked to end: {child.last_words()}"
                raise CheckFailedError(msg)

    def _announce(self, name: str, child: Server) -> None:
        """Say of one among several that it is ready, and what to kill."""
        if len(self._children) > 1 and self._announced.get(name) != child.pid:
            self._announced[name] = child.pid
            self._say(f"{name} is ready: pid {child.pid}")

    async def _is_ready(self, name: str) -> bool:
        """Whether this very process says so; the word of one that was killed still stands there."""
        said = await self._ask(f"daemon@{name}", _Readiness)
        return said is not None and said.ready and said.pid == self._children[name].pid


def _refuse_to_end(name: str, child: Server, code: int | None) -> None:
    if code is not None:
        msg = f"{name} ended with code {code}: {child.last_words()}"
        raise CheckFailedError(msg)
