"""Plain text leaves this machine only if the configuration says so twice."""

import ipaddress
from typing import Final

from signald.errors import ConfigError
from signald.transports.redis_address import parse_redis_url
from signald.transports.settings import MqttConfig, RedisConfig

_LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
_MQTT: Final = "mqtt.host"
_REDIS: Final = "redis.url"


def require_protection(mqtt: MqttConfig, redis: RedisConfig) -> None:
    """Refuse a broker or a Redis on another machine that is spoken to in plain text, unless that was said twice.

    Each connection asks for itself when it is built; this is for whoever wants to know before anything is begun.

    Raises:
        ConfigError: It was said once.
    """
    protect_mqtt(mqtt)
    protect_redis(redis)


def protect_mqtt(mqtt: MqttConfig) -> None:
    """The same of the broker alone."""
    if not mqtt.tls and not is_this_machine(mqtt.host) and mqtt.plain_text != mqtt.host:
        problem = f"{mqtt.host} is another machine: set mqtt.tls, or say plain text twice: mqtt.plain_text"
        raise ConfigError(_MQTT, f'{problem} = "{mqtt.host}"')


def protect_redis(redis: RedisConfig) -> None:
    """The same of Redis alone: of every server that its URL names."""
    address = parse_redis_url(redis.url)
    if address.tls:
        return
    away = sorted({seed.host for seed in address.seeds if not may_be_plain(seed.host, redis)})
    if away:
        problem = f"{', '.join(away)} is another machine: write rediss://, or say plain text twice: redis.plain_text"
        raise ConfigError(_REDIS, f'{problem} = "{",".join(away)}"')


def may_be_plain(host: str, redis: RedisConfig) -> bool:
    """Whether plain text may go to ``host``, which a Sentinel or a node of a cluster may have named."""
    return is_this_machine(host) or host in {name.strip() for name in redis.plain_text.split(",")}


def is_this_machine(host: str) -> bool:
    """Whether ``host`` is a loopback address, or one of the names of it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in _LOCAL_NAMES
