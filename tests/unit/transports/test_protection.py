"""What leaves this machine is TLS, or plain text that was asked for twice."""

import io
from pathlib import Path

import pytest

from signald.cli import run
from signald.client import Desk
from signald.errors import ConfigError, SinkError
from signald.transports.mqtt import MqttConnection
from signald.transports.protection import is_this_machine, require_protection
from signald.transports.redis import RedisLink
from signald.transports.redis_address import HostPort, parse_redis_url
from signald.transports.redis_wire import connect
from signald.transports.settings import MqttConfig, RedisConfig

HERE = MqttConfig()
PLAIN = RedisConfig()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST", "localhost."])
def test_plain_text_is_fine_on_this_machine(host: str) -> None:
    require_protection(MqttConfig(host=host), RedisConfig(url="redis://localhost:6379/0"))

    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["broker", "10.0.0.7", "0.0.0.0", "localhost.example.com", "127.0.0.1.example.com"])  # noqa: S104 - nobody listens there
def test_plain_text_to_another_machine_is_refused_until_it_is_said_twice(host: str) -> None:
    with pytest.raises(ConfigError, match=rf'mqtt\.plain_text = "{host}"'):
        require_protection(MqttConfig(host=host), PLAIN)
    with pytest.raises(ConfigError, match=r"mqtt\.host"):
        require_protection(MqttConfig(host=host, plain_text="true"), PLAIN)

    require_protection(MqttConfig(host=host, plain_text=host), PLAIN)
    require_protection(MqttConfig(host=host, tls=True), PLAIN)


def test_the_same_for_every_server_in_the_url_of_redis() -> None:
    url = "redis+sentinel://localhost:26379,a:26379,b:26379/master"

    with pytest.raises(ConfigError, match=r"a, b is another machine"):
        require_protection(HERE, RedisConfig(url=url))
    with pytest.raises(ConfigError, match=r"b is another machine"):
        require_protection(HERE, RedisConfig(url=url, plain_text="a"))

    require_protection(HERE, RedisConfig(url=url, plain_text="a, b"))
    require_protection(HERE, RedisConfig(url=url.replace("redis+", "rediss+")))
    require_protection(HERE, RedisConfig(url="unix:///run/redis.sock"))


def test_no_connection_can_be_built_that_would_speak_it() -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.plain_text"):
        MqttConnection(MqttConfig(host="broker"))
    with pytest.raises(ConfigError, match=r"redis\.plain_text"):
        RedisLink(RedisConfig(url="redis://desk/0"))
    with pytest.raises(ConfigError, match=r"redis\.plain_text"):
        Desk("redis://desk/0", consumer="otc-desk-1")

    Desk("redis://desk/0", consumer="otc-desk-1", redis=RedisConfig(plain_text="desk"))


@pytest.mark.parametrize(
    "command",
    [
        *("run", "check", "record", "status", "tail", "acl", "halt", "mute us.nfp", "unmute us.nfp"),
        *("resume --reason again", "bridge ics", "publish -"),
    ],
)
def test_no_command_speaks_it(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "signald.toml").write_text('[mqtt]\nhost = "far"\n[redis]\nurl = "redis://far/0"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))

    code = run([*command.split(), "--config", "signald.toml"])

    assert (code, "plain_text" in capsys.readouterr().err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["signald.toml"]


async def test_nobody_can_send_us_to_another_machine_in_plain_text() -> None:
    address = parse_redis_url("redis+sentinel://127.0.0.1:1/master")

    async def elsewhere(*_: object, **__: object) -> HostPort:
        return HostPort("10.0.0.7", 6379)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signald.transports.redis_wire._find", elsewhere)
        with pytest.raises(SinkError, match=r"10\.0\.0\.7.*redis\.plain_text"):
            await connect(address, tls=None, may_be_plain=is_this_machine)
