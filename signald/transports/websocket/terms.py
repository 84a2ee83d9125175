"""Whose a connection is, what its venue allows, and what a library that carries it must do."""

import ssl
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeAlias

from signald.transports.settings import Transport

CLOSE_WITHIN_S: Final = 1.0
OPEN_WITHIN_S: Final = 10.0
MOST_UNSENT: Final = 1 << 20
"""Bytes of answers to pings that may wait for a venue that reads none; what is beyond would be memory without end."""
TOO_LONG: Final = "sent 1009"
"""Stands in the reason for which a connection ended on which a frame was longer than it may be (RFC 6455, 7.4.1)."""


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
        max_frame_bytes: Largest frame to take, whole or in parts; some venues send a whole book of 5 MB in one.
        ping_interval_s: How often we ping; without a pong in as long again the connection is dead. ``None``: never.
            The venue's own pings are answered in any case.
        send_interval_s: Shortest time between two frames of ours.
        attempts_per_minute: Most attempts to connect in any minute, unless an allowance is shared.
        transport: Which library carries the frames, or what opens connections that are no websockets of ours.
    """

    max_frame_bytes: int = 64 << 20
    ping_interval_s: float | None = 20.0
    send_interval_s: float = 0.0
    attempts_per_minute: int = 30
    transport: "Transport | Opener" = "websockets"


DEFAULT_LIMITS = WebsocketLimits()


class Terms(NamedTuple):
    """How a connection is to be opened; ``tls`` is ``None`` for ``ws://``."""

    url: str
    limits: WebsocketLimits
    tls: ssl.SSLContext | None


class Refusal(NamedTuple):
    """Why a connection could not be opened; ``status`` is HTTP's, 0 if there was no answer of that kind."""

    reason: str
    status: int = 0
    retry_after: str | None = None


class Wire(Protocol):
    """One open connection. Frames go to whom :class:`Opener` was told, in the callback of the socket's read."""

    take: "Take"
    """Who is given the frames."""
    bug: Exception | None
    """What taking a frame raised, if it did; the connection breaks then."""

    @property
    def why(self) -> str:
        """Why it ended, once it has."""
        ...

    async def send_text(self, frame: bytes) -> bool:
        """Send a frame; False if the connection is at its end."""
        ...

    def silence(self) -> None:
        """Hand nothing over any more, and break the connection."""
        ...

    async def wait_closed(self) -> None:
        """Wait for its end."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


Take: TypeAlias = Callable[[bytes], None]
Made: TypeAlias = Callable[[Wire], None]


class Opener(Protocol):
    """What opens a connection by one library."""

    async def __call__(self, terms: Terms, take: Take, made: Made, /) -> Wire | Refusal:
        """Open it; ``made`` is told of the wire before ``take`` is of its first frame."""
        ...
