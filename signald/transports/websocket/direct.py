"""A websocket of ``websockets`` that hands whole frames over in the callback of the socket's read."""

from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from signald.transports.websocket.terms import (
    CLOSE_WITHIN_S,
    MOST_UNSENT,
    OPEN_WITHIN_S,
    Made,
    Refusal,
    Take,
    Terms,
    Wire,
)

_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class DirectConnection(ClientConnection):
    """A connection that hands whole frames over instead of queueing them.

    Attributes:
        take: Whom they are handed to.
        bug: What that raised, if it did; the connection is closed then.
    """

    def __init__(self, take: Take, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - websockets' own
        super().__init__(*args, **settings)
        self.take = take
        self._parts: list[bytes] = []
        self._is_silent = False
        self._is_leaving = False
        self.bug: Exception | None = None

    @property
    def why(self) -> str:
        """Why it ended, once it has."""
        return str(self.protocol.close_exc)

    def data_received(self, data: bytes) -> None:
        """Override of the socket's read: a venue that does not close what is at its end is not waited for."""
        super().data_received(data)
        if self.close_deadline is not None and not self._is_leaving:
            self._is_leaving = True
            self.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)

    def process_event(self, event: Event) -> None:
        """Override of the connection's dispatch: data frames are ours."""
        if isinstance(event, Frame) and event.opcode in _DATA:
            if not self._is_silent:
                self._take_part(bytes(event.data), is_last=event.fin)
        else:
            if self.transport.get_write_buffer_size() > MOST_UNSENT:
                self.silence()
            super().process_event(event)

    async def send_text(self, frame: bytes) -> bool:
        """Send a frame; False if the connection is at its end."""
        try:
            await self.send(frame, text=True)
        except ConnectionClosed:
            return False
        return True

    def silence(self) -> None:
        """Hand nothing over any more, and break the connection."""
        self._is_silent = True
        self.transport.abort()

    def _take_part(self, part: bytes, *, is_last: bool) -> None:
        if self._parts or not is_last:
            if part:
                self._parts.append(part)
            if not is_last:
                return
            part = b"".join(self._parts)
            self._parts.clear()
        try:
            self.take(part)
        except Exception as bug:  # noqa: BLE001 - raised to the loop it would be logged and forgotten
            self.bug = bug
            self.silence()


async def open_wire(terms: Terms, take: Take, made: Made) -> Wire | Refusal:
    """Open a connection of ``websockets``, as :class:`signald.transports.websocket.terms.Opener` has it."""

    def create(*args: Any, **settings: Any) -> DirectConnection:  # noqa: ANN401 - websockets' own
        connection = DirectConnection(take, *args, **settings)
        made(connection)
        return connection

    limits = terms.limits
    try:
        opened = await connect(
            terms.url,
            compression=None,  # inflating would stand before every frame
            proxy=None,  # not by way of an environment variable; and never for a server on loopback
            open_timeout=OPEN_WITHIN_S,
            close_timeout=CLOSE_WITHIN_S,
            ping_interval=limits.ping_interval_s,
            ping_timeout=limits.ping_interval_s,
            max_size=limits.max_frame_bytes,
            max_queue=None,  # nothing is queued
            create_connection=cast("type[ClientConnection]", create),
            ssl=terms.tls,
        )
    except InvalidStatus as failure:
        response = failure.response
        return Refusal(str(failure), response.status_code, response.headers.get("Retry-After"))
    except (WebSocketException, OSError, EOFError) as failure:
        return Refusal(str(failure) or type(failure).__name__)
    return cast("DirectConnection", opened)
