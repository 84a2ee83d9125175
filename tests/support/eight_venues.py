"""Eight simulated venues at once, at the cadence they document, each with all its faults in turn.

Exchanges, links, journals and whoever compares are in one process: what that needs of a processor is more than what the
books alone do. Every book is looked at with every push of its venue, and is wrong if a signal would use it and the
exchange never had it.
"""

import asyncio
import gc
import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time
from typing import Any, Final

from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from tests.support.venue_faults import ORDERS
from tests.support.venue_on_the_wire import VENUES, VenueOnTheWire

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
_PATIENCE_S: Final = 600.0
"""Longest time for a book to come back, on any machine: where it is busy the venues' clock is slow."""
_AT_REST_S: Final = 61
"""Between two losses: whoever loses a book oftener than once a minute waits ever longer before asking again."""
_MINUTE_S: Final = 60.0


class EightVenues:
    """One run.

    Args:
        folder: Where journals are kept.
        seconds: How long all faults together take; where that is less than a minute for each, the clock is moved on
            between them.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self._seconds = seconds
        self.wires = [VenueOnTheWire(venue, folder / venue) for venue in VENUES]
        for venue in VENUES:
            (folder / venue).mkdir()
        self._bytes: list[int] = []

    async def run(self) -> dict[str, Any]:
        """Let all of it happen; what is to be reported."""
        ready = [asyncio.Event() for _ in self.wires]
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()
            for wire, event in zip(self.wires, ready, strict=True):
                group.create_task(self._keep(wire, event, done))
            for event in ready:
                await event.wait()
            gc.collect()
            began, busy = LiveClock.monotonic(), process_time()
            watch = group.create_task(self._watch_memory())
            async with asyncio.TaskGroup() as faults:
                for wire in self.wires:
                    faults.create_task(self._suffer(wire))
            seconds, busy = (LiveClock.monotonic() - began) / NS_PER_S, process_time() - busy
            watch.cancel()
            done.set()
        self._bytes.append(resident_bytes())
        return self._report(seconds, busy)

    async def _keep(self, wire: VenueOnTheWire, ready: asyncio.Event, done: asyncio.Event) -> None:
        async with wire.running():
            ready.set()
            await done.wait()

    async def _suffer(self, wire: VenueOnTheWire) -> None:
        """Every fault once, and a right book after each."""
        await self._go_on(wire, wire.all_live)
        for fault, order in ORDERS.items():
            applied = [book.applied for book in wire.books]
            order(wire)
            each_s = self._seconds / len(ORDERS)
            await self._pass(wire, each_s)
            wire.clock.ts += max(0, round((_AT_REST_S - each_s) * NS_PER_S))
            try:
                await self._go_on(wire, lambda before=applied: _has_moved(wire, before) and wire.is_level())
            except TimeoutError:
                states = wire.rows["state"].tolist()
                raise AssertionError(wire.venue, fault, states, applied, wire.notices[-5:]) from None
            wire.forget()

    async def _pass(self, wire: VenueOnTheWire, seconds: float) -> None:
        """Let so many seconds of the venue's go by."""
        end = wire.clock.ts + round(seconds * NS_PER_S)
        await self._go_on(wire, lambda: wire.clock.ts >= end, within_s=10 * seconds + _PATIENCE_S)

    async def _go_on(self, wire: VenueOnTheWire, condition: Callable[[], bool], within_s: float = _PATIENCE_S) -> None:
        every_ms = CADENCE_MS[wire.venue]
        await wire.until(condition, ms=every_ms, pause_s=every_ms / 1_000, within_s=within_s)

    async def _watch_memory(self) -> None:
        while True:
            self._bytes.append(resident_bytes())
            await asyncio.sleep(_MINUTE_S)

    def _report(self, seconds: float, busy: float) -> dict[str, Any]:
        return {
            "seconds": round(seconds, 1),
            "faults": list(ORDERS),
            "venues": {
                wire.venue: {
                    "frames": sum(link.connection.frames for link in wire.links.values()),
                    "connections": sum(link.connection.connections for link in wire.links.values()),
                    "books_lost": wire.gap_count,
                    "wrong_books": len(wire.wrong),
                }
                for wire in self.wires
            },
            "wrong_books": [wrong for wire in self.wires for wrong in wire.wrong],
            "memory_mib": [round(each / 2**20, 1) for each in self._bytes],
            "cpu_share": round(busy / seconds, 3),
        }


def _has_moved(wire: VenueOnTheWire, applied: Sequence[int]) -> bool:
    """Whether frames have gone into every book since."""
    return all(book.applied > before + 3 for book, before in zip(wire.books, applied, strict=True))


def resident_bytes() -> int:
    """Memory of this process that is in RAM now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
