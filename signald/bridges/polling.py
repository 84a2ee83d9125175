"""Asks a server again and again, more slowly while it fails, and not at all while it wants to be left alone."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from signald.bridges.bridge import Deliver
from signald.errors import MalformedFrameError
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock
from signald.sources.feed_rows import FeedRows
from signald.transports.http_client import HttpClient

_MISSED: Final = 3  # polls in a row that may fail before the feed counts as dead

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Poller:
    """One address of one server.

    Attributes:
        failures: How often an answer was missing or made no sense.
    """

    def __init__(
        self,
        client: HttpClient,
        clock: Clock,
        *,
        name: str,
        path: Callable[[], str],
        read: Callable[[bytes], FeedRows],
        poll_s: float,
        backoff: Backoff | None = None,
    ) -> None:
        """Take what to ask and how to read the answer; ``path`` is asked for anew each time, it may hold the day."""
        self._client = client
        self._clock = clock
        self._name = name
        self._path = path
        self._read = read
        self._poll_s = poll_s
        self._backoff = backoff or Backoff(first_s=min(1.0, poll_s), cap_s=max(60.0, poll_s))
        self._fetched_at: int | None = None
        self.failures = 0

    def is_alive(self) -> bool:
        """Whether one of the last three answers was good."""
        if self._fetched_at is None:
            return False
        return self._clock.monotonic() - self._fetched_at < round(_MISSED * self._poll_s * 1e9)

    async def run(self, deliver: Deliver) -> None:
        """Ask for ever."""
        while True:
            wait_s = await self._ask(deliver)
            await asyncio.sleep(wait_s)

    async def _ask(self, deliver: Deliver) -> float:
        """One request; returns how long to wait before the next."""
        answer = await self._client.get(self._path())
        problem = answer.problem
        if not problem:
            try:
                deliver(self._read(answer.body))
            except MalformedFrameError as error:
                problem = error.problem
        if problem:
            self.failures += 1
            log.warning("feed_not_read", feed=self._name, problem=problem)  # never the path: it holds the key
            return max(answer.retry_after_s, self._backoff.next_delay_s())
        self._fetched_at = self._clock.monotonic()
        self._backoff.reset()
        return self._poll_s
