import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signald.errors import ConfigError
from signald.simulate import servers
from signald.simulate.child import LOOPBACK, Server, free_port, is_free
from tests.support.servers import MQTT_SERVERS, REDIS_SERVERS, installed
from tests.support.waiting import eventually

KINDS = MQTT_SERVERS | REDIS_SERVERS

START_TWO_AND_WAIT = """
import signal
from signald.simulate.servers import embedded_broker, embedded_valkey
with embedded_broker() as broker, embedded_valkey() as valkey:
    print(broker.pid, broker.directory, valkey.pid, valkey.directory, flush=True)
    signal.pause()
"""


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Server:
    return installed(KINDS[request.param])


def test_a_server_leaves_neither_process_nor_port_nor_directory_behind(server: Server) -> None:
    with server:
        pid, directory, port = server.pid, server.directory, server.port
        assert is_running(pid)
        assert directory is not None
        assert directory.exists()
        assert not is_free(port)

    assert not is_running(pid)
    assert not directory.exists()
    assert is_free(port)


def test_a_killed_server_starts_again_on_the_same_port(server: Server) -> None:
    with server:
        port, first_pid = server.port, server.pid

        server.kill()
        gone = not is_running(first_pid)
        server.start()

        assert gone
        assert server.port == port
        assert server.pid != first_pid


def test_a_stopped_process_is_ended_all_the_same() -> None:
    with servers.embedded_valkey() as valkey:
        pid = valkey.pid
        os.kill(pid, signal.SIGSTOP)

    assert not is_running(pid)


def test_a_crash_is_seen(server: Server) -> None:
    with server:
        before = server.exit_code()

        os.kill(server.pid, signal.SIGKILL)

        assert before is None
        assert eventually(server.exit_code) == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_servers_go_with_their_owner(number: signal.Signals) -> None:
    command = [sys.executable, "-c", START_TWO_AND_WAIT]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - written above
    assert owner.stdout is not None
    broker_pid, broker_directory, valkey_pid, valkey_directory = owner.stdout.readline().decode().split()

    owner.send_signal(number)
    owner.communicate()

    eventually(lambda: not is_running(int(broker_pid)) and not is_running(int(valkey_pid)))
    eventually(lambda: not Path(broker_directory).exists() and not Path(valkey_directory).exists())


@pytest.mark.parametrize("build", [servers.embedded_broker, servers.embedded_valkey])
def test_a_port_in_use_is_an_error_that_names_it(build: Callable[..., Server]) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=f":{port}: the port for the embedded .* is in use"):
            build(port=port).start()


def test_the_embedded_broker_speaks_both_versions_of_mqtt() -> None:
    with servers.embedded_broker() as broker:
        for port, level in ((broker.port, 5), (broker.port + 1, 4)):
            with socket.create_connection((LOOPBACK, port), 2) as connection:
                assert servers.mqtt_probe(level)(connection)


def test_a_setting_the_server_refuses_is_told_in_its_own_words() -> None:
    with pytest.raises(ConfigError, match="Bad directive"):
        servers.embedded_valkey(settings={"nonsense": "1"}).start()


def test_a_given_directory_and_what_was_saved_in_it_survive_a_crash(tmp_path: Path) -> None:
    settings = {"appendonly": "yes", "appendfsync": "always"}
    with servers.embedded_valkey(directory=tmp_path, settings=settings) as valkey:
        say(valkey.port, b"SET figure 256\r\n")

        valkey.kill()
        valkey.start()

        assert say(valkey.port, b"GET figure\r\n") == b"$3\r\n256\r\n"

    assert (tmp_path / "redis.conf").exists()


def test_a_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(ConfigError, match=r"iotcore: is not installed.*pip install 'signald\[demo\]'"):
        servers.embedded_broker()


def test_a_missing_program_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name, **_options: None)

    with pytest.raises(ConfigError, match="mosquitto: is not on the PATH"):
        servers.mosquitto()


def test_neighbouring_ports_are_free() -> None:
    port = free_port(3)

    assert all(is_free(port + offset) for offset in range(3))


def is_running(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def say(port: int, command: bytes) -> bytes:
    with socket.create_connection((LOOPBACK, port), 2) as connection:
        connection.sendall(command)
        return connection.recv(64)
