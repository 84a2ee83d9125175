"""Real feeds onto MQTT, one module each: the daemon hears the contract's messages and knows no vendor."""

from signald.bridges.bridge import Bridge, Deliver, Feed
from signald.bridges.ledger import Ledger
from signald.bridges.registry import BRIDGES, build_feed

__all__ = ["BRIDGES", "Bridge", "Deliver", "Feed", "Ledger", "build_feed"]
