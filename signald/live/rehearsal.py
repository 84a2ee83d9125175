"""Sends a test release down the whole path, so that the path is warm when a real one comes.

It takes the way of a figure from the broker: stamped, read, scored, written, noted in the journal, sent to Redis and
answered. It is flagged ``test``, so Redis puts it on the test stream and no consumer sees it; the engine forgets it,
and a replay knows nothing of it. It is about the release that is due next: the topic, the plan and the books are those
that will be needed.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Final

from signald.core.engine import Engine
from signald.core.release_window import ReleaseWindow
from signald.model.macro import ReleaseId, ReleaseKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.runtime.clock import Clock
from signald.sinks.redis import Confirmation

SOURCE: Final = "rehearsal"
"""Who says it."""

BEFORE_NS: Final = NS_PER_S
"""The last rehearsal before a release: it takes a millisecond, and nothing is as warm as what has just run."""

_ROUNDS: Final = 3  # before ready
_BACK_WITHIN_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.25
_PERIOD: Final = "2000"


class Rehearsal:
    """Rehearses before ready, every so often, and shortly before each release.

    Attributes:
        rounds: How many were sent.
        returned: How many came back.
        last_ns: How long the last one took from its being handed in to Redis' answer; 0 before any came back.
    """

    def __init__(self, engine: Engine, clock: Clock, *, every_s: float, take: Callable[[str, bytes], bool]) -> None:
        """Prepare; ``take`` is handed key and payload of a message, and whether it let that through is what it returns.

        ``every_s`` is 0 for never.
        """
        self._engine = engine
        self._clock = clock
        self._every_ns = round(every_s * NS_PER_S)
        self._take = take
        self._awaited: Nanos = 0
        self._back = asyncio.Event()
        self.rounds = 0
        self.returned = 0
        self.last_ns: Nanos = 0

    @property
    def is_warm(self) -> bool:
        """Whether the path was walked to its end, or need not be."""
        return not self._every_ns or self.returned > 0

    async def before_ready(self) -> None:
        """Walk the path a few times; whoever finds it blocked goes on without."""
        for _ in range(_ROUNDS if self._every_ns else 0):
            self.play()
            try:
                async with asyncio.timeout(_BACK_WITHIN_S):
                    await self._back.wait()
            except TimeoutError:
                return

    async def run(self) -> None:
        """Rehearse for ever."""
        last, ready_for = self._clock.monotonic(), None
        while self._every_ns:
            await asyncio.sleep(_LOOK_EVERY_S)
            now, due = self._clock.now(), self._next_due()
            is_close = due is not None and due - now <= BEFORE_NS
            if is_close and due != ready_for:
                ready_for = due
            elif self._clock.monotonic() - last < self._every_ns:
                continue
            last = self._clock.monotonic()
            self.play()

    def play(self) -> None:
        """Send one."""
        now = self._clock.now()
        release_id, actual = self._subject()
        message = {
            "release_id": release_id,
            "actual": actual,
            "source": SOURCE,
            "sequence": now,
            "ts_event": format_rfc3339(now),
            "kind": ReleaseKind.TEST.value,
        }
        self._awaited = now
        self._back.clear()
        self.rounds += self._take(f"calendar/release/{release_id}/{SOURCE}", json.dumps(message).encode())

    def is_ours(self, signal: Signal) -> bool:
        """Whether ``signal`` is of the rehearsal that was sent last."""
        return signal.ts_event == self._awaited and "test" in signal.flags

    def confirm(self, confirmation: Confirmation) -> None:
        """Redis answered something: is it what we sent?"""
        document = confirmation.document
        if document.test and document.ts_event == self._awaited and document.ingested is not None:
            self.returned += not self._back.is_set()
            self.last_ns = confirmation.replied - document.ingested
            self._back.set()

    def _next_due(self) -> Nanos | None:
        now = self._clock.now()
        return min((ts for ts in self._engine.bundles if ts > now), default=None)

    def _subject(self) -> tuple[ReleaseId, float]:
        """The release that is due next, off its consensus by a step; without one any series there is."""
        due = self._next_due()
        windows: list[ReleaseWindow] = [] if due is None else self._engine.bundles[due].siblings
        window = next((one for one in windows if one.expectation.consensus is not None), None)
        if window is None:
            indicator = next(iter(self._engine.indicators.values()))
            return f"{indicator.id}:{_PERIOD}", indicator.step
        consensus = window.expectation.consensus
        assert consensus is not None
        return window.release_id, consensus + window.indicator.step
