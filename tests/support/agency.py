"""A source of figures, as simple as a client of MQTT can be: a connection for each message."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import paho.mqtt.publish
from paho.mqtt.enums import MQTTProtocolVersion

from signald.simulate.child import LOOPBACK

RELEASE_ID: Final = "us.cpi.yoy:2025-01"


class Agency:
    """Says what is due, and then what it is.

    Attributes:
        now: When it was made.
    """

    def __init__(self, port: int, *, name: str = "agency", times: int = 1) -> None:
        """Take the broker's port.

        Args:
            port: The broker's, for MQTT 5.
            name: The source that it is.
            times: How often each message is published.
        """
        self._port = port
        self._name = name
        self._times = times
        self._sequences = count(1)
        self.now = datetime.now(UTC)  # noqa: TID251 - what the world outside says

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish these bytes; returns when the broker has them."""
        for _ in range(self._times):
            paho.mqtt.publish.single(
                f"signald/v1/{topic}",
                payload,
                qos=1,
                retain=retain,
                hostname=LOOPBACK,
                port=self._port,
                protocol=MQTTProtocolVersion.MQTTv5,
            )

    def schedule(self, release_id: str = RELEASE_ID, *, in_s: float = 0.001, **fields: object) -> None:
        """Promise a figure for a moment after this was made."""
        indicator, period = release_id.split(":")
        promise = {"indicator": indicator, "period": period, "ts_scheduled": self._time(in_s), "prior": 2.9}
        self._say("schedule", release_id, {"consensus": 2.9, **promise, **fields}, retain=True)

    def release(self, release_id: str = RELEASE_ID, **fields: object) -> None:
        """Say the figure."""
        self._say("release", release_id, {"actual": 3.0, "kind": "first", **fields})

    def beat(self, *covers: str) -> None:
        """Say that it is alive, and covers these indicators."""
        stamped = {"source": self._name, "sequence": next(self._sequences), "ts_event": self._time(0.0)}
        self.send(f"heartbeat/{self._name}", json.dumps({**stamped, "covers": covers}).encode())

    def _say(self, what: str, release_id: str, fields: dict[str, Any], *, retain: bool = False) -> None:
        stamped = {
            "release_id": release_id,
            "source": self._name,
            "sequence": next(self._sequences),
            "ts_event": self._time(0.001),
        }
        self.send(f"calendar/{what}/{release_id}/{self._name}", json.dumps(stamped | fields).encode(), retain=retain)

    def _time(self, after_s: float) -> str:
        return (self.now + timedelta(seconds=after_s)).isoformat().replace("+00:00", "Z")
