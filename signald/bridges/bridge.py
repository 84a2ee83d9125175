"""Carries one feed onto MQTT: what is new at once, and heartbeats as long as the feed itself lives.

After each reconnection all that still stands is said again: a broker may have forgotten what it had kept.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

import structlog

from signald.bridges.ledger import Ledger, Message
from signald.runtime.clock import Clock
from signald.runtime.mailbox import Mailbox, Overflow
from signald.runtime.supervisor import Supervisor
from signald.sources.feed_rows import FeedRows
from signald.transports.mqtt import MqttConnection

Deliver: TypeAlias = Callable[[FeedRows], None]
"""Takes what was read of a feed; never waits."""

_HEARTBEAT_S: Final = 4.0  # the contract allows five
_CAPACITY: Final = 50_000

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Feed(Protocol):
    """A vendor's calendar. It reconnects and backs off by itself."""

    @property
    def name(self) -> str:
        """Who the source is on MQTT."""
        ...

    @property
    def covers(self) -> Sequence[str]:
        """Indicators it may speak of; each may end in ``*``."""
        ...

    def is_alive(self) -> bool:
        """Whether it was heard of as lately as it should have been; without that the bridge sends no heartbeats."""
        ...

    async def run(self, deliver: Deliver) -> None:
        """Read for ever."""
        ...


class Bridge:
    """One feed on one broker."""

    def __init__(
        self, feed: Feed, connection: MqttConnection, clock: Clock, *, prefix: str, beat_every_s: float = _HEARTBEAT_S
    ) -> None:
        """Join them; nothing is connected."""
        self._feed = feed
        self._connection = connection
        self._clock = clock
        self._prefix = prefix
        self._beat_every_s = beat_every_s
        self._ledger = Ledger(feed.name)
        self._outbox = Mailbox[Message](capacity=_CAPACITY, when_full=Overflow.DROP_OLDEST)

    async def run(self, *, startup_timeout_s: float) -> None:
        """Carry until SIGINT or SIGTERM; raises ``UnreachableError`` where there is no broker to begin with."""
        async with Supervisor() as supervisor:
            supervisor.start("mqtt", self._connection.run)
            await self._connection.wait_connected(startup_timeout_s)
            supervisor.start("publish", self._publish)
            supervisor.start("heartbeat", self._beat)
            supervisor.start("feed", self._read)
            log.info("bridge_ready", feed=self._feed.name)
            await supervisor.stopping.wait()

    async def _read(self) -> None:
        await self._feed.run(self._deliver)

    def _deliver(self, read: FeedRows) -> None:
        if read.faults.get("unreadable_row"):
            log.warning("feed_rows_unreadable", feed=self._feed.name, rows=read.faults["unreadable_row"])
        for message in self._ledger.take(read.rows, self._clock.now()):
            self._outbox.offer(message)

    async def _publish(self) -> None:
        while True:
            message = await self._outbox.get()
            topic = f"{self._prefix}/{message.topic}"
            await self._connection.publish(topic, message.payload, retain=message.retain)

    async def _beat(self) -> None:
        told = self._connection.connections
        while True:
            if self._connection.connections != told:
                told = self._connection.connections
                standing = self._ledger.standing(self._clock.now())
                for message in standing:
                    self._outbox.offer(message)
                log.info("feed_told_again", feed=self._feed.name, messages=len(standing))
            if self._feed.is_alive() and self._connection.is_up:
                message = self._ledger.heartbeat(self._feed.covers, self._clock.now())
                await self._connection.publish(f"{self._prefix}/{message.topic}", message.payload, qos=0)
            await asyncio.sleep(self._beat_every_s)
