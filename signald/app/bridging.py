"""Runs a bridge."""

import asyncio

import msgspec

from signald.app.world import load_known_indicators
from signald.bridges import Bridge, build_feed
from signald.config import Config
from signald.logs import configure_logs
from signald.runtime.clock import LiveClock
from signald.transports.mqtt import MqttConnection


def run_bridge(config: Config, name: str) -> None:
    """Carry the feed ``name`` onto MQTT until SIGINT or SIGTERM.

    Raises:
        ConfigError: There is no such bridge, or it cannot run as told.
        UnreachableError: The broker was not reached.
    """
    configure_logs()
    clock = LiveClock()
    feed = build_feed(name, config.bridges, load_known_indicators(config), clock)
    own = msgspec.structs.replace(config.mqtt, client_id=f"{config.mqtt.client_id}-bridge-{name}", session_expiry_s=0)
    bridge = Bridge(feed, MqttConnection(own), clock, prefix=config.mqtt.prefix)
    asyncio.run(bridge.run(startup_timeout_s=config.live.startup_timeout_s))
