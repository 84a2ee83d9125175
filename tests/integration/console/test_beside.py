"""The console beside a daemon that is one process."""

import socket
from http.client import HTTPConnection
from pathlib import Path

import pytest

from signald.app.console import console_beside
from signald.config import Config, find_file, load_config
from signald.errors import ConfigError
from signald.simulate.child import LOOPBACK, free_port, is_free

pytestmark = pytest.mark.timeout(60)


def configured(place: Path, port: int) -> Config:
    told = {
        "SIGNALD_REDIS__URL": f"redis://{LOOPBACK}:{free_port()}/0",
        "SIGNALD_CONSOLE__PORT": str(port),
        "SIGNALD_CONSOLE__TOKEN_FILE": str(place / "token"),
        "SIGNALD_METRICS__PORT": str(free_port()),
    }
    return load_config(find_file("configs/signald.toml"), told)


def test_a_page_that_comes_before_it_serves_waits_and_is_answered(tmp_path: Path) -> None:
    port = free_port()

    with console_beside(configured(tmp_path, port)):
        page = HTTPConnection(LOOPBACK, port, timeout=40)
        page.request("GET", "/state")

        assert page.getresponse().status == 200
        page.close()

    assert is_free(port)


def test_a_port_that_is_taken_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        config = configured(tmp_path, taken.getsockname()[1])

        with pytest.raises(ConfigError, match=r"console\.host, console\.port: .*in use"), console_beside(config):
            pass
