"""Measures how far our clock is off, again and again, and tells it."""

import asyncio
import math
from typing import Final

import msgspec
import structlog

from signald.errors import MalformedFrameError
from signald.live.intake import Intake
from signald.model.clock import ClockOffset
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import CLOCK
from signald.runtime.clock import Clock
from signald.sinks.metrics import Metrics
from signald.transports.ntp import ask_time
from signald.transports.settings import ClockConfig

_SAMPLES: Final = 4
_TIMEOUT_S: Final = 1.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ClockWatch:
    """Asks one time server.

    Attributes:
        newest: The last measurement; ``None``: none yet.
        failures: How often there was no answer.
    """

    def __init__(self, config: ClockConfig, clock: Clock, intake: Intake, metrics: Metrics) -> None:
        """Take whom to ask, and who is told each measurement."""
        self._config = config
        self._clock = clock
        self._intake = intake
        self.newest: ClockOffset | None = None
        self.failures = 0
        metrics.watch(
            "signald_clock_offset_seconds",
            "How far our clock is ahead of the time server's.",
            lambda: self.newest.offset_ns / NS_PER_S if self.newest else math.nan,
        )

    async def run(self) -> None:
        """Measure for ever; returns at once if there is nobody to ask."""
        while self._config.ntp_server:
            found = await self._measure()
            if found is not None:
                self.newest = found
                payload = msgspec.json.encode({"offset_ns": found.offset_ns, "error_ns": found.error_ns})
                self._intake.take(RecordKind.MESSAGE, channel=CLOCK, key=CLOCK, payload=payload)
            await asyncio.sleep(self._config.every_s)

    async def _measure(self) -> ClockOffset | None:
        """The surest of a few answers: the one that was on its way for the shortest time."""
        found: list[ClockOffset] = []
        for _ in range(_SAMPLES):
            try:
                host, port = self._config.ntp_server, self._config.ntp_port
                found.append(await ask_time(host, port, self._clock, timeout_s=_TIMEOUT_S))
            except (OSError, MalformedFrameError) as error:
                self.failures += 1
                log.warning("clock_not_measured", server=self._config.ntp_server, reason=str(error) or "no answer")
                break
        return min(found, key=lambda one: one.error_ns, default=None)
