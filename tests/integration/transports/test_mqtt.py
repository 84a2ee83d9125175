"""MQTT on real brokers: acknowledged after the hand-over, never killed by a message, back after every loss."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator

import pytest

from signald.errors import ConfigError, UnreachableError
from signald.runtime.backoff import Backoff
from signald.simulate.child import Server, free_port
from signald.simulate.servers import mosquitto
from signald.transports.mqtt import MqttConnection, Subscription
from signald.transports.settings import MqttConfig
from tests.support.fake_server import fake_server
from tests.support.recording import MqttOwner, until
from tests.support.servers import installed

SUBSCRIPTIONS = (
    Subscription("signald/v1/calendar/#"),
    Subscription("signald/v1/policy/#"),
    Subscription("signald/v1/reference/#"),
    Subscription("signald/v1/heartbeat/#", qos=0),
)
SCHEDULE = "signald/v1/calendar/schedule/us.cpi.yoy:2025-01/bls"


def build(
    port: int,
    *,
    client_id: str,
    owner: MqttOwner | None = None,
    protocol: int = 5,
    session_expiry_s: int = 600,
) -> MqttConnection:
    config = MqttConfig(
        port=port, client_id=client_id, keepalive_s=1, protocol=protocol, session_expiry_s=session_expiry_s
    )
    backoff = Backoff(first_s=0.01, cap_s=0.05)
    if owner is None:
        return MqttConnection(config, backoff=backoff)
    return MqttConnection(
        config,
        subscriptions=SUBSCRIPTIONS,
        on_message=owner.on_message,
        on_connected=owner.on_connected,
        on_disconnected=owner.on_disconnected,
        on_quarantine=owner.on_quarantine,
        backoff=backoff,
    )


@contextlib.asynccontextmanager
async def running(*connections: MqttConnection) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connection.run()) for connection in connections]
        for connection in connections:
            await connection.wait_connected(8.0)
        yield
        for task in tasks:
            task.cancel()


@pytest.fixture
def own_mosquitto() -> Iterator[Server]:
    with installed(mosquitto) as server:
        yield server


async def failure_to_reach(connection: MqttConnection, *, within_s: float) -> UnreachableError:
    """What ``wait_connected`` raises."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(connection.run())
        with pytest.raises(UnreachableError) as caught:
            await connection.wait_connected(within_s)
        task.cancel()
    return caught.value


async def off_loop(call: Callable[[], object]) -> None:
    """Starting and killing servers blocks: do it beside the loop."""
    await asyncio.to_thread(call)


async def test_a_message_arrives_as_it_was_sent(mqtt_server: Server) -> None:
    owner = MqttOwner()
    receiver = build(mqtt_server.port, client_id="receiver", owner=owner)
    sender = build(mqtt_server.port, client_id="sender")

    async with running(receiver, sender):
        await sender.publish(
            "signald/v1/calendar/release/us.cpi.yoy:2025-01/bls",
            b'{"actual":3.0}',
            expiry_s=60,
            user_properties=[("key_id", "k1"), ("signature", "c2ln")],
        )
        await until(lambda: owner.messages)

    (message,) = owner.messages
    assert message.topic == "signald/v1/calendar/release/us.cpi.yoy:2025-01/bls"
    assert message.payload == b'{"actual":3.0}'
    assert not message.retained
    assert message.user_properties == (("key_id", "k1"), ("signature", "c2ln"))
    assert owner.told[:2] == ["connected", "message"]


async def test_the_older_protocol_works_too(mqtt_server: Server, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["mqtt_server"]
    port = mqtt_server.port + 1 if kind == "rumqttd" else mqtt_server.port
    owner = MqttOwner()
    receiver = build(port, client_id="receiver", owner=owner, protocol=4)
    sender = build(port, client_id="sender", protocol=4)

    async with running(receiver, sender):
        await sender.publish("signald/v1/heartbeat/bls", b"{}", user_properties=[("needs", "mqtt 5")])
        await until(lambda: owner.messages)

    assert owner.payloads == [b"{}"]
    assert owner.messages[0].user_properties == ()


async def test_messages_keep_their_order(mqtt_server: Server) -> None:
    owner = MqttOwner()
    receiver = build(mqtt_server.port, client_id="receiver", owner=owner)
    sender = build(mqtt_server.port, client_id="sender")
    expected = [b"%d" % number for number in range(200)]

    async with running(receiver, sender):
        for payload in expected:
            await sender.publish("signald/v1/reference/NQ", payload)
        await until(lambda: len(owner.messages) >= len(expected))

    assert owner.payloads == expected


async def read_schedule_twice(port: int, *, session_expiry_s: int) -> list[bool]:
    """Publish a retained schedule, connect twice in one session, and say of each arrival whether it was retained."""
    sender = build(port, client_id="sender")
    seen: list[bool] = []
    async with running(sender):
        await sender.publish(SCHEDULE, b"{}", retain=True)
        for _ in range(2):
            owner = MqttOwner()
            async with running(build(port, client_id="receiver", owner=owner, session_expiry_s=session_expiry_s)):
                await until(lambda owner=owner: owner.messages)
            seen += [message.retained for message in owner.messages]
    return seen


async def test_retained_schedules_are_read_anew_on_every_connection(mqtt_server: Server) -> None:
    seen = await read_schedule_twice(mqtt_server.port, session_expiry_s=0)

    assert seen == [True, True]


async def test_retained_schedules_are_read_anew_in_a_resumed_session_too(own_mosquitto: Server) -> None:
    seen = await read_schedule_twice(own_mosquitto.port, session_expiry_s=600)

    assert seen == [True, True]


async def test_a_callback_that_raises_is_quarantined_and_the_next_message_comes(mqtt_server: Server) -> None:
    owner = MqttOwner(fails_on=frozenset([b"poison"]))
    receiver = build(mqtt_server.port, client_id="receiver", owner=owner)
    sender = build(mqtt_server.port, client_id="sender")

    async with running(receiver, sender):
        for payload in (b"before", b"poison", b"after"):
            await sender.publish("signald/v1/policy/tariff", payload)
        await until(lambda: len(owner.messages) >= 2)

    assert owner.payloads == [b"before", b"after"]
    assert owner.quarantined == [(b"poison", "ArithmeticError('poison')")]
    assert (receiver.quarantined, receiver.connections) == (1, 1)


async def test_a_quarantined_message_is_acknowledged_and_does_not_come_again(mqtt_server: Server) -> None:
    poisoned = MqttOwner(fails_on=frozenset([b"poison"]))
    sender = build(mqtt_server.port, client_id="sender")
    async with running(sender, build(mqtt_server.port, client_id="receiver", owner=poisoned)):
        await sender.publish("signald/v1/policy/tariff", b"poison")
        await until(lambda: poisoned.quarantined)

    again = MqttOwner()
    async with running(sender, build(mqtt_server.port, client_id="receiver", owner=again)):
        await sender.publish("signald/v1/policy/tariff", b"next")
        await until(lambda: again.messages)

    assert again.payloads == [b"next"]


async def test_a_property_that_paho_refuses_costs_neither_the_message_nor_the_connection(own_mosquitto: Server) -> None:
    owner = MqttOwner()
    reader = build(own_mosquitto.port, client_id="reader", owner=owner)
    writer = build(own_mosquitto.port, client_id="writer")

    async with running(reader, writer):
        for payload in (b"first", b"second" + b"-" * 66_000):  # the second is too long to be looked at: paho reads it
            await writer.publish("signald/v1/policy/tariff", payload, user_properties=[("note", "\ufeffmarked")])
        await until(lambda: len(owner.messages) == 2)

    assert [message.payload[:6] for message in owner.messages] == [b"first", b"second"]
    assert [message.user_properties for message in owner.messages] == [(), ()]
    assert reader.connections == 1


async def test_what_came_while_we_were_away_is_delivered_on_return(mqtt_server: Server) -> None:
    sender = build(mqtt_server.port, client_id="sender")
    async with running(sender):
        async with running(build(mqtt_server.port, client_id="receiver", owner=MqttOwner())):
            pass
        await sender.publish("signald/v1/calendar/release/us.nfp:2025-01/bls", b"143")

        owner = MqttOwner()
        async with running(build(mqtt_server.port, client_id="receiver", owner=owner)):
            await until(lambda: owner.messages)

    assert owner.payloads == [b"143"]
    assert owner.told[:2] == ["connected", "message"]


async def test_a_killed_broker_is_come_back_to_and_subscribed_anew(mqtt_server: Server) -> None:
    owner = MqttOwner()
    receiver = build(mqtt_server.port, client_id="receiver", owner=owner)
    sender = build(mqtt_server.port, client_id="sender")

    async with running(receiver, sender):
        await sender.publish("signald/v1/heartbeat/bls", b"1")
        await until(lambda: owner.messages)
        await off_loop(mqtt_server.kill)
        await until(lambda: not receiver.is_up and not sender.is_up)
        await off_loop(mqtt_server.start)
        await until(lambda: receiver.is_up)
        await sender.publish("signald/v1/heartbeat/bls", b"2")
        await until(lambda: len(owner.messages) >= 2)

    assert owner.payloads[0] == b"1"
    assert owner.payloads[-1] == b"2"
    assert receiver.connections == 2
    assert [told.split(":")[0] for told in owner.told] == [
        *("connected", "message", "disconnected", "connected", "disconnected")
    ]


async def test_what_is_being_published_when_the_broker_dies_is_published_after_it_returns(
    mqtt_server: Server,
) -> None:
    owner = MqttOwner()
    receiver = build(mqtt_server.port, client_id="receiver", owner=owner)
    sender = build(mqtt_server.port, client_id="sender")

    async with running(receiver, sender):
        await off_loop(mqtt_server.kill)
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(sender.publish(SCHEDULE, b"late", retain=True))
            await until(lambda: not sender.is_up and not receiver.is_up)
            await off_loop(mqtt_server.start)
            await until(lambda: receiver.is_up)
            await publishing
        await until(lambda: owner.messages)

    assert owner.payloads[-1] == b"late"


async def test_a_subscription_that_is_refused_is_named() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(bytes.fromhex("20 03 00 00 00"))  # CONNACK: accepted
        await reader.read(1024)
        writer.write(bytes.fromhex("90 04 00 01 00 87"))  # SUBACK of packet 1: not authorized
        await reader.read(1024)

    async with fake_server(refuse) as port:
        failure = await failure_to_reach(build(port, client_id="receiver", owner=MqttOwner()), within_s=0.5)

    assert failure.reason == "subscription to 'signald/v1/calendar/#' was refused: Not authorized"


async def test_a_broker_that_leaves_together_with_its_welcome_is_not_taken_for_connected() -> None:
    async def welcome_and_leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(bytes.fromhex("20 03 00 00 00"))  # CONNACK: accepted

    async with fake_server(welcome_and_leave) as port:
        connection = build(port, client_id="sender")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(connection.run())
            await until(lambda: connection.last_failure)
            await until(lambda: not connection.is_up)
            task.cancel()

    assert connection.last_failure
    assert not connection.is_up


async def test_a_broker_that_says_nothing_is_unreachable() -> None:
    async def keep_silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with fake_server(keep_silent) as port:
        failure = await failure_to_reach(build(port, client_id="receiver", owner=MqttOwner()), within_s=0.2)

    assert failure.reason == "no answer in 0.2 s"


async def test_a_broker_that_is_not_there_is_named_in_time() -> None:
    port = free_port()

    failure = await failure_to_reach(build(port, client_id="receiver"), within_s=0.2)

    assert str(failure) == f"mqtt broker at 127.0.0.1:{port} was not reached: [Errno 111] Connection refused"


def test_a_password_file_that_is_missing_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.password_file: /nowhere"):
        MqttConnection(MqttConfig(password_file="/nowhere"))  # noqa: S106 - a file's name


async def test_the_broker_is_told_how_long_a_packet_may_be(own_mosquitto: Server) -> None:
    owner = MqttOwner()
    receiver = build(own_mosquitto.port, client_id="receiver", owner=owner)
    sender = build(own_mosquitto.port, client_id="sender")

    async with running(receiver, sender):
        await sender.publish("signald/v1/policy/tariff", b"x" * 70_000)
        await sender.publish("signald/v1/policy/tariff", b"x" * 65_536)
        await until(lambda: owner.messages)

    assert [len(payload) for payload in owner.payloads] == [65_536]
    assert receiver.connections == 1
