"""Owners that write down what a transport told them, and waiting for it without blocking the loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from signald.transports.mqtt import MqttMessage
from tests.support.waiting import NotInTimeError

Seen = TypeVar("Seen")

_POLL_S = 0.002


async def until(condition: Callable[[], object], *, within_s: float = 8.0) -> None:
    """Wait until ``condition`` is true; fails the test if it is not in time."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - what is waited for may happen in another process
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        msg = f"not so within {within_s} s: {condition}"
        raise NotInTimeError(msg) from None


async def until_seen(look: Callable[[], Awaitable[Seen]], expected: Seen, *, within_s: float = 8.0) -> None:
    """Wait until what ``look`` finds is ``expected``; fails the test, showing what it found last, if not in time."""
    found = await look()
    try:
        async with asyncio.timeout(within_s):
            while found != expected:
                await asyncio.sleep(_POLL_S)
                found = await look()
    except TimeoutError:
        msg = f"not {expected!r} within {within_s} s, but {found!r}"
        raise NotInTimeError(msg) from None


class MqttOwner:
    """Takes messages; ``fails_on`` names payloads it cannot handle."""

    def __init__(self, *, fails_on: frozenset[bytes] = frozenset()) -> None:
        self.told: list[str] = []
        self.messages: list[MqttMessage] = []
        self.quarantined: list[tuple[bytes, str]] = []
        self._fails_on = fails_on

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    def on_connected(self) -> None:
        self.told.append("connected")

    def on_disconnected(self, reason: str) -> None:
        self.told.append(f"disconnected: {reason}")

    def on_message(self, message: MqttMessage) -> None:
        if message.payload in self._fails_on:
            raise ArithmeticError(message.payload.decode())
        if not self.messages:
            self.told.append("message")
        self.messages.append(message)

    def on_quarantine(self, message: MqttMessage, failure: Exception) -> None:
        self.quarantined.append((message.payload, repr(failure)))
