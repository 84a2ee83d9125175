"""What of a venue is too much ends its connection, and is counted as that venue's."""

import asyncio
from typing import Any, cast

import pytest
from websockets.asyncio.server import ServerConnection, serve

from signald.live.intake import Intake
from signald.live.situation import Situation
from signald.live.venue_link import Addresses, VenueLink
from signald.model.records import RecordKind
from signald.pipeline import Feeds
from signald.runtime.clock import LiveClock
from signald.sinks.counts import Counts
from signald.sources.protocol import EMPTY, Request, Step
from signald.transports.allowance import Allowance
from signald.transports.websocket import DEFAULT_LIMITS
from tests.support.recording import until


class World:
    """An intake whose every arrival comes to nothing, but that a connection asks ``asks`` things; and its source."""

    def __init__(self, *, asks: int = 0) -> None:
        self.venues = {"kraken": self}
        self.url_path = ""
        self.reasons: list[bytes] = []
        self._asked = Step(requests=tuple(Request(tag=str(n), path="/", not_before=2**62) for n in range(asks)))

    def take(self, kind: RecordKind, *, channel: str, key: str = "", payload: bytes = b"") -> Step:
        assert (channel, key) == ("kraken", "")
        if kind is RecordKind.CONNECTED:
            return self._asked
        self.reasons.append(payload)
        return EMPTY

    def next_deadline(self, channel: str) -> None:
        assert channel == "kraken"


def build(world: World, url: str, counts: Counts) -> VenueLink:
    stand_in: Any = world
    clock = LiveClock()
    return VenueLink(
        "kraken",
        at=Addresses(url, "http://127.0.0.1:1"),
        intake=cast("Intake", stand_in),
        feeds=cast("Feeds", stand_in),
        situation=cast("Situation", stand_in),
        clock=clock,
        allowance=Allowance(clock),
        counts=counts,
    )


@pytest.mark.parametrize(("asks", "frame", "limit"), [(0, True, "frame"), (1_025, False, "requests")])
async def test_a_venue_that_goes_beyond_a_limit_is_counted(
    monkeypatch: pytest.MonkeyPatch, asks: int, limit: str, *, frame: bool
) -> None:
    async def venue(connection: ServerConnection) -> None:
        if frame:
            await connection.send("x" * 100)
        await connection.wait_closed()

    monkeypatch.setattr("signald.live.venue_link.DEFAULT_LIMITS", DEFAULT_LIMITS._replace(max_frame_bytes=99))
    world, counts = World(asks=asks), Counts()
    async with serve(venue, "127.0.0.1", 0) as server, asyncio.TaskGroup() as tasks:
        host, port = server.sockets[0].getsockname()
        link = build(world, f"ws://{host}:{port}", counts)
        running = tasks.create_task(link.connection.run())
        await until(lambda: world.reasons)
        running.cancel()

    assert set(counts.beyond) == {("kraken", limit)}
    assert counts.frames.total() == 0
