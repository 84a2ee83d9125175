"""Mutual TLS: who shows no certificate, or a wrong one, is not let in; a new one is shown without a restart."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from structlog.testing import capture_logs

from signald.runtime.backoff import Backoff
from signald.simulate.child import Server, free_port
from signald.simulate.servers import mosquitto, redis_server
from signald.transports.mqtt import MqttConnection
from signald.transports.redis import RedisLink
from signald.transports.settings import MqttConfig, RedisConfig
from tests.support.certificates import Certificates, make_certificates
from tests.support.recording import until
from tests.support.servers import installed

Link: TypeAlias = MqttConnection | RedisLink


def quick() -> Backoff:
    return Backoff(first_s=0.05, cap_s=0.1)


def broker(certificates: Certificates, **more: str) -> Server:
    """Mosquitto with a listener, at ``port``, that lets in who shows a certificate of the authority."""
    port = free_port()
    settings = {
        "listener ": f"{port} 127.0.0.1",
        "cafile": str(certificates.ca),
        "certfile": str(certificates.certificate),
        "keyfile": str(certificates.key),
        "require_certificate": "true",
        **more,
    }
    server = installed(lambda: mosquitto(settings=settings)).start()
    server.port = port
    return server


def redis(certificates: Certificates, **more: str) -> Server:
    """The same of redis-server."""
    port = free_port()
    settings = {
        "tls-port": str(port),
        "tls-cert-file": str(certificates.certificate),
        "tls-key-file": str(certificates.key),
        "tls-ca-cert-file": str(certificates.ca),
        "tls-auth-clients": "yes",
        **more,
    }
    server = installed(lambda: redis_server(settings=settings)).start()
    server.port = port
    return server


def to_broker(port: int, ca: Path, own: Certificates, **more: str) -> Link:
    shown = {"ca_file": str(ca), "cert_file": str(own.certificate), "key_file": str(own.key), **more}
    return MqttConnection(MqttConfig(port=port, client_id="x", tls=True, **shown), backoff=quick())


def to_redis(port: int, ca: Path, own: Certificates, **more: str) -> Link:
    shown = {"ca_file": str(ca), "cert_file": str(own.certificate), "key_file": str(own.key), **more}
    return RedisLink(RedisConfig(url=f"rediss://127.0.0.1:{port}", **shown), backoff=quick())


Sides: TypeAlias = tuple[Callable[..., Server], Callable[..., Link]]
SIDES: dict[str, Sides] = {"mosquitto": (broker, to_broker), "redis": (redis, to_redis)}


@pytest.fixture(params=SIDES)
def sides(request: pytest.FixtureRequest) -> Sides:
    return SIDES[request.param]


@pytest.fixture
def running() -> Iterator[list[Server]]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.stop()


async def while_running(link: Link, then: Awaitable[None]) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run())
        await then
        task.cancel()


def show(own: Certificates, other: Certificates) -> None:
    """Lay another certificate and key in the place of our own, as whoever renews them does."""
    for file, source in ((own.certificate, other.certificate), (own.key, other.key)):
        fresh = file.with_suffix(".new")
        shutil.copy(source, fresh)
        fresh.replace(file)


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's; it is let go of at once
async def test_a_certificate_that_is_renewed_is_shown_without_a_restart(
    sides: Sides, running: list[Server], tmp_path: Path
) -> None:
    build_server, build_link = sides
    good, bad = make_certificates(tmp_path / "good"), make_certificates(tmp_path / "bad")
    own = make_certificates(tmp_path / "own")
    show(own, bad)
    running.append(await asyncio.to_thread(build_server, good))
    link = await asyncio.to_thread(build_link, running[0].port, good.ca, own)

    async def renew() -> None:
        await until(lambda: bool(link.last_failure))
        refused = link.last_failure
        await asyncio.to_thread(show, own, good)
        await link.wait_connected(20.0)
        assert refused

    await while_running(link, renew())


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's; it is let go of at once
async def test_what_cannot_be_used_is_said_and_the_former_certificate_is_shown(
    sides: Sides, running: list[Server], tmp_path: Path
) -> None:
    build_server, build_link = sides
    good, own = make_certificates(tmp_path / "good"), make_certificates(tmp_path / "own")
    show(own, good)
    running.append(await asyncio.to_thread(build_server, good))
    link = await asyncio.to_thread(build_link, running[0].port, good.ca, own)
    await asyncio.to_thread(own.certificate.write_text, "half a certif")

    with capture_logs() as logs:
        await while_running(link, link.wait_connected(20.0))

    assert [line["event"] for line in logs].count("credentials_not_reloaded") == 1


@pytest.mark.parametrize("wrong", [{"address": "127.0.0.2"}, {"ends_in_days": -1}], ids=["other host", "expired"])
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's; it is let go of at once
async def test_a_server_with_anothers_or_an_expired_certificate_is_not_spoken_to(
    sides: Sides, running: list[Server], tmp_path: Path, wrong: dict[str, object]
) -> None:
    build_server, build_link = sides
    certificates = make_certificates(tmp_path / "wrong", **wrong)  # pyright: ignore[reportArgumentType]
    running.append(await asyncio.to_thread(build_server, certificates))
    link = await asyncio.to_thread(build_link, running[0].port, certificates.ca, certificates)

    await while_running(link, until(lambda: "CERTIFICATE_VERIFY_FAILED" in link.last_failure))

    assert link.connections == 0


@pytest.mark.parametrize("is_revoked", [True, False])
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's; it is let go of at once
async def test_a_server_whose_certificate_was_revoked_is_not_spoken_to(
    sides: Sides, running: list[Server], tmp_path: Path, *, is_revoked: bool
) -> None:
    build_server, build_link = sides
    own = make_certificates(tmp_path / "own", is_revoked=is_revoked)
    running.append(await asyncio.to_thread(build_server, own))
    link = await asyncio.to_thread(build_link, running[0].port, own.ca, own, crl_file=str(own.revoked))

    await while_running(
        link, until(lambda: "certificate revoked" in link.last_failure) if is_revoked else link.wait_connected(20.0)
    )

    assert (link.connections == 0) == is_revoked


async def test_a_client_whose_certificate_was_revoked_is_not_let_in_by_the_broker(
    running: list[Server], tmp_path: Path
) -> None:
    own = make_certificates(tmp_path / "own", is_revoked=True)
    running.append(await asyncio.to_thread(broker, own, crlfile=str(own.revoked)))
    link = await asyncio.to_thread(to_broker, running[0].port, own.ca, own)

    await while_running(link, until(lambda: bool(link.last_failure)))

    assert link.connections == 0


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's; it is let go of at once
async def test_no_version_of_tls_is_spoken_that_is_older_than_the_configured_one(
    running: list[Server], tmp_path: Path
) -> None:
    own = make_certificates(tmp_path / "own")
    running.append(await asyncio.to_thread(redis, own, **{"tls-protocols": "TLSv1.2"}))
    old = await asyncio.to_thread(to_redis, running[0].port, own.ca, own)
    new = await asyncio.to_thread(to_redis, running[0].port, own.ca, own, tls_minimum="1.3")

    await while_running(old, old.wait_connected(20.0))
    await while_running(new, until(lambda: "protocol" in new.last_failure.lower()))

    assert (old.connections, new.connections) == (1, 0)
