"""What leaves this machine is TLS, or plain text that was asked for twice."""

import pytest

from signald.errors import ConfigError
from signald.transports.protection import is_this_machine, require_protection
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
