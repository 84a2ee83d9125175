"""What a venue's frames are that come over the broker: each message on one of its topics, with the topic before it.

It is opened and ended like a websocket, and by the same code (``transports/websocket/connection.py``). The session is
one of its own beside the calendar's, in the process that keeps the books, and is forgotten with its connection: what
counts is retained, and comes again with each subscription.
"""

import asyncio
import contextlib
from typing import Final

import msgspec

from signald.sources.venues.pools.messages import MAX_STATE_BYTES, Told, Watch
from signald.transports.mqtt.connection import credentials_of
from signald.transports.mqtt.wire import MqttMessage, Subscription, Wire, WireError
from signald.transports.protection import protect_mqtt
from signald.transports.settings import MqttConfig
from signald.transports.websocket.terms import CLOSE_WITHIN_S, Made, Refusal, Take, Terms

_ORDER = msgspec.json.Decoder(Watch)
_AROUND_BYTES: Final = 4_096
"""Of a packet, beside its payload: a topic and properties."""


class TopicOpener:
    """Opens sessions with the broker; used as an :class:`Opener`.

    Args:
        channel: Name of the connection, part of the client's id.
        config: Where and how.
        family: First level, below the prefix, of all topics.

    Raises:
        ConfigError: A file named in ``config`` cannot be used, or plain text would leave this machine.
    """

    def __init__(self, channel: str, config: MqttConfig, *, family: str) -> None:
        protect_mqtt(config)
        self._config = msgspec.structs.replace(
            config,
            client_id=f"{config.client_id}-{channel}",
            session_expiry_s=0,
            max_packet_bytes=max(config.max_packet_bytes, MAX_STATE_BYTES + _AROUND_BYTES),
        )
        self._credentials = credentials_of(config)
        self._prefix = f"{config.prefix}/{family}/"

    async def __call__(self, terms: Terms, take: Take, made: Made, /) -> "TopicWire | Refusal":  # noqa: ARG002 - has its own
        """Connect; nothing is subscribed to before it is ordered."""
        if self._credentials.is_from_files:
            await asyncio.to_thread(self._credentials.refresh)
        wire = TopicWire(self._prefix, take)
        mine = self._credentials
        broker = Wire(self._config, password=mine.password, tls=mine.context, deliver=wire.deliver)
        try:
            await broker.__aenter__()
        except (WireError, OSError, ValueError) as failure:
            await broker.close()
            return Refusal(str(failure.__cause__ or failure) or type(failure).__name__)
        except BaseException:
            await broker.close()
            raise
        wire.begin(broker)
        made(wire)
        return wire


class TopicWire:
    """One session: the messages on the topics that were ordered.

    Attributes:
        take: Who is given the frames.
        bug: What taking a frame raised, if it did.
        why: Why it ended, ``""`` before it has.
    """

    def __init__(self, prefix: str, take: Take) -> None:
        """Take messages below ``prefix``, which is left off; nothing comes before :meth:`begin`."""
        self.bug: Exception | None = None
        self.why = ""
        self._prefix = prefix
        self.take = take
        self._broker: Wire | None = None
        self._ordered: set[str] = set()
        self._ended = asyncio.Event()

    def begin(self, broker: Wire) -> None:
        """The session is open."""
        self._broker = broker

    def deliver(self, message: MqttMessage) -> None:
        """Hand a message over: its topic, a blank, its payload; it is acknowledged when this returns."""
        if not self._ended.is_set():
            self._hand_over(f"{message.topic.removeprefix(self._prefix)} ".encode() + message.payload)

    async def send_text(self, frame: bytes) -> bool:
        """Subscribe to what is ordered, again if it is: what is retained there comes again. False: it is at its end."""
        broker = self._broker
        if broker is None or self._ended.is_set():
            return False
        for topic in _ORDER.decode(frame).watch:
            try:
                if topic in self._ordered:  # to some brokers a subscription that stands is none to answer
                    await broker.unsubscribe(self._prefix + topic)
                await broker.subscribe_to([Subscription(self._prefix + topic)])
                self._ordered.add(topic)
            except (WireError, ValueError) as failure:  # paho raises the latter for a topic that is none
                if not broker.is_up:
                    self._end(str(failure))
                    return False
                self._hand_over(msgspec.json.encode(Told(refused=f"{topic}: {failure}")))
        return not self._ended.is_set()

    def silence(self) -> None:
        """Hand nothing over any more, and end."""
        self._end("silenced")

    async def wait_closed(self) -> None:
        """Wait until the broker is lost, or nothing is wanted of it any more."""
        assert self._broker is not None  # it was made
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._until_lost(self._broker), name="broker-lost")
            await self._ended.wait()
            watch.cancel()

    async def close(self) -> None:
        """End it."""
        self._end("closed")
        if self._broker is not None:
            with contextlib.suppress(WireError, TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._broker.__aexit__(None, None, None)
            await self._broker.close()

    async def _until_lost(self, broker: Wire) -> None:
        try:
            await broker.until_lost()
        except (WireError, OSError, ValueError) as failure:
            self._end(str(failure.__cause__ or failure) or type(failure).__name__)

    def _hand_over(self, frame: bytes) -> None:
        try:
            self.take(frame)
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever owns the connection
            self.bug = error
            self._end("a frame could not be taken")

    def _end(self, why: str) -> None:
        if not self._ended.is_set():
            self.why = why
            self._ended.set()
