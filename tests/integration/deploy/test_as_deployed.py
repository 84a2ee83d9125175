"""The servers' files in ``deploy/``, given to the servers themselves, with a daemon on the deployed configuration."""

import errno
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from signald.simulate.child import LOOPBACK, Plan, Server, free_port
from tests.support.servers import MQTT_SERVERS, REDIS_SERVERS, installed
from tests.support.waiting import eventually

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
CONFIG = DEPLOY / "kubernetes" / "signald.toml"
BEGINS_WITHIN_S = 50.0  # of a test's sixty


class Deployed(NamedTuple):
    """Where the servers listen, and the secrets that the laboratory's script made."""

    secrets: Path
    mqtt_port: int
    redis_port: int

    @property
    def environment(self) -> dict[str, str]:
        """What the first of the daemons is told besides its file; here the servers are on loopback."""
        ours = {name: value for name, value in os.environ.items() if "__" not in name}
        return ours | {
            "SIGNALD_MQTT__HOST": LOOPBACK,
            "SIGNALD_MQTT__PORT": str(self.mqtt_port),
            "SIGNALD_MQTT__CA_FILE": str(self.secrets / "ca.pem"),
            "SIGNALD_MQTT__CLIENT_ID": "signald-a",
            "SIGNALD_MQTT__CERT_FILE": str(self.secrets / "signald-a.pem"),
            "SIGNALD_MQTT__KEY_FILE": str(self.secrets / "signald-a.key"),
            "SIGNALD_REDIS__URL": f"rediss://{LOOPBACK}:{self.redis_port}/0",
            "SIGNALD_REDIS__CA_FILE": str(self.secrets / "ca.pem"),
            "SIGNALD_REDIS__PASSWORD_FILE": str(self.secrets / "redis-password"),
            "SIGNALD_METRICS__HOST": LOOPBACK,
            "SIGNALD_METRICS__PORT": str(free_port()),
            "SIGNALD_CONSOLE__ENABLED": "false",
        }


def answers(_connection: object) -> bool:
    """A port that takes a connection; what is said there is TLS."""
    return True


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    installed(MQTT_SERVERS["mosquitto"])
    installed(REDIS_SERVERS["redis"])
    place = tmp_path_factory.mktemp("deployed")
    subprocess.run([DEPLOY / "lab.sh", place / "secrets"], check=True, capture_output=True)  # noqa: S603 - our own
    (place / "data").mkdir()
    shutil.copy(DEPLOY / "mosquitto" / "acl", place)
    shutil.copy(DEPLOY / "redis" / "redis.conf", place)
    (place / "acl").chmod(0o600)

    def broker(port: int) -> Plan:
        said = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
        ours = said.replace("listener 8883", f"listener {port} {LOOPBACK}")
        ours += "user root\n"  # only heeded if root starts it
        command = (str(shutil.which("mosquitto")), "-c", "mosquitto.conf")
        return Plan(name="mosquitto", command=command, files={"mosquitto.conf": ours}, probes={port: answers})

    def redis(port: int) -> Plan:
        command = (str(shutil.which("redis-server")), "redis.conf", "--tls-port", str(port), "--bind", LOOPBACK)
        return Plan(name="redis-server", command=command, files={}, probes={port: answers})

    with (
        Server(broker, port=None, directory=place) as mqtt_server,
        Server(redis, port=None, directory=place) as redis_server,
    ):
        yield Deployed(secrets=place / "secrets", mqtt_port=mqtt_server.port, redis_port=redis_server.port)


def test_a_daemon_is_ready_over_tls_with_the_rights_it_has(deployed: Deployed, tmp_path: Path) -> None:
    told: dict[str, Any] = {"cwd": tmp_path, "env": deployed.environment, "text": True}

    def signald(command: str) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "signald", command, "--config", CONFIG]
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **told)  # noqa: S603 - our own

    def is_ready() -> bool:
        with signald("status") as asked:
            return asked.wait() == 0

    with signald("run") as daemon:
        try:
            eventually(is_ready, within_s=BEGINS_WITHIN_S)
        finally:
            daemon.terminate()
            log = daemon.communicate()[1]

    assert daemon.returncode == 0, log
    assert '"event":"redis_refused"' not in log
    assert "NOPERM" not in log


def test_a_source_speaks_under_its_own_name_only(deployed: Deployed) -> None:
    heard: list[str] = []
    operator = connect(deployed, "operator", heard)
    source = connect(deployed, "ics", [])

    source.publish("signald/v1/calendar/release/us.cpi.yoy%3A2025-01/csv", b"another's", qos=1).wait_for_publish(8.0)
    source.publish("signald/v1/control/halt", b"not its own", qos=1).wait_for_publish(8.0)
    source.publish("signald/v1/heartbeat/ics", b"its own", qos=1).wait_for_publish(8.0)
    eventually(lambda: "signald/v1/heartbeat/ics" in heard)

    assert heard == ["signald/v1/heartbeat/ics"]
    for client in (operator, source):
        client.disconnect()
        client.loop_stop()


def test_who_has_no_certificate_is_not_heard(deployed: Deployed) -> None:
    stranger = client_of(deployed, None)

    with pytest.raises(OSError, match=r"certificate required|EOF|reset"):  # noqa: PT012 - TLS 1.3 says it a read later
        stranger.connect(LOOPBACK, deployed.mqtt_port)
        for _ in range(1_000):
            if stranger.loop(timeout=0.01) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise ConnectionResetError(errno.ECONNRESET, "reset")


def test_redis_knows_nobody_but_the_daemon(deployed: Deployed) -> None:
    where = {
        "host": LOOPBACK,
        "port": deployed.redis_port,
        "ssl": True,
        "ssl_ca_certs": str(deployed.secrets / "ca.pem"),
    }
    password = (deployed.secrets / "redis-password").read_text()

    with Redis(**where) as nobody, pytest.raises(AuthenticationError):
        nobody.ping()
    with Redis(**where, username="signald", password=password) as daemon:
        assert daemon.xadd("{signald}:signals", {"a": "b"})
        for forbidden in (("SET", "other", "1"), ("FLUSHALL",), ("CONFIG", "GET", "*"), ("KEYS", "*")):
            with pytest.raises(NoPermissionError):
                daemon.execute_command(*forbidden)
        daemon.delete("{signald}:signals")


def client_of(deployed: Deployed, name: str | None) -> paho.Client:
    """A client with the certificate of ``name``, not connected."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    context = ssl.create_default_context(cafile=str(deployed.secrets / "ca.pem"))
    if name is not None:
        context.load_cert_chain(deployed.secrets / f"{name}.pem", deployed.secrets / f"{name}.key")
    client.tls_set_context(context)
    return client


def connect(deployed: Deployed, name: str, heard: list[str]) -> paho.Client:
    """A client with the certificate of ``name``, whose subscription to everything stands."""
    subscribed: list[bool] = []
    client = client_of(deployed, name)
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.on_message = lambda _client, _data, message: heard.append(message.topic)
    client.connect(LOOPBACK, deployed.mqtt_port)
    client.loop_start()
    client.subscribe("signald/v1/#", qos=1)
    eventually(lambda: subscribed)
    return client
