"""aiomqtt's client for one connection, made to hand messages over instead of queueing them.

aiomqtt is known here only. Its queue is replaced by one whose ``put_nowait`` calls the owner: paho acknowledges a
QoS 1 message when that call returns.
"""

import asyncio
import contextlib
import functools
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, Self, TypeAlias, cast

import aiomqtt
import structlog
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from signald.transports.mqtt.arrivals import Arrival, read_publish, take_arrivals, whole_packet
from signald.transports.settings import MqttConfig

WireError = aiomqtt.MqttError
"""Whatever went wrong between us and the broker."""

_V5 = 5
_REFUSED = 0x80
_ANSWER_WITHIN_S = 5.0
_LOOK_EVERY_S = 1.0
_SOCKET_OPTIONS: tuple[tuple[int, int, int], ...] = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class MqttMessage(NamedTuple):
    """One message, exactly as it came.

    Attributes:
        topic: The whole topic.
        payload: The bytes.
        retained: The broker had kept it: it is state, not news.
        user_properties: MQTT 5 user properties in their order; none where paho cannot read them.
    """

    topic: str
    payload: bytes
    retained: bool
    user_properties: tuple[tuple[str, str], ...]


class Subscription(NamedTuple):
    """A topic filter and the highest QoS to receive on it."""

    topic: str
    qos: Literal[0, 1] = 1


Deliver: TypeAlias = Callable[[MqttMessage], None]


class Wire(aiomqtt.Client):
    """One connection, used as ``async with``: inside, the broker has accepted us."""

    def __init__(
        self, config: MqttConfig, *, password: str | None, tls: ssl.SSLContext | None, deliver: Deliver
    ) -> None:
        """Prepare a connection; ``deliver`` is told each message and must not raise."""
        is_v5 = config.protocol == _V5
        forgets = config.session_expiry_s == 0
        properties = None
        if is_v5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = config.session_expiry_s
            properties.MaximumPacketSize = config.max_packet_bytes  # 3.1.2.11.4: longer ones are dropped by the broker
        super().__init__(
            config.host,
            config.port,
            username=config.username,
            password=password,
            identifier=config.client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if is_v5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_v5 else forgets,
            clean_start=forgets if is_v5 else MQTT_CLEAN_START_FIRST_ONLY,
            properties=properties,
            keepalive=config.keepalive_s,
            timeout=_ANSWER_WITHIN_S,
            tls_context=tls,
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", functools.partial(_Handover, deliver)),
            socket_options=_SOCKET_OPTIONS,
        )
        self._is_v5 = is_v5
        self._deliver = deliver
        self._loop_thread = threading.get_ident()
        self._connect_began = False
        self._connect_ended = threading.Event()
        self._paho_handles = self._client._handle_publish  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see below
        setattr(self._client, "_handle_publish", self._handle_publish)  # noqa: B010 - it has no public place for it

    async def subscribe_to(self, subscriptions: Iterable[Subscription]) -> None:
        """Subscribe one by one; what is retained there comes again each time, as MQTT has it.

        Raises:
            WireError: The broker refused one, or does not answer.
        """
        for topic, qos in subscriptions:
            codes = await self.subscribe(topic, qos=qos)
            refused = next((code for code in codes if _code_value(code) >= _REFUSED), None)
            if refused is not None:
                msg = f"subscription to {topic!r} was refused: {refused}"
                raise WireError(msg)

    async def send(  # the arguments are MQTT's
        self,
        topic: str,
        payload: bytes,
        *,
        qos: Literal[0, 1],
        retain: bool,
        expiry_s: int | None,
        user_properties: Sequence[tuple[str, str]],
    ) -> None:
        """Publish; returns when the broker has acknowledged it (QoS 1).

        Raises:
            WireError: It was not acknowledged.
        """
        properties = None
        if self._is_v5 and (expiry_s is not None or user_properties):
            properties = Properties(PacketTypes.PUBLISH)
            if expiry_s is not None:
                properties.MessageExpiryInterval = expiry_s
            if user_properties:
                properties.UserProperty = list(user_properties)
        await self.publish(topic, payload, qos=qos, retain=retain, properties=properties)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            WireError: The broker refused us, or does not answer.
        """
        await super().__aenter__()
        self._require_connection()  # lost together with CONNACK, aiomqtt forgets that it was lost
        return self

    async def until_lost(self) -> None:
        """Wait until the broker is lost.

        Raises:
            WireError: It is, and why.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    async for _ in self.messages:
                        pass  # never: nothing is queued, and the iterator ends with the connection
            self._require_connection()

    @property
    def is_up(self) -> bool:
        """Whether the broker is there."""
        return self._client.is_connected()

    def _require_connection(self) -> None:
        if not self.is_up:
            msg = "connection lost"
            raise WireError(msg)

    async def close(self) -> None:
        """Close the socket if it still is open: aiomqtt leaves it so when a handshake fails or is cancelled."""
        if self._connect_began:  # in a thread that cannot be cancelled
            await asyncio.to_thread(self._connect_ended.wait)
        self._client._sock_close()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - paho closes it in no other way

    def _client_connect(self) -> None:
        """Override of what aiomqtt runs in a thread: DNS, TCP and TLS."""
        self._connect_began = True
        try:
            super()._client_connect()
        except OSError as failure:
            traceback.clear_frames(failure.__traceback__)  # paho leaves the socket there whose TLS handshake failed
            raise
        finally:
            self._connect_ended.set()

    def _on_socket_open(self, client: PahoClient, userdata: object, sock: socket.socket) -> None:
        """Override of how aiomqtt gets to read: we look first. On TLS nothing can be looked at, and all is paho's."""
        super()._on_socket_open(client, userdata, sock)
        if not isinstance(sock, ssl.SSLSocket):
            self._loop.call_soon_threadsafe(self._watch_readable, client, sock)

    def _watch_readable(self, client: PahoClient, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_reader(sock.fileno(), self._read, client, sock)  # in the place of aiomqtt's

    def _read(self, client: PahoClient, sock: socket.socket) -> None:
        try:
            is_ours = client._in_packet["command"] == 0  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of no packet a part was read
            if not is_ours or take_arrivals(
                sock, is_v5=self._is_v5, deliver=self._take, acknowledge=functools.partial(self._acknowledge, client)
            ):
                client.loop_read()
        except Exception as failure:  # noqa: BLE001 - as aiomqtt has it: whatever it is, this connection is over
            if not self._disconnected.done():
                self._disconnected.set_exception(failure)

    def _take(self, arrival: Arrival) -> None:
        properties = None
        if arrival.properties:
            properties = Properties(PacketTypes.PUBLISH)
            try:
                properties.unpack(arrival.properties)  # pyright: ignore[reportUnknownMemberType] - paho leaves its type open
            except Exception as failure:  # noqa: BLE001 - paho refuses what brokers let through, as U+FEFF
                log.warning("mqtt_properties_not_read", topic=arrival.topic, problem=str(failure))
                properties = None
        self._deliver(MqttMessage(arrival.topic, arrival.payload, arrival.retained, _user_properties(properties)))

    def _handle_publish(self) -> MQTTErrorCode:
        """Handle a PUBLISH that paho has read; one whose properties it refuses is ours.

        If it raised here the connection would end, the message not be acknowledged, and the same come again for ever.
        """
        try:
            return self._paho_handles()
        except Exception:  # paho has not begun to handle it
            read = self._client._in_packet  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - what it has read
            arrival = read_publish(whole_packet(read["command"], bytes(read["packet"])), is_v5=self._is_v5)
            if arrival is None:
                raise
            self._take(arrival)
            if not arrival.number:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            return self._client._send_puback(int.from_bytes(arrival.number, "big"))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as below

    def _acknowledge(self, client: PahoClient, packet: bytes) -> None:
        """Send a PUBACK now, or behind what paho has not sent yet."""
        sock = client.socket()
        if sock is None:
            return  # the connection was given up meanwhile: it comes again
        if not client.want_write():
            with contextlib.suppress(BlockingIOError):
                if sock.send(packet) == len(packet):
                    return
                msg = "a PUBACK was cut in two"
                raise WireError(msg)
        client._send_puback(int.from_bytes(packet[-2:], "big"))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it has no public way but its own

    def _on_socket_register_write(self, client: PahoClient, userdata: object, sock: socket.socket) -> None:  # noqa: ARG002 - aiomqtt calls it so
        """Override of how aiomqtt gets to write: in the loop's thread at once, not by way of its wake-up pipe.

        aiomqtt's detour may also reach the loop after the socket was closed, when its number is another's.
        """
        if threading.get_ident() == self._loop_thread:
            self._watch_writable(client, sock)
        else:  # the thread that connects
            self._loop.call_soon_threadsafe(self._watch_writable, client, sock)

    def _watch_writable(self, client: PahoClient, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock.fileno(), self._write, client)

    def _write(self, client: PahoClient) -> None:
        try:
            client.loop_write()
        except Exception as failure:  # noqa: BLE001 - as aiomqtt has it: whatever it is, this connection is over
            if not self._disconnected.done():
                self._disconnected.set_exception(failure)


class _Handover(asyncio.Queue[aiomqtt.Message]):
    """A queue that holds nothing: what is put in is handed over before ``put_nowait`` returns."""

    def __init__(self, deliver: Deliver, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._deliver = deliver

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self._deliver(
            MqttMessage(item.topic.value, item.payload, item.retain, _user_properties(item.properties)),
        )


def _code_value(code: int | ReasonCode) -> int:
    return code if isinstance(code, int) else code.value


def _user_properties(properties: Properties | None) -> tuple[tuple[str, str], ...]:
    if properties is None:
        return ()
    return tuple(cast("Sequence[tuple[str, str]]", getattr(properties, "UserProperty", ())))
