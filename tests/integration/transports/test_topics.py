"""States of pools from a real broker to a board, as docs/howto/add-a-pool.md has them, over the venue's connection."""

import asyncio
import io
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signald.app.publishing import publish_by_hand
from signald.config import Config
from signald.core.board import Board
from signald.core.kernels.rows import STATE_DISCONNECTED, STATE_LIVE
from signald.model.instruments import decode_instruments
from signald.model.notices import BookGap, BookLive
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK, Server
from signald.simulate.servers import mosquitto
from signald.sources.protocol import Step
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.pools import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from signald.transports.mqtt.topics import TopicOpener
from signald.transports.settings import MqttConfig
from signald.transports.websocket import DEFAULT_LIMITS, WebsocketConnection
from tests.support.recording import until as until_soon
from tests.support.servers import installed

pytestmark = pytest.mark.timeout(180)

HOWTO = Path(__file__).resolve().parents[3] / "docs" / "howto" / "add-a-pool.md"
TOPIC = "ethereum/0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
until = partial(until_soon, within_s=60.0)


def shown(language: str) -> list[str]:
    """The page's blocks in a language."""
    text = HOWTO.read_text(encoding="utf-8")
    found = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    return [re.sub(r"^ {3}", "", block, flags=re.MULTILINE) for block in found]


@pytest.fixture
def broker() -> Iterator[Server]:
    with installed(mosquitto) as server:
        yield server


class Pool:
    """The page's pool on a board, and what was said of it."""

    def __init__(self, port: int) -> None:
        instrument, venue = (block.encode() for block in shown("toml")[:2])
        instruments = list(decode_instruments(instrument).values())
        (table,) = msgspec.toml.decode(venue)["venues"]
        self.clock = LiveClock()
        self.board = Board([one.id for one in instruments])
        self.source = build_source(read_venue_config(table, where="page"), instruments, self.board)
        self.said: list[object] = []
        self.ends: list[str] = []
        self.mqtt = MqttConfig(host=LOOPBACK, port=port)
        opener = TopicOpener("pools", self.mqtt, family="pools")
        limits = DEFAULT_LIMITS._replace(transport=opener)
        self.connection = WebsocketConnection(
            "pools", "", self, self.clock, limits=limits, backoff=Backoff(first_s=0.05, cap_s=0.2)
        )

    @property
    def row(self) -> Any:  # noqa: ANN401 - a row of numpy's
        return self.board.read()[0]

    def on_connected(self) -> None:
        self._follow(self.source.on_connected(self.clock.now()))

    def on_frame(self, frame: bytes) -> None:
        self._follow(self.source.on_frame(frame, self.clock.now()))

    def on_disconnected(self, reason: str) -> None:
        self.ends.append(reason)
        self._follow(self.source.on_disconnected(self.clock.now()))

    def lives(self) -> int:
        """How often the book went live, once what is due was done."""
        self._follow(self.source.advance(self.clock.now()))
        return sum(isinstance(each, BookLive) for each in self.said)

    async def publish(self, number: int, **changes: object) -> None:
        """One of the page's states, as of now, as ``signald publish`` does it."""
        state = json.loads(shown("json")[0].splitlines()[number])
        state |= {"pool": TOPIC, "ts_event": datetime.now(UTC).isoformat()} | changes  # noqa: TID251 - the chain's own
        line = io.BytesIO(json.dumps(state).encode())
        assert await asyncio.to_thread(publish_by_hand, Config(mqtt=self.mqtt), line, name="state") == 1

    def _follow(self, step: Step) -> None:
        self.said += step.events
        for frame in step.frames:
            self.connection.send(frame)


@asynccontextmanager
async def connected(pool: Pool) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(pool.connection.run())
        yield
        running.cancel()


async def test_what_the_broker_keeps_becomes_a_book_and_each_block_after_it(broker: Server) -> None:
    pool = Pool(broker.port)
    await pool.publish(0)

    async with connected(pool):
        await until(lambda: pool.lives() == 1)
        kept = pool.row
        await pool.publish(1)
        await until(lambda: pool.row["sequence"] == 21_000_001)

    assert kept["bid"] < 3_000 < kept["ask"]
    assert 60 < kept["spread_bps"] < 62  # 30 basis points, twice, and a step
    assert pool.row["state"] == STATE_DISCONNECTED
    assert [type(each) for each in pool.said] == [BookLive, BookGap]


async def test_a_chain_that_steps_back_has_another_book_at_once(broker: Server) -> None:
    pool = Pool(broker.port)
    await pool.publish(1)

    async with connected(pool):
        await until(lambda: pool.lives() == 1)
        await pool.publish(1, block=20_999_999)
        await until(lambda: pool.lives() == 2)
        again = pool.row

    assert (again["state"], again["sequence"]) == (STATE_LIVE, 20_999_999)
    assert [type(each) for each in pool.said[:3]] == [BookLive, BookGap, BookLive]


async def test_a_pool_of_three_thousand_ticks_comes_in_one_message(broker: Server) -> None:
    pool = Pool(broker.port)
    middle, count, each = 196_250, 1_500, 10**15  # the page's price, and positions around it, each wider than the last
    ticks = [[middle + 10 * step, str(-each if step > 0 else each)] for step in range(-count, count + 1) if step]
    await pool.publish(1, ticks=ticks, liquidity=str(count * each))

    async with connected(pool):
        await until(lambda: pool.lives() == 1)
        first = pool.row
        await pool.publish(1, ticks=ticks, liquidity=str(count * each), block=21_000_002)
        await until(lambda: pool.row["sequence"] == 21_000_002)

    assert len(ticks) == 3_000
    assert first["bid"] < 3_000 < first["ask"]
    assert first["ask_depth_25"] > first["ask_depth_10"] > 0


async def test_a_broker_that_goes_costs_the_book_and_one_that_comes_back_brings_it(broker: Server) -> None:
    pool = Pool(broker.port)

    async with connected(pool):
        await until(lambda: pool.connection.is_up)
        await pool.publish(1)
        await until(lambda: pool.lives() == 1)
        await asyncio.to_thread(broker.stop)
        await until(lambda: pool.ends)
        gone = int(pool.row["state"])
        await asyncio.to_thread(broker.start)
        await until(lambda: pool.connection.connections == 2)
        await pool.publish(1)
        await until(lambda: pool.lives() == 2)

    assert gone == STATE_DISCONNECTED
