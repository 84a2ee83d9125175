"""One MQTT connection that hands each message over by direct call, so that its acknowledgement follows the journal.

aiomqtt is known here only. Its queue is replaced by one whose ``put_nowait`` calls the owner: paho acknowledges a
QoS 1 message when that call returns, so a message the owner has appended to the journal is acknowledged, and one it
has not is not. A call that raised would end paho's connection and the message would come again for ever; so what
cannot be handled is quarantined, counted, and acknowledged.
"""

import asyncio
import functools
import socket
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias, cast

import aiomqtt
import structlog
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from signald.errors import UnreachableError
from signald.runtime.backoff import Backoff
from signald.transports.credentials import client_tls, read_secret
from signald.transports.settings import MqttConfig

_SERVER = "mqtt broker"
_V5 = 5
_REFUSED = 0x80
_ANSWER_WITHIN_S = 5.0
_SOCKET_OPTIONS: tuple[tuple[int, int, int], ...] = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class MqttMessage(NamedTuple):
    """One message, exactly as it came.

    Attributes:
        topic: The whole topic.
        payload: The bytes.
        retained: The broker had kept it: it is state, not news.
        user_properties: MQTT 5 user properties in their order.
    """

    topic: str
    payload: bytes
    retained: bool
    user_properties: tuple[tuple[str, str], ...]


class Subscription(NamedTuple):
    """A topic filter and the highest QoS to receive on it."""

    topic: str
    qos: Literal[0, 1] = 1


OnMessage: TypeAlias = Callable[[MqttMessage], None]


class MqttConnection:
    """A persistent session: connects, subscribes, delivers, and connects again for ever.

    Attributes:
        connected: Set while the broker is there and every subscription is made.
        messages: How many messages were handed over.
        quarantined: How many of them the owner could not handle.
        connections: How often a connection was established.
        last_failure: Why the last attempt or connection ended, ``""`` before any did.
    """

    def __init__(
        self,
        config: MqttConfig,
        *,
        subscriptions: Sequence[Subscription] = (),
        on_message: OnMessage | None = None,
        on_connected: Callable[[], None] | None = None,
        on_disconnected: Callable[[str], None] | None = None,
        on_quarantine: Callable[[MqttMessage, Exception], None] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Build a connection that is not open yet.

        Args:
            config: Where and how.
            subscriptions: Made anew on each connection, so that retained messages are read anew.
            on_message: Told each message; it is acknowledged when this returns, or raises.
            on_connected: Told that there is a connection, before any message on it.
            on_disconnected: Told that it is gone, and why.
            on_quarantine: Told each message whose ``on_message`` raised, and what it raised.
            backoff: Delays between attempts.

        Raises:
            ConfigError: A file named in ``config`` cannot be used.
        """
        self._config = config
        self._subscriptions = tuple(subscriptions)
        self._on_message = on_message
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._on_quarantine = on_quarantine
        self._backoff = backoff or Backoff(cap_s=2.0)
        self._password = read_secret(config.password_file, key="mqtt.password_file")
        self._tls = (
            client_tls(section="mqtt", ca_file=config.ca_file, cert_file=config.cert_file, key_file=config.key_file)
            if config.tls
            else None
        )
        self._client: aiomqtt.Client | None = None
        self._announced = False
        self._publishing: set[asyncio.Timeout] = set()
        self.connected = asyncio.Event()
        self.messages = 0
        self.quarantined = 0
        self.connections = 0
        self.last_failure = ""

    @property
    def is_up(self) -> bool:
        """Whether the broker is there."""
        return self.connected.is_set()

    async def run(self) -> None:
        """Keep the connection for ever; ends by cancellation only, which closes it and keeps the session.

        Messages may be handed over until this has ended.
        """
        loop = asyncio.get_running_loop()
        while True:
            client, began = self._new_client(), loop.time()
            try:
                async with client:
                    await self._serve(client)
            except (aiomqtt.MqttError, OSError, ValueError) as failure:
                # paho raises any of these for a broken name, certificate or CONNACK
                cause = failure.__cause__ or failure
                self._note_down(str(cause) or type(cause).__name__)
            except asyncio.CancelledError:
                self._note_down("closed by us")
                raise
            finally:
                client.close_socket()
            self._backoff.note_lifetime(loop.time() - began)
            await asyncio.sleep(self._backoff.next_delay_s())

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait until the broker is reached and every subscription stands.

        Raises:
            UnreachableError: That took longer than ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.connected.wait()
        except TimeoutError:
            reason = self.last_failure or f"no answer in {timeout_s:g} s"
            raise UnreachableError(_SERVER, self._config.address, reason) from None

    async def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: Literal[0, 1] = 1,
        retain: bool = False,
        expiry_s: int | None = None,
        user_properties: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Publish once, again after each reconnection until the broker has acknowledged it (QoS 1).

        Duplicates are possible, as MQTT has it. ``expiry_s`` and ``user_properties`` need MQTT 5.
        """
        properties = self._publish_properties(expiry_s, user_properties)
        backoff = Backoff(first_s=0.05, cap_s=1.0)
        while True:
            await self.connected.wait()
            try:
                await self._publish_once(topic, payload, qos=qos, retain=retain, properties=properties)
            except (aiomqtt.MqttError, TimeoutError) as failure:
                log.warning("mqtt_publish_repeated", topic=topic, reason=str(failure) or "connection lost")
                await asyncio.sleep(backoff.next_delay_s())
            else:
                return

    async def _publish_once(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties | None
    ) -> None:
        """Publish on the connection there is; raises ``TimeoutError`` as soon as that connection is lost."""
        assert self._client is not None
        async with asyncio.timeout(None) as scope:
            self._publishing.add(scope)
            try:
                await self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
            finally:
                self._publishing.discard(scope)

    async def _serve(self, client: aiomqtt.Client) -> None:
        self._announce()
        for topic, qos in self._subscriptions:
            codes = await client.subscribe(topic, qos=qos)
            refused = next((code for code in codes if _code_value(code) >= _REFUSED), None)
            if refused is not None:
                msg = f"subscription to {topic!r} was refused: {refused}"
                raise aiomqtt.MqttError(msg)
        self._client = client
        self.connections += 1
        self.connected.set()
        log.info("mqtt_connected", address=self._config.address, connections=self.connections)
        await _until_disconnected(client)

    def _announce(self) -> None:
        """Say once per connection that it is there: what the broker kept for us may come before we are resumed."""
        if not self._announced:
            self._announced = True
            if self._on_connected is not None:
                self._on_connected()

    def _note_down(self, reason: str) -> None:
        self.connected.clear()
        self._client = None
        now = asyncio.get_running_loop().time()
        for scope in self._publishing:
            scope.reschedule(now)
        if self._announced or reason != self.last_failure:
            log.warning("mqtt_disconnected", address=self._config.address, reason=reason)
        self.last_failure = reason
        if self._announced:
            self._announced = False
            if self._on_disconnected is not None:
                self._on_disconnected(reason)

    def _deliver(self, message: aiomqtt.Message) -> None:
        arrival = MqttMessage(
            message.topic.value,
            message.payload,
            message.retain,
            _user_properties(message.properties),
        )
        self.messages += 1
        if self._on_message is None:
            return
        self._announce()
        try:
            self._on_message(arrival)
        except Exception as failure:  # noqa: BLE001 - whatever it is, raising would end paho's connection
            self.quarantined += 1
            # Not log.exception: it would read source files, here, between this release and the next.
            raised_at = _raised_at(failure)
            log.error("mqtt_message_quarantined", topic=arrival.topic, error=repr(failure), raised_at=raised_at)  # noqa: TRY400
            if self._on_quarantine is not None:
                self._on_quarantine(arrival, failure)

    def _new_client(self) -> "_Client":
        config = self._config
        is_v5 = config.protocol == _V5
        forgets = config.session_expiry_s == 0
        properties = None
        if is_v5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = config.session_expiry_s
        return _Client(
            config.host,
            config.port,
            username=config.username,
            password=self._password,
            identifier=config.client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if is_v5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_v5 else forgets,
            clean_start=forgets if is_v5 else MQTT_CLEAN_START_FIRST_ONLY,
            properties=properties,
            keepalive=config.keepalive_s,
            timeout=_ANSWER_WITHIN_S,
            tls_context=self._tls,
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", functools.partial(_Handover, self._deliver)),
            socket_options=_SOCKET_OPTIONS,
        )

    def _publish_properties(
        self, expiry_s: int | None, user_properties: Sequence[tuple[str, str]]
    ) -> Properties | None:
        if self._config.protocol != _V5 or (expiry_s is None and not user_properties):
            return None
        properties = Properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        if user_properties:
            properties.UserProperty = list(user_properties)
        return properties


class _Client(aiomqtt.Client):
    """aiomqtt's client, which leaves its socket open when a handshake fails or a handler raises."""

    def close_socket(self) -> None:
        """Close the socket if it still is open, and tell the loop so."""
        self._client._sock_close()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - paho closes it in no other way


class _Handover(asyncio.Queue[aiomqtt.Message]):
    """A queue that holds nothing: what is put in is handed over before ``put_nowait`` returns."""

    def __init__(self, deliver: Callable[[aiomqtt.Message], None], maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._deliver = deliver

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self._deliver(item)


async def _until_disconnected(client: aiomqtt.Client) -> None:
    """Wait until ``client`` loses its broker; raises ``MqttError`` with the reason."""
    async for _ in client.messages:
        pass  # never: the hand-over queue is always empty, and the iterator ends with the connection


def _raised_at(failure: Exception) -> str:
    """``file:line`` of the innermost frame of ``failure``."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _code_value(code: int | ReasonCode) -> int:
    return code if isinstance(code, int) else code.value


def _user_properties(properties: Properties | None) -> tuple[tuple[str, str], ...]:
    if properties is None:
        return ()
    return tuple(cast("Sequence[tuple[str, str]]", getattr(properties, "UserProperty", ())))
