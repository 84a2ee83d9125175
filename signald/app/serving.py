"""``signald serve``: plays journals onto a broker and onto simulated exchanges, for whoever wants to be fed history."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import msgspec

from signald.app.recordings import recorded
from signald.app.world import build_pipeline, load_world
from signald.config import Config
from signald.core.book import Book
from signald.errors import UNREADABLE
from signald.journal.parts import parts
from signald.journal.reader import merge
from signald.logs import configure_logs
from signald.model.instruments import InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S, Nanos, format_rfc3339, parse_rfc3339
from signald.pipeline import CALENDAR, Pipeline, is_refused, topic_of
from signald.runtime.clock import Clock, LiveClock
from signald.runtime.supervisor import Supervisor
from signald.simulate.child import LOOPBACK
from signald.simulate.place import Place
from signald.simulate.servers import embedded_broker
from signald.simulate.stage import Stage
from signald.sources.protocol import BookSource
from signald.transports.mqtt import MqttConnection

_BOOKS: Final = frozenset({RecordKind.FRAME, RecordKind.RESPONSE, RecordKind.CONNECTED, RecordKind.DISCONNECTED})
_MOVED: Final = ("ts_scheduled", "ts_event")
_SCHEDULES: Final = ("calendar/schedule/", "expectations/")
_LOOK_EVERY_S: Final = 0.05


class Playing(NamedTuple):
    """How journals are played.

    Attributes:
        speed: So many times as fast as it was.
        from_ts: What came before is told at once; ``None``: everything at its time.
        to_ts: Where to end.
        readers: Begin only when each exchange has so many.
        broker_port: Start a broker there; ``None``: use the configured one.
    """

    speed: float = 1.0
    from_ts: Nanos | None = None
    to_ts: Nanos | None = None
    readers: int = 0
    broker_port: int | None = None


class Served(NamedTuple):
    """What was played: frames and answers of venues, and messages."""

    frames: int
    messages: int


Tell = Callable[[str, Sequence[Place]], object]
"""Told the broker's address and where the exchanges are, once they listen."""


def run_serve(config: Config, journals: Sequence[Path], playing: Playing, tell: Tell) -> Served:
    """Play journals until their end, or SIGINT or SIGTERM; raises ``ConfigError`` and ``JournalError``."""
    configure_logs()
    journals = [part for journal in journals for part in parts(journal)]
    world, connections = recorded(load_world(config), journals)
    pipeline = build_pipeline(world, tuple(connections.values()), channels=tuple(connections))
    instruments = [world.instruments[name] for name in pipeline.board.instruments if name in world.instruments]
    broker = nullcontext() if playing.broker_port is None else embedded_broker(port=playing.broker_port)
    with broker:
        if playing.broker_port is not None:
            mqtt = msgspec.structs.replace(config.mqtt, host=LOOPBACK, port=playing.broker_port)
            config = msgspec.structs.replace(config, mqtt=mqtt)
        clock = LiveClock()
        player = _Player(pipeline, Stage(instruments, clock), clock, playing)
        return asyncio.run(player.run(config, merge(journals, to_ts=playing.to_ts), tell))


class _Player:
    def __init__(self, pipeline: Pipeline, stage: Stage, clock: Clock, playing: Playing) -> None:
        self._pipeline = pipeline
        self._stage = stage
        self._clock = clock
        self._playing = playing
        self._changed: dict[InstrumentId, Book] = {}
        self._first: Nanos = 0
        self._begun: Nanos = 0
        self._sequence: Nanos = 0
        self._frames = 0
        self._messages = 0
        for source in pipeline.venues.values():
            if source.instruments:  # the lane that is shown
                cast("BookSource", source).on_applied = self._note

    async def run(self, config: Config, records: Iterator[Record], tell: Tell) -> Served:
        own = msgspec.structs.replace(config.mqtt, client_id=f"{config.mqtt.client_id}-serve", session_expiry_s=0)
        mqtt = MqttConnection(own)
        async with self._stage, Supervisor() as supervisor:
            supervisor.start("mqtt", mqtt.run)
            await mqtt.wait_connected(config.live.startup_timeout_s)
            tell(own.address, self._stage.places)

            async def play() -> None:
                await self._play(records, mqtt, f"{own.prefix}/")
                supervisor.stop()

            supervisor.start("player", play)
            await supervisor.stopping.wait()
        return Served(self._frames, self._messages)

    async def _play(self, records: Iterator[Record], mqtt: MqttConnection, prefix: str) -> None:
        for record in records:
            if self._playing.from_ts is None or record.ts_ingest >= self._playing.from_ts:
                if not self._begun:
                    self._show()
                    await self._readers()
                await self._until(record.ts_ingest)
            if record.kind in _BOOKS and record.channel in self._pipeline.venues:
                self._pipeline.feed(record)
                if self._begun:
                    self._show()
                self._frames += 1
            elif _is_said(record):
                topic = topic_of(record.key)
                retain = topic.startswith(_SCHEDULES)
                await mqtt.publish(prefix + topic, self._moved(record), qos=1, retain=retain)
                self._messages += 1

    async def _readers(self) -> None:
        """Wait until enough of them are there."""
        while self._stage.fewest_readers < self._playing.readers:  # noqa: ASYNC110 - a server tells nobody of them
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _until(self, ts: Nanos) -> None:
        """Wait until it is time for what came at ``ts``."""
        if not self._begun:
            self._first, self._begun = ts, self._clock.now()
        wait_ns = self._time_of(ts) - self._clock.now()
        await asyncio.sleep(max(wait_ns / NS_PER_S, 0))

    def _time_of(self, ts: Nanos) -> Nanos:
        """When what happened at ``ts`` happens now."""
        begun = self._begun or self._clock.now()
        first = self._first or self._playing.from_ts or ts
        return begun + int((ts - first) / self._playing.speed)

    def _moved(self, record: Record) -> bytes:
        """A message as its source would send it now: times are moved, and its numbers go on from all before."""
        try:
            message = msgspec.json.decode(record.payload, type=dict[str, Any])
            for name in _MOVED:
                if isinstance(message.get(name), str):
                    message[name] = format_rfc3339(self._time_of(parse_rfc3339(message[name])))
        except UNREADABLE:
            return record.payload  # it was sent like that
        if "sequence" in message:
            message["sequence"] = self._sequence = max(self._sequence + 1, self._time_of(record.ts_ingest))
        return msgspec.json.encode(message)

    def _note(self, book: Book) -> None:
        self._changed[book.instrument.id] = book

    def _show(self) -> None:
        if self._changed:
            self._stage.show(self._changed.values())
            self._changed.clear()


def _is_said(record: Record) -> bool:
    """Whether it is a message that somebody may believe: one that was refused is not said again in our name."""
    return record.kind is RecordKind.MESSAGE and record.channel == CALENDAR and not is_refused(record.key)
