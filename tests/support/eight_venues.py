"""Eight simulated venues at once, at the cadence they document, each with all its faults in turn.

The exchanges are in a process of their own. Links, decoders, books, boards, engines and journals are in this one, and
so is whoever compares, whose time is taken apart. Every book is looked at with every push of its venue, and is wrong if
a signal would use it and the exchange never had it.
"""

import asyncio
import gc
import resource
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any, Final, NamedTuple

from signald.model.time import NS_PER_MS, NS_PER_S
from signald.runtime.clock import LiveClock
from tests.support.clocks import HandClock
from tests.support.exchanges_apart import Answer, ExchangesApart
from tests.support.simulated_venue import BEGINS, VENUES
from tests.support.venue_faults import ORDERS
from tests.support.venue_links import VenueLinks

CADENCE_MS: Final = {
    "binance": 100,
    "binance_usdm": 50,
    "okx": 100,
    "bybit": 20,
    "coinbase": 50,
    "kraken": 50,
    "hyperliquid": 500,
    "dydx": 250,
}
"""Of each venue's pushes, as it documents them or was measured; its best bid and ask come with them."""
WARM_UP_MINUTES: Final = 2
"""What buffers and caches grow to is not counted as growth."""
_PATIENCE_S: Final = 600.0
"""Longest time for a book to come back, on any machine: where it is busy the venues' clock is slow."""
_AT_REST_S: Final = 61
"""Between two losses: whoever loses a book oftener than once a minute waits ever longer before asking again."""
_MINUTE_S: Final = 60.0


class Busy(NamedTuple):
    """Seconds of processor time so far: of both processes, and of ours without whoever compares."""

    exchanges: float
    comparison: float
    signald: float


class FaultyVenue(VenueLinks):
    """Our side of one venue, and what became of its faults.

    Args:
        apart: Where its exchange is.

    Attributes:
        faults: Of each fault: seconds, by the venue's clock, until it had happened and every book was right again; and
            how many books and connections it cost.
        comparison_s: Processor time that comparing took.
    """

    def __init__(self, venue: str, folder: Path, apart: ExchangesApart) -> None:
        super().__init__(venue, folder, HandClock(BEGINS))
        self._apart = apart
        self.faults: dict[str, dict[str, float | int]] = {}
        self.comparison_s = 0.0

    async def push(self, *, fault: str = "") -> Answer:
        """Let the exchange tell what changed in one cadence, and compare what is shown after as long."""
        self.clock.ts += CADENCE_MS[self.venue] * NS_PER_MS
        answer = await self._apart.push(self.venue, self.clock.ts, fault=fault)
        await asyncio.sleep(CADENCE_MS[self.venue] / 1_000)
        before = process_time()
        self.look(answer.books)
        self.comparison_s += process_time() - before
        return answer

    async def begin(self) -> None:
        """Wait until every book is live."""
        async with asyncio.timeout(_PATIENCE_S):
            while not self.all_live():
                await self.push()

    async def suffer(self, fault: str, *, for_s: float) -> None:
        """Let one fault happen; wait until every book is right again, and for so long in all.

        Raises:
            AssertionError: They were not, in time.
        """
        before, began = [book.applied for book in self.books], self.clock.ts
        lost, connections = self.gap_count, self.connections
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self.push(fault=fault)
                while answer.orders or not (self._have_moved(before) and self.shows(answer.books)):
                    answer = await self.push()
        except TimeoutError:
            states = self.rows["state"].tolist()
            raise AssertionError(self.venue, fault, states, before, self.notices[-5:]) from None
        self.faults[fault] = {
            "right_again_after_s": round((self.clock.ts - began) / NS_PER_S, 2),
            "books_lost": self.gap_count - lost,
            "new_connections": self.connections - connections,
        }
        while self.clock.ts < began + for_s * NS_PER_S:
            await self.push()
        self.clock.ts += max(0, round((_AT_REST_S - for_s) * NS_PER_S))
        self.forget()

    def _have_moved(self, before: Sequence[int]) -> bool:
        """Whether frames have gone into every book since."""
        return all(book.applied > applied + 3 for book, applied in zip(self.books, before, strict=True))


class EightVenues:
    """One run.

    Args:
        folder: Where journals are kept.
        seconds: How long all faults together take at least; where that is less than a minute for each, the clock is
            moved on between them.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self._seconds = seconds
        self._folder = folder
        self._bytes: list[int] = []
        self._shares: list[float] = []
        self._venues: list[FaultyVenue] = []

    async def run(self) -> dict[str, Any]:
        """Let all of it happen; what is to be reported."""
        async with ExchangesApart(list(VENUES)) as apart, asyncio.TaskGroup() as group:
            for venue in VENUES:
                (self._folder / venue).mkdir()
                self._venues.append(FaultyVenue(venue, self._folder / venue, apart))
            ready, done = [asyncio.Event() for _ in VENUES], asyncio.Event()
            for venue, event in zip(self._venues, ready, strict=True):
                group.create_task(self._keep(venue, apart, event, done))
            for event in ready:
                await event.wait()
            gc.collect()
            began, before = LiveClock.monotonic(), await self._busy(apart)
            watch = group.create_task(self._watch(apart))
            async with asyncio.TaskGroup() as faults:
                for venue in self._venues:
                    faults.create_task(self._suffer(venue))
            watch.cancel()
            seconds, after = (LiveClock.monotonic() - began) / NS_PER_S, await self._busy(apart)
            self._bytes.append(resident_bytes())
            done.set()
        return self._report(seconds, Busy(*(now - then for now, then in zip(after, before, strict=True))))

    async def _keep(self, venue: FaultyVenue, apart: ExchangesApart, ready: asyncio.Event, done: asyncio.Event) -> None:
        at = apart.addresses[venue.venue]
        async with venue.linked(at.ws_url, at.rest_url):
            ready.set()
            await done.wait()

    async def _suffer(self, venue: FaultyVenue) -> None:
        """Every fault once, and a right book after each."""
        await venue.begin()
        for fault in ORDERS:
            await venue.suffer(fault, for_s=self._seconds / len(ORDERS))

    async def _watch(self, apart: ExchangesApart) -> None:
        """Note memory and processor time with every minute."""
        before = (await self._busy(apart)).signald
        while True:
            self._bytes.append(resident_bytes())
            await asyncio.sleep(_MINUTE_S)
            after = (await self._busy(apart)).signald
            self._shares.append((after - before) / _MINUTE_S)
            before = after

    async def _busy(self, apart: ExchangesApart) -> Busy:
        comparison = sum(venue.comparison_s for venue in self._venues)
        return Busy(await apart.busy_s(), comparison, process_time() - comparison)

    def _report(self, seconds: float, busy: Busy) -> dict[str, Any]:
        kept = self._bytes[WARM_UP_MINUTES:]
        return {
            "seconds": round(seconds, 1),
            "venues": {
                venue.venue: {
                    "frames": venue.frames,
                    "connections": venue.connections,
                    "books_lost": venue.gap_count,
                    "books_compared": venue.compared,
                    "wrong_books": len(venue.wrong),
                    "faults": venue.faults,
                }
                for venue in self._venues
            },
            "wrong_books": [wrong for venue in self._venues for wrong in venue.wrong],
            "memory_mib": [round(each / 2**20, 1) for each in self._bytes],
            "memory_growth_mib": round((kept[-1] - kept[0]) / 2**20, 1) if kept else None,
            "cpu_share": {name: round(share / seconds, 3) for name, share in busy._asdict().items()},
            "cpu_share_by_minute": [round(share, 3) for share in self._shares],
        }


def resident_bytes() -> int:
    """Memory of this process that is in RAM now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
