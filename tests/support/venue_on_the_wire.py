"""One venue's links on a simulated exchange: real websockets and HTTP, journal, engine; the clock is moved by hand."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from signald.model.records import RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, format_rfc3339
from signald.replay.compare import Comparison, compare
from signald.simulate.venues.faults import FrameFaults
from tests.support.calendar import CPI_JANUARY, release_payload, schedule_payload
from tests.support.simulated_venue import SimulatedVenue
from tests.support.venue_links import VenueLinks


class VenueOnTheWire(VenueLinks):
    """Both sides of a venue's wire, on one clock.

    Attributes:
        simulated: The exchange's side.
        wired: The exchange, its symbols, the streams of their books.
        exchange: The same exchange.
    """

    def __init__(self, venue: str, folder: Path, *, moving: bool = True, **settings: Any) -> None:  # noqa: ANN401  # TOML
        self.simulated = SimulatedVenue(venue, moving=moving)
        self.wired = self.simulated.wired
        self.exchange = self.simulated.exchange
        super().__init__(venue, folder, self.simulated.clock, **settings)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Everything, connected."""
        async with self.exchange, self.linked(self.exchange.ws_url, self.simulated.rest_url):
            yield

    @property
    def faults(self) -> FrameFaults:
        """Orders for the first book's stream."""
        return self.simulated.faults

    def is_level(self, *numbers: int) -> bool:
        """Whether these books, or all, are live and have what the exchange has."""
        return self.shows(self.simulated.told(), *numbers)

    async def until(
        self, condition: Callable[[], bool], *, ms: int = 100, pause_s: float = 0.002, within_s: float = 30.0
    ) -> None:
        """Let time go on, market and all, until something is so; look at every book on the way.

        Args:
            condition: What is waited for.
            ms: How far each step of the clock is.
            pause_s: How long each step takes in truth.
            within_s: Longest time to wait, in truth.
        """
        async with asyncio.timeout(within_s):
            while not condition():
                self.clock.ts += ms * NS_PER_MS
                self.exchange.push()
                await asyncio.sleep(pause_s)
                self.look(self.simulated.told())

    async def settle(self) -> None:
        """Let everything that was told arrive, and no more be told."""
        await self.until(self.is_level, ms=0)

    def schedule(self) -> None:
        """Promise a figure for T0."""
        key = f"calendar/schedule/{CPI_JANUARY}/bls"
        self.intake.take(RecordKind.MESSAGE, channel="mqtt", key=key, payload=schedule_payload())

    def release(self) -> list[Signal]:
        """Say the figure; the documents that it gave."""
        before = len(self.signals)
        payload = release_payload(ts_event=format_rfc3339(self.clock.ts))
        key = f"calendar/release/{CPI_JANUARY}/bls"
        self.intake.take(RecordKind.MESSAGE, channel="mqtt", key=key, payload=payload)
        return [signal for signal in self.signals[before:] if signal.kind == "release"]

    async def replayed(self) -> Comparison:
        """The journal, run again and compared."""
        return await asyncio.to_thread(compare, [self._path], self._build)
