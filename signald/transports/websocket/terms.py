"""Whose a connection is, and what its venue allows."""

from typing import NamedTuple, Protocol


class FrameOwner(Protocol):
    """Whose connection it is. It is told of one connection after the other, never of two at a time."""

    def on_connected(self) -> None:
        """The connection is open: nothing has come on it yet."""
        ...

    def on_frame(self, frame: bytes) -> None:
        """A whole frame came, text or binary: its bytes."""
        ...

    def on_disconnected(self, reason: str) -> None:
        """The connection is gone: nothing more comes on it."""
        ...


class WebsocketLimits(NamedTuple):
    """What a venue allows, or needs.

    Attributes:
        max_frame_bytes: Largest frame to take; some venues send a whole book of 5 MB in one.
        ping_interval_s: How often we ping; without a pong in as long again the connection is dead. ``None``: never.
            The venue's own pings are answered in any case.
        send_interval_s: Shortest time between two frames of ours.
        attempts_per_minute: Most attempts to connect in any minute, unless an allowance is shared.
    """

    max_frame_bytes: int = 64 << 20
    ping_interval_s: float | None = 20.0
    send_interval_s: float = 0.0
    attempts_per_minute: int = 30


DEFAULT_LIMITS = WebsocketLimits()
