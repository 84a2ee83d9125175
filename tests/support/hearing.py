"""What a daemon would understand of what a bridge publishes."""

import asyncio

from signald.runtime.clock import LiveClock
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.transports.mqtt import MqttMessage
from tests.support.feed_truth import INDICATORS


class Listener:
    """Reads what comes on the topics of the contract.

    Attributes:
        events: What was understood, and what was refused, in order.
    """

    def __init__(self) -> None:
        """Nothing came yet."""
        self.events: list[object] = []
        self._came = asyncio.Event()
        self._calendar = MqttCalendar(INDICATORS)

    def __call__(self, message: MqttMessage) -> None:
        """Take a message."""
        topic = message.topic.removeprefix("signald/v1/")
        self.events += self._calendar.on_message(topic, message.payload, LiveClock.now()).events
        self._came.set()

    async def until(self, *kinds: type, within_s: float = 9.0) -> None:
        """Wait until at least one event of each kind has come."""
        async with asyncio.timeout(within_s):
            while not all(any(isinstance(event, kind) for event in self.events) for kind in kinds):
                await self.came()

    async def came(self) -> None:
        """Wait for the next message."""
        await self._came.wait()
        self._came.clear()
