"""Fixtures that start real servers."""

from tests.support.servers import mqtt_server, redis_server

__all__ = ["mqtt_server", "redis_server"]
