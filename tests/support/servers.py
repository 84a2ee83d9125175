"""Real servers for tests, of every kind that is here: those in wheels always, the system's where they are installed.

``tests/integration/conftest.py`` hands out the fixtures ``mqtt_server`` and ``redis_server``; each test that asks for
one runs once per kind. Where a kind is not installed that run is skipped with the reason; with ``CI=true`` it fails.
"""

import os
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from signald.errors import ConfigError
from signald.simulate import servers
from signald.simulate.child import Server

MQTT_SERVERS: Final[dict[str, Callable[[], Server]]] = {
    "rumqttd": servers.embedded_broker,
    "mosquitto": servers.mosquitto,
}
REDIS_SERVERS: Final[dict[str, Callable[[], Server]]] = {
    "valkey": servers.embedded_valkey,
    "redis": servers.redis_server,
}


def installed(build: Callable[[], Server]) -> Server:
    """What ``build`` makes, not yet started; where it is not here the test is skipped, with ``CI=true`` it fails."""
    try:
        return build()
    except ConfigError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture(params=MQTT_SERVERS)
def mqtt_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running MQTT 5 broker on a free port, fresh for each test; once per kind."""
    with installed(MQTT_SERVERS[request.param]) as server:
        yield server


@pytest.fixture(params=REDIS_SERVERS)
def redis_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running, empty Redis or Valkey on a free port, fresh for each test; once per kind."""
    with installed(REDIS_SERVERS[request.param]) as server:
        yield server
