"""A thousand forced resyncs of one book, over real websockets and HTTP, leave memory as it was."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.support.venue_on_the_wire import VENUES, VenueOnTheWire

pytestmark = pytest.mark.timeout(1_800)

WARM_UP = 50
RESYNCS = 1_000
MOST_BYTES_EACH = 400
"""The journal's open block and the simulated venue's own record grow for a while, whatever we do."""


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """A line for each, which pytest keeps, is no leak of ours."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("venue", VENUES)
async def test_memory_is_flat(venue: str, tmp_path: Path) -> None:
    wire = VenueOnTheWire(venue, tmp_path)

    async def lose_and_cure(times: int) -> int:
        for _ in range(times):
            before = wire.gap_count
            wire.faults.drop()
            await wire.until(lambda before=before: wire.gap_count > before)
            await wire.until(wire.all_live, ms=200)
            wire.forget()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async with wire.running():
        await wire.until(wire.all_live)
        tracemalloc.start()
        try:
            before = await lose_and_cure(WARM_UP)
            after = await lose_and_cure(RESYNCS)
        finally:
            tracemalloc.stop()

        assert wire.gap_count >= WARM_UP + RESYNCS
    assert (after - before) / RESYNCS < MOST_BYTES_EACH
