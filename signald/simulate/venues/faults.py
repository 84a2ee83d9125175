"""What can go wrong on command: with the frames of one stream, and with the answers of the HTTP side."""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

FrameFault: TypeAlias = Callable[[str], list[str]]
"""What is really sent, in order, in place of one frame."""


class FrameFaults:
    """Stands between one stream and its readers; frames pass untouched until a fault is ordered.

    Each order is for the next frames only and they queue up; after the last the stream is whole again.
    """

    def __init__(self) -> None:
        """Order nothing."""
        self._orders: deque[FrameFault] = deque()
        self._held: list[str] = []

    @property
    def orders(self) -> int:
        """How many frames are still to be tampered with."""
        return len(self._orders)

    def drop(self, frames: int = 1) -> None:
        """Lose the next ``frames`` frames."""
        self._orders.extend([_lose] * frames)

    def duplicate(self, frames: int = 1) -> None:
        """Send each of the next ``frames`` frames twice."""
        self._orders.extend([_repeat] * frames)

    def reorder(self) -> None:
        """Send the next frame after the one that follows it."""
        self._orders.extend([self._hold, lambda frame: [frame, *self._release()]])

    def delay(self, frames: int) -> None:
        """Hold the next ``frames`` frames back; they go out in order with the one after them."""
        self._orders.extend([self._hold] * frames)
        self._orders.append(lambda frame: [*self._release(), frame])

    def truncate(self, *, keep: float = 0.5) -> None:
        """Send only the first ``keep`` (a share) of the next frame's text."""
        self._orders.append(lambda frame: [frame[: int(len(frame) * keep)]])

    def replace(self, make: Callable[[str], str]) -> None:
        """Send what ``make`` makes of the next frame."""
        self._orders.append(lambda frame: [make(frame)])

    def __call__(self, frame: str) -> list[str]:
        """What is really sent in place of ``frame``, in order."""
        return self._orders.popleft()(frame) if self._orders else [frame]

    def _hold(self, frame: str) -> list[str]:
        self._held.append(frame)
        return []

    def _release(self) -> list[str]:
        held, self._held = self._held, []
        return held


def _lose(_frame: str) -> list[str]:
    return []


def _repeat(frame: str) -> list[str]:
    return [frame, frame]


class HttpFaults:
    """Stands before the HTTP side; requests are answered rightly until a fault is ordered.

    Attributes:
        stale_snapshots: How many of the next snapshots are answered with the one before.
    """

    def __init__(self) -> None:
        """Order nothing."""
        self._refusals: deque[tuple[int, int]] = deque()
        self.stale_snapshots = 0

    @property
    def orders(self) -> int:
        """How many answers are still to be tampered with."""
        return len(self._refusals) + self.stale_snapshots

    def refuse(self, status: int = 429, *, retry_after_s: int = 1, times: int = 1) -> None:
        """Answer the next ``times`` requests with ``status`` and the header ``Retry-After``."""
        self._refusals.extend([(status, retry_after_s)] * times)

    def next_refusal(self) -> tuple[int, int] | None:
        """Status and seconds for this request; ``None`` if it is to be answered."""
        return self._refusals.popleft() if self._refusals else None
