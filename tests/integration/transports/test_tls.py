"""TLS to a real broker and a real Redis: the server is verified, and a wrong one is named."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from signald.errors import ConfigError, UnreachableError
from signald.runtime.backoff import Backoff
from signald.simulate.child import Server, free_port
from signald.simulate.servers import mosquitto, redis_server
from signald.transports.mqtt import MqttConnection, MqttMessage, Subscription
from signald.transports.redis import RedisLink
from signald.transports.settings import MqttConfig, RedisConfig
from tests.support.certificates import Certificates, make_certificates
from tests.support.recording import until
from tests.support.servers import installed


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture
def foreign_ca(tmp_path: Path) -> str:
    (tmp_path / "foreign").mkdir()
    return str(make_certificates(tmp_path / "foreign").ca)


@pytest.fixture
def tls_broker(certificates: Certificates) -> Iterator[Server]:
    """Mosquitto that speaks TLS on a second listener; the fixture's ``tls_port`` says where."""
    port = free_port()
    settings = {
        "listener ": f"{port} 127.0.0.1",
        "certfile": str(certificates.certificate),
        "keyfile": str(certificates.key),
    }
    with installed(lambda: mosquitto(settings=settings)) as server:
        server.port = port
        yield server


@pytest.fixture
def tls_redis(certificates: Certificates) -> Iterator[Server]:
    port = free_port()
    settings = {
        "tls-port": str(port),
        "tls-cert-file": str(certificates.certificate),
        "tls-key-file": str(certificates.key),
        "tls-ca-cert-file": str(certificates.ca),
        "tls-auth-clients": "no",
    }
    with installed(lambda: redis_server(settings=settings)) as server:
        server.port = port
        yield server


async def while_running(run: Callable[[], Coroutine[Any, Any, None]], then: Awaitable[None]) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        await then
        task.cancel()


def once() -> Backoff:
    """One attempt, then a long wait: what is cancelled at the end of the test is the wait, not a handshake."""
    return Backoff(first_s=60.0, cap_s=60.0, draw=lambda: 1.0)


class Broker:
    """Connections to the broker, built before the loop runs: their files are read then."""

    def __init__(self, port: int, ca: str) -> None:
        self.arrived: list[MqttMessage] = []
        self.connection = MqttConnection(
            MqttConfig(port=port, client_id="desk", tls=True, ca_file=ca),
            subscriptions=[Subscription("signald/v1/#")],
            on_message=self.arrived.append,
            backoff=once(),
        )


@pytest.fixture
def trusted_broker(tls_broker: Server, certificates: Certificates) -> Broker:
    return Broker(tls_broker.port, str(certificates.ca))


@pytest.fixture
def distrusted_broker(tls_broker: Server, foreign_ca: str) -> Broker:
    return Broker(tls_broker.port, foreign_ca)


@pytest.fixture
def trusted_redis(tls_redis: Server, certificates: Certificates) -> RedisLink:
    return RedisLink(
        RedisConfig(url=f"rediss://127.0.0.1:{tls_redis.port}", ca_file=str(certificates.ca)), backoff=once()
    )


@pytest.fixture
def distrusted_redis(tls_redis: Server, foreign_ca: str) -> RedisLink:
    return RedisLink(RedisConfig(url=f"rediss://127.0.0.1:{tls_redis.port}", ca_file=foreign_ca), backoff=once())


async def test_messages_go_over_tls(trusted_broker: Broker) -> None:
    connection = trusted_broker.connection

    async def publish() -> None:
        await connection.wait_connected(8.0)
        for number in range(50):
            await connection.publish("signald/v1/heartbeat/bls", b"%d" % number)
        await until(lambda: len(trusted_broker.arrived) == 50)

    await while_running(connection.run, publish())

    assert [message.payload for message in trusted_broker.arrived] == [b"%d" % number for number in range(50)]


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's; it is let go of at once
async def test_a_broker_nobody_vouches_for_is_not_spoken_to(distrusted_broker: Broker) -> None:
    async def fail() -> None:
        with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
            await distrusted_broker.connection.wait_connected(1.0)

    await while_running(distrusted_broker.connection.run, fail())


async def test_commands_go_over_tls(trusted_redis: RedisLink) -> None:
    async def call() -> None:
        await trusted_redis.wait_connected(8.0)
        assert await trusted_redis.call("SET", "key", "value") == b"OK"
        assert await trusted_redis.call("GET", "key") == b"value"

    await while_running(trusted_redis.run, call())


async def test_a_redis_nobody_vouches_for_is_not_spoken_to(distrusted_redis: RedisLink) -> None:
    async def fail() -> None:
        with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
            await distrusted_redis.wait_connected(1.0)

    await while_running(distrusted_redis.run, fail())


def test_a_certificate_file_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("not a certificate")

    with pytest.raises(ConfigError, match=r"mqtt\.ca_file.*ca\.pem"):
        MqttConnection(MqttConfig(tls=True, ca_file=str(nonsense)))
    with pytest.raises(ConfigError, match=r"redis\.cert_file.*nowhere"):
        RedisLink(RedisConfig(url="rediss://localhost", cert_file="/nowhere"))
