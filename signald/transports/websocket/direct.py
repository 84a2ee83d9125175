"""A websocket of ``websockets`` that hands whole frames over in the callback of the socket's read."""

from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class DirectConnection(ClientConnection):
    """A connection that hands whole frames over instead of queueing them.

    Attributes:
        bug: What the owner raised, if it did; the connection is closed then.
    """

    def __init__(self, take: Callable[[bytes], None], *args: Any, **settings: Any) -> None:  # noqa: ANN401 - websockets' own
        super().__init__(*args, **settings)
        self._take = take
        self._parts: list[bytes] = []
        self._is_silent = False
        self.bug: Exception | None = None

    def process_event(self, event: Event) -> None:
        """Override of the connection's dispatch: data frames are ours."""
        if isinstance(event, Frame) and event.opcode in _DATA:
            if not self._is_silent:
                self._take_part(bytes(event.data), is_last=event.fin)
        else:
            super().process_event(event)

    def silence(self) -> None:
        """Hand nothing over any more, and break the connection."""
        self._is_silent = True
        self.transport.abort()

    def _take_part(self, part: bytes, *, is_last: bool) -> None:
        if self._parts or not is_last:
            self._parts.append(part)
            if not is_last:
                return
            part = b"".join(self._parts)
            self._parts.clear()
        try:
            self._take(part)
        except Exception as bug:  # noqa: BLE001 - raised to the loop it would be logged and forgotten
            self.bug = bug
            self.silence()
