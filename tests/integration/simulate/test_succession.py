"""A venue's connection is relieved by another one before the venue cuts it, and nobody sees a gap."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signald.core.kernels.rows import STATE_LIVE
from signald.model.notices import BookLive, Relieved
from signald.model.time import NS_PER_S
from signald.sources.succession import SPARE
from tests.support.simulated_venue import VENUES
from tests.support.venue_on_the_wire import VenueOnTheWire

LIFETIME_S = 8


@pytest.fixture(params=VENUES)
def wire(request: pytest.FixtureRequest, tmp_path: Path) -> VenueOnTheWire:
    return VenueOnTheWire(request.param, tmp_path, reconnect_after_s=LIFETIME_S)


def relieved(wire: VenueOnTheWire, times: int) -> Callable[[], bool]:
    return lambda: [type(each) for each in wire.notices].count(Relieved) >= times


class Watch:
    """Looks at the board whenever it is asked whether something is so."""

    def __init__(self, wire: VenueOnTheWire, condition: Callable[[], bool]) -> None:
        self._wire = wire
        self._condition = condition
        self.states: set[int] = set()
        self.steps_back: list[str] = []
        self._before = wire.rows

    def __call__(self) -> bool:
        rows = self._wire.rows
        self.states.update(rows["state"].tolist())
        for name in ("ts_event", "ts_ingest", "applied"):
            if (rows[name] < self._before[name]).any():
                self.steps_back.append(name)
        self._before = rows
        return self._condition()


async def test_the_new_connection_is_live_before_the_old_one_goes(wire: VenueOnTheWire) -> None:
    async with wire.running():
        await wire.until(wire.all_live)
        watch = Watch(wire, relieved(wire, 2))

        await wire.until(watch)
        await wire.until(lambda: wire.exchange.readers == 1)
        await wire.settle()

        assert watch.states == {STATE_LIVE}
        assert watch.steps_back == []
        assert [type(each) for each in wire.notices] == [BookLive, BookLive, Relieved, Relieved]
        channels = [each.connection for each in wire.notices if isinstance(each, Relieved)]
        assert channels == [wire.venue + SPARE, wire.venue]
        assert wire.exchange.connects == 3
        assert wire.wrong == []
    replayed = await wire.replayed()

    assert replayed.difference is None
    assert replayed.rows > 0


async def test_a_new_connection_that_fails_is_tried_again_and_nothing_is_lost(wire: VenueOnTheWire) -> None:
    async with wire.running():
        await wire.until(wire.all_live)
        wire.exchange.refusals = 1
        watch = Watch(wire, relieved(wire, 1))

        await wire.until(watch)

        assert wire.exchange.refusals == 0
        assert watch.states == {STATE_LIVE}
        assert wire.gaps == []
        assert wire.wrong == []
    assert (await wire.replayed()).difference is None


async def test_if_the_old_connection_is_cut_meanwhile_the_new_one_takes_over(wire: VenueOnTheWire) -> None:
    async with wire.running():
        await wire.until(wire.all_live)
        await wire.until(lambda: wire.exchange.readers == 2)

        wire.links[wire.venue].connection.drop("cut by the test")
        await wire.until(relieved(wire, 1))
        await wire.until(wire.all_live)
        await wire.settle()

        assert wire.gaps == ["disconnected"]
        assert wire.exchange.connects == 2
        assert wire.wrong == []
    assert (await wire.replayed()).difference is None


async def test_a_connection_that_was_made_anew_needs_no_relief(wire: VenueOnTheWire) -> None:
    async with wire.running():
        await wire.until(wire.all_live)
        began = wire.clock.ts
        await wire.until(lambda: wire.clock.ts > began + LIFETIME_S * NS_PER_S // 2)

        wire.exchange.cut()
        await wire.until(lambda: wire.exchange.connects == 2)
        again = wire.clock.ts
        await wire.until(wire.all_live)
        await wire.until(lambda: wire.clock.ts > again + LIFETIME_S * NS_PER_S * 11 // 20)

        assert wire.exchange.connects == 2
        assert not relieved(wire, 1)()
