"""A thousand forced resyncs of one book, over real websockets and HTTP, leave memory as it was."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from signald.model.time import NS_PER_S
from signald.simulate.market import BID, Change
from tests.support.simulated_venue import VENUES
from tests.support.venue_on_the_wire import VenueOnTheWire

pytestmark = pytest.mark.timeout(1_800)

UNCHAINED = {"hyperliquid", "kraken"}
"""Venues where a frame that is missing is seen by nobody if the next makes it good; one that makes no sense is."""
WARM_UP = 50
RESYNCS = 1_000
AT_REST_S = 61
"""Between two losses: whoever loses a book oftener than once a minute waits ever longer before asking again."""
TURNS = 50
"""After so many a frame that was to be lost has been."""
MOST_BYTES_EACH = 400
"""The journal's open block and the simulated venue's own record grow for a while, whatever we do."""


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """A line for each, which pytest keeps, is no leak of ours."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()


def either(condition: Callable[[], bool], turns: int) -> Callable[[], bool]:
    """Whether the condition holds, or has been asked for so often."""
    left = iter(range(turns))
    return lambda: condition() or next(left, None) is None


@pytest.mark.parametrize("venue", VENUES)
async def test_memory_is_flat(venue: str, tmp_path: Path) -> None:
    wire = VenueOnTheWire(venue, tmp_path, moving=False)
    ledgers = [symbol.ledger for symbol in wire.wired.symbols]

    def goes_on(condition: Callable[[], bool]) -> Callable[[], bool]:
        """The condition, asked of markets that move once a turn."""

        def turn() -> bool:
            for ledger in ledgers:
                ledger.apply([Change(BID, 1_000, 1 + ledger.update_id % 7)])
            return condition()

        return turn

    lose = wire.faults.truncate if venue in UNCHAINED else wire.faults.drop

    async def lose_and_cure(times: int) -> int:
        for _ in range(times):
            wire.clock.ts += AT_REST_S * NS_PER_S
            before = wire.gap_count
            while wire.gap_count == before:  # a frame that nobody had asked for again yet is lost to nobody
                lose()
                await wire.until(goes_on(either(lambda before=before: wire.gap_count > before, TURNS)))
            await wire.until(goes_on(wire.all_live))
            wire.forget()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async with wire.running():
        await wire.until(goes_on(wire.all_live))
        tracemalloc.start()
        try:
            before = await lose_and_cure(WARM_UP)
            after = await lose_and_cure(RESYNCS)
        finally:
            tracemalloc.stop()

        assert wire.gap_count >= WARM_UP + RESYNCS
    assert (after - before) / RESYNCS < MOST_BYTES_EACH
