"""The connection: connects, subscribes, delivers, and connects again for ever.

A message the owner has appended to the journal is acknowledged, and one it has not is not. A call that raised would
end paho's connection and the message would come again for ever; so what cannot be handled is quarantined, counted,
and acknowledged.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import structlog

from signald.errors import ConfigError, UnreachableError
from signald.runtime.backoff import Backoff
from signald.transports.credentials import Credentials
from signald.transports.mqtt.wire import MqttMessage, Subscription, Wire, WireError
from signald.transports.protection import protect_mqtt
from signald.transports.settings import MqttConfig

_SERVER = "mqtt broker"
_BY_US = "closed by us"
_V5 = 5

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Signs(Protocol):
    """Who signs what we publish."""

    def properties(self, topic: str, payload: bytes) -> Sequence[tuple[str, str]]:
        """The user properties that go with ``payload`` on ``topic``, whole."""
        ...


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
            ConfigError: A file named in ``config`` cannot be used, or plain text would leave this machine.
        """
        protect_mqtt(config)
        self._config = config
        self._subscriptions = tuple(subscriptions)
        self._on_message = on_message
        self._on_connected = on_connected
        self._on_disconnected = on_disconnected
        self._on_quarantine = on_quarantine
        self._backoff = backoff or Backoff(cap_s=2.0)
        self._credentials = credentials_of(config)
        self._signer = _signer_of(config)
        self._wire: Wire | None = None
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
            if self._credentials.is_from_files:
                await asyncio.to_thread(self._credentials.refresh)
            wire, began = self._new_wire(), loop.time()
            try:
                async with wire:
                    await self._serve(wire)
            except (WireError, OSError, ValueError) as failure:
                # paho raises any of these for a broken name, certificate or CONNACK
                cause = failure.__cause__ or failure
                self._note_down(str(cause) or type(cause).__name__)
            except asyncio.CancelledError:
                self._note_down(_BY_US)
                raise
            finally:
                await wire.close()
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

        Duplicates are possible, as MQTT has it. ``expiry_s`` and ``user_properties`` need MQTT 5. If we have a key what
        goes at QoS 1 is signed.
        """
        if self._signer is not None and qos == 1:
            user_properties = (*user_properties, *self._signer.properties(topic, payload))
        backoff = Backoff(first_s=0.05, cap_s=1.0)
        while True:
            await self.connected.wait()
            try:
                await self._until_lost_or_done(
                    lambda wire: wire.send(
                        topic, payload, qos=qos, retain=retain, expiry_s=expiry_s, user_properties=user_properties
                    )
                )
            except (WireError, TimeoutError) as failure:
                log.warning("mqtt_publish_repeated", topic=topic, reason=str(failure) or "connection lost")
                await asyncio.sleep(backoff.next_delay_s())
            else:
                return

    async def _until_lost_or_done(self, use: Callable[[Wire], Awaitable[None]]) -> None:
        """Use the connection there is; raises ``TimeoutError`` as soon as it is lost."""
        assert self._wire is not None
        async with asyncio.timeout(None) as scope:
            self._publishing.add(scope)
            try:
                await use(self._wire)
            finally:
                self._publishing.discard(scope)

    async def _serve(self, wire: Wire) -> None:
        self._announce()
        await wire.subscribe_to(self._subscriptions)
        self._wire = wire
        self.connections += 1
        self.connected.set()
        log.info("mqtt_connected", address=self._config.address, connections=self.connections)
        await wire.until_lost()

    def _announce(self) -> None:
        """Say once per connection that it is there: what the broker kept for us may come before we are resumed."""
        if not self._announced:
            self._announced = True
            if self._on_connected is not None:
                self._on_connected()

    def _note_down(self, reason: str) -> None:
        self.connected.clear()
        self._wire = None
        now = asyncio.get_running_loop().time()
        for scope in self._publishing:
            scope.reschedule(now)
        if self._announced or reason != self.last_failure:
            tell = log.info if reason == _BY_US else log.warning
            tell("mqtt_disconnected", address=self._config.address, reason=reason)
        self.last_failure = reason
        if self._announced:
            self._announced = False
            if self._on_disconnected is not None:
                self._on_disconnected(reason)

    def _deliver(self, message: MqttMessage) -> None:
        self.messages += 1
        if self._on_message is None:
            return
        self._announce()
        try:
            self._on_message(message)
        except Exception as failure:  # noqa: BLE001 - whatever it is, raising would end paho's connection
            self.quarantined += 1
            # Not log.exception: it would read source files, here, between this release and the next.
            raised_at = _raised_at(failure)
            log.error("mqtt_message_quarantined", topic=message.topic, error=repr(failure), raised_at=raised_at)  # noqa: TRY400
            if self._on_quarantine is not None:
                self._on_quarantine(message, failure)

    def _new_wire(self) -> Wire:
        mine = self._credentials
        return Wire(self._config, password=mine.password, tls=mine.context, deliver=self._deliver)


def credentials_of(config: MqttConfig) -> Credentials:
    """What the broker is shown; raises ``ConfigError`` if a file cannot be used."""
    return Credentials(
        section="mqtt",
        tls=config.tls,
        ca_file=config.ca_file,
        cert_file=config.cert_file,
        key_file=config.key_file,
        crl_file=config.crl_file,
        least=config.tls_minimum,
        password_file=config.password_file,
    )


def _signer_of(config: MqttConfig) -> Signs | None:
    """Who signs what we publish at QoS 1, if anybody does; raises ``ConfigError``."""
    if config.sign_key_id is None and config.sign_key_file is None:
        return None
    if config.sign_key_id is None or config.sign_key_file is None or config.protocol != _V5:
        where, problem = "mqtt.sign_key_id", "to sign takes sign_key_id, sign_key_file and protocol = 5"
        raise ConfigError(where, problem)
    from signald.transports.ed25519 import Signer  # noqa: PLC0415 - not for those who sign nothing

    return Signer(config.sign_key_id, Path(config.sign_key_file))


def _raised_at(failure: Exception) -> str:
    """``file:line`` of the innermost frame of ``failure``."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
