"""A source of the calendar as a careful one behaves: retained schedules, heartbeats, figures at QoS 1.

It says again what it said last when it has lost its broker, because a broker may come back with nothing: the same bytes
with the same sequences, several times, since it cannot know when those who listen have come back as well.
"""

import asyncio
import json
import random
from typing import Final, NamedTuple

from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK
from signald.transports.mqtt import MqttConnection
from signald.transports.settings import MqttConfig

NAME: Final = "chaos"
_BEAT_EVERY_S: Final = 1.0
_AHEAD_NS: Final = NS_PER_S

# Consensus and a surprise that is not beyond belief.
_SERIES: Final = {
    "us.nfp": (150.0, 20.0),
    "us.unemployment_rate": (4.2, 0.1),
    "us.cpi.yoy": (2.9, 0.1),
    "us.core_cpi.yoy": (3.2, 0.1),
    "us.ppi.yoy": (3.3, 0.1),
    "us.pce.yoy": (2.5, 0.1),
    "us.core_pce.yoy": (2.7, 0.1),
}


class Figure(NamedTuple):
    """One figure of a case."""

    release_id: str
    consensus: float
    actual: float


class Message(NamedTuple):
    """What was published, to be published again."""

    topic: str
    payload: bytes
    retain: bool


class Source:
    """One source. Its time is the machine's plus ``shift``.

    Attributes:
        shift: What its clock is ahead of the machine's.
    """

    def __init__(self, port: int, rng: random.Random) -> None:
        self.connection = MqttConnection(
            MqttConfig(host=LOOPBACK, port=port, client_id="chaos-source", session_expiry_s=0, keepalive_s=4)
        )
        self.shift: Nanos = 0
        self._rng = rng
        self._periods = 0
        self._sequence = 0
        self._said: list[Message] = []

    def now(self) -> Nanos:
        """Its time."""
        return LiveClock.now() + self.shift

    def plan(self) -> list[list[Figure]]:
        """Bundles of figures for a case: releases that were never spoken of before."""
        self._periods += 1
        period = f"{2030 + self._periods // 12}-{1 + self._periods % 12:02d}"
        names = self._rng.sample(sorted(_SERIES), k=self._rng.choice([1, 2, 3, 4]))
        figures: list[Figure] = []
        for name in names:
            consensus, step = _SERIES[name]
            actual = round(consensus + step * self._rng.choice([-2, -1, 0, 1, 2]), 1)
            figures.append(Figure(f"{name}:{period}", consensus, actual))
        middle = self._rng.randint(1, len(figures))
        return [bundle for bundle in (figures[:middle], figures[middle:]) if bundle]

    async def schedule(self, bundles: list[list[Figure]]) -> None:
        """Promise the figures: each bundle for a time of its own, in a second's time."""
        self._said.clear()
        for place, bundle in enumerate(bundles):
            ts_scheduled = self.now() + _AHEAD_NS + place * 1_000_000
            for figure in bundle:
                indicator, period = figure.release_id.split(":")
                fields: dict[str, object] = {
                    "indicator": indicator,
                    "period": period,
                    "ts_scheduled": format_rfc3339(ts_scheduled),
                    "consensus": figure.consensus,
                    "prior": figure.consensus,
                }
                await self._say("schedule", figure.release_id, fields, retain=True)

    async def release(self, figure: Figure) -> None:
        """Say a figure; returns when the broker has it."""
        await self._say("release", figure.release_id, {"actual": figure.actual, "kind": "first"}, retain=False)

    async def say_again(self) -> None:
        """Publish once more all that was said in this case."""
        for message in list(self._said):
            await self.connection.publish(message.topic, message.payload, retain=message.retain)

    async def beat(self) -> int:
        """Say that it lives; the heartbeat's sequence."""
        fields = self._stamped({"covers": ["us.*"]})
        sequence = self._sequence
        await self.connection.publish(f"signald/v1/heartbeat/{NAME}", json.dumps(fields).encode(), qos=0)
        return sequence

    async def keep_beating(self) -> None:
        """Beat for ever."""
        while True:
            await self.beat()
            await asyncio.sleep(_BEAT_EVERY_S)

    async def _say(self, what: str, release_id: str, fields: dict[str, object], *, retain: bool) -> None:
        payload = json.dumps(self._stamped({"release_id": release_id, **fields})).encode()
        message = Message(f"signald/v1/calendar/{what}/{release_id}/{NAME}", payload, retain)
        self._said.append(message)
        await self.connection.publish(message.topic, message.payload, retain=message.retain)

    def _stamped(self, fields: dict[str, object]) -> dict[str, object]:
        self._sequence = max(self._sequence + 1, self.now())
        return {**fields, "source": NAME, "sequence": self._sequence, "ts_event": format_rfc3339(self.now())}
