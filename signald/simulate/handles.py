"""What the playback moves and asks: everybody's clock, a venue's books, the daemon's engine."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import msgspec

from signald.model.time import Nanos
from signald.runtime.clock import Clock


class EngineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon says of its engine.

    Attributes:
        now: Its clock when it said so.
        next_deadline: When the engine is next due; ``None``: never.
        rows_ts: Ingestion time of the live book on the board that is oldest; 0: none yet.
    """

    now: Nanos
    next_deadline: Nanos | None
    rows_ts: Nanos = 0


AskEngine: TypeAlias = Callable[[], Awaitable[EngineStatus]]


class MovableClock(Clock, Protocol):
    """A clock that the playback sets for everybody."""

    def set_now(self, ts: Nanos) -> None:
        """Let it be ``ts``."""
        ...


class PushesFrames(Protocol):
    """A venue that can be told to tell its books now."""

    def push(self) -> None:
        """Send a frame of this moment."""
        ...
