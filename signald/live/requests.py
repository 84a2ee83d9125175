"""One connection's HTTP requests: each at its own time, none behind another that must wait."""

import asyncio
from collections.abc import Callable

import structlog

from signald.model.time import NS_PER_S
from signald.runtime.clock import Clock
from signald.runtime.mailbox import Mailbox, Overflow
from signald.sources.protocol import Request
from signald.transports.http_client import HttpClient

_CAPACITY = 1_024
_AT_ONCE = 4
"""Under way at a time: a venue that hangs on one book's snapshot must not hold up the others'."""
_LOOK_AGAIN_S = 0.05
"""A ban may be lengthened, and a wall clock be set, while we wait."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Requests:
    """Requests that wait for their time, or for the venue's.

    A request takes the place of one of the same tag that still waits.
    """

    def __init__(self, channel: str, http: HttpClient, clock: Clock, *, answer: Callable[[str, bytes], None]) -> None:
        """Build it; ``answer`` is told a request's tag and the answer's body, empty if there was none."""
        self._channel = channel
        self._http = http
        self._clock = clock
        self._answer = answer
        self._offered = Mailbox[Request](capacity=_CAPACITY, when_full=Overflow.WAIT)
        self._made: dict[str, asyncio.Task[None]] = {}
        self._under_way = asyncio.Semaphore(_AT_ONCE)

    def offer(self, request: Request) -> bool:
        """Have a request made; False if too many wait."""
        return len(self._made) + len(self._offered) < _CAPACITY and self._offered.offer(request)

    def clear(self) -> None:
        """Forget them all: what was asked is void, and so is what will be answered."""
        while self._offered.take() is not None:
            pass
        for task in self._made.values():
            task.cancel()
        self._made.clear()

    async def run(self) -> None:
        """Make requests for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                request = await self._offered.get()
                if (waiting := self._made.pop(request.tag, None)) is not None:
                    waiting.cancel()
                name = f"{self._channel}-{request.tag}"
                self._made[request.tag] = group.create_task(self._make(request), name=name)

    async def _make(self, request: Request) -> None:
        while (wait_s := self._wait_s(request)) > 0:  # noqa: ASYNC110  # a clock's time is no event
            await asyncio.sleep(min(wait_s, _LOOK_AGAIN_S))
        async with self._under_way:
            fetched = await self._http.get(request.path)
        if self._made.get(request.tag) is not asyncio.current_task():
            return
        del self._made[request.tag]
        if fetched.problem:
            log.warning("venue_request_failed", venue=self._channel, tag=request.tag, problem=fetched.problem)
        self._answer(request.tag, fetched.body)

    def _wait_s(self, request: Request) -> float:
        return max((request.not_before - self._clock.now()) / NS_PER_S, self._http.allowance.ban_left_s())
