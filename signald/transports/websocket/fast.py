"""A websocket of ``picows``, which parses frames in compiled code; an extra: ``signald[picows]``."""

import asyncio
import socket
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final

from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSError,
    WSFrame,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,  # pyright: ignore[reportUnknownVariableType]  # its keyword arguments have no types
)
from picows.url import WSParsedURL
from websockets.frames import Close

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

_TEXT: Final = WSMsgType.TEXT
_HEAD_OF: Final = attrgetter("msg_type", "fin", "rsv1", "rsv2", "rsv3")
_WHOLE_TEXT: Final = (_TEXT, 1, 0, 0, 0)
_DATA: Final = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION})
_ABNORMAL: Final = "no close frame received or sent"
_GOING: Final = 1_000


class FastWire(WSListener):
    """A connection that hands whole frames over in the callback of the socket's read.

    Attributes:
        take: Whom they are handed to.
        bug: What that raised, if it did; the connection is broken then.
    """

    def __init__(self, take: Take, *, pings: bool, most: int) -> None:
        """Hand frames of ``most`` bytes to ``take``; ``pings``: whether we ask if the other side is there."""
        super().__init__()
        self.take = take
        self._pings = pings
        self._left = self._most = most
        self._parts: list[bytes] = []
        self._is_between = True  # two frames, and whoever takes them listens
        self._is_silent = False
        self._transport: WSTransport | None = None
        self.bug: Exception | None = None

    @property
    def why(self) -> str:
        """Why it ended, in the words that ``websockets`` has for it."""
        transport = self._transport
        shake = transport.close_handshake if transport is not None else None
        received, sent = (shake.recv, shake.sent) if shake is not None else (None, None)
        told = [
            f"{verb} {Close(int(each.code.value), each.reason or '')}"
            for verb, each in (("received", received), ("then sent" if received else "sent", sent))
            if each is not None
        ]
        if sent is not None and received is None and self._pings and sent.code.value == _GOING + 1:
            return "keepalive ping timeout: " + told[0]
        return "; ".join(told) or _ABNORMAL

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Picows: it is open."""
        self._transport = transport
        if self._is_silent:  # whoever wanted it went away during the handshake
            transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Picows: a frame is there, as long as this takes.

        Nearly all are whole texts; one comparison tells them, for each further look at a frame costs 40 ns, and each at
        a member of ``WSMsgType`` five times as much.
        """
        if self._is_between and _HEAD_OF(frame) == _WHOLE_TEXT and not transport.is_close_frame_sent:
            try:
                self.take(frame.get_payload_as_bytes())
            except Exception as bug:  # noqa: BLE001 - picows would log it and go on
                self._fail(bug)
        else:
            self._take_other(transport, frame)

    def _take_other(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame that is no whole text, or comes amid parts or at the end."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif self._is_silent or transport.is_close_frame_sent:
            return  # picows goes on with what is behind a frame that broke the protocol
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:  # it looks at neither this nor the order of parts
            self._refuse(WSCloseCode.PROTOCOL_ERROR, "reserved bits")
        elif kind in _DATA:
            self._take_part(frame, is_rest=kind == WSMsgType.CONTINUATION)
        elif kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            if transport.underlying_transport.get_write_buffer_size() > MOST_UNSENT:
                self.silence()

    def _take_part(self, frame: WSFrame, *, is_rest: bool) -> None:
        """Take one part of a frame, which may be the whole of it."""
        if is_rest is self._is_between:
            self._refuse(WSCloseCode.PROTOCOL_ERROR, "parts out of order")
            return
        part = frame.get_payload_as_bytes()
        self._left -= len(part)
        if self._left < 0:  # picows looks at each part alone
            self._parts.clear()
            self._refuse(WSCloseCode.MESSAGE_TOO_BIG, f"more than {self._most} bytes")
            return
        if part:
            self._parts.append(part)
        self._is_between = bool(frame.fin)
        if self._is_between:
            whole = b"".join(self._parts)
            self._parts.clear()
            self._left = self._most
            try:
                self.take(whole)
            except Exception as bug:  # noqa: BLE001 - as above
                self._fail(bug)

    def _refuse(self, code: WSCloseCode, why: str) -> None:
        assert self._transport is not None
        self._transport.send_close(code, why.encode())
        self._transport.disconnect()

    async def send_text(self, frame: bytes) -> bool:
        """Send a frame; False if the connection is at its end."""
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return False
        transport.send(_TEXT, frame)
        return True

    def silence(self) -> None:
        """Hand nothing over any more, and break the connection."""
        self._is_silent, self._is_between = True, False
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def wait_closed(self) -> None:
        """Wait for its end."""
        if self._transport is not None:
            with suppress(WSError):  # what was wrong with the frames; the close handshake tells it
                await self._transport.wait_disconnected()

    async def close(self) -> None:
        """End it, and see it closed."""
        transport = self._transport
        if transport is None:
            return
        if not transport.is_disconnected:
            transport.send_close()
            transport.disconnect()
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self.wait_closed()
        except TimeoutError:
            transport.disconnect(graceful=False)
            await self.wait_closed()  # which takes a turn: a loop that ends before leaves the socket open

    def _fail(self, bug: Exception) -> None:
        self.bug = bug
        self.silence()


async def open_wire(terms: Terms, take: Take, made: Made) -> Wire | Refusal:
    """Open a connection of ``picows``, as :class:`signald.transports.websocket.terms.Opener` has it."""
    limits = terms.limits
    interval_s = limits.ping_interval_s
    wire = FastWire(take, pings=interval_s is not None, most=limits.max_frame_bytes)
    made(wire)
    pinging: dict[str, Any] = (
        {}
        if interval_s is None
        else {
            "enable_auto_ping": True,
            "auto_ping_strategy": WSAutoPingStrategy.PING_PERIODICALLY,
            "auto_ping_idle_timeout": interval_s,
            "auto_ping_reply_timeout": interval_s,
        }
    )
    reached: list[socket.socket] = []

    async def reach(at: WSParsedURL) -> socket.socket:
        reached.append(await _reach(at.host, at.port))
        return reached[-1]

    try:
        await ws_connect(
            lambda: wire,
            terms.url,
            ssl_context=terms.tls,
            websocket_handshake_timeout=OPEN_WITHIN_S,
            max_frame_size=limits.max_frame_bytes,
            enable_auto_pong=False,  # ours are bounded
            socket_factory=reach,
            **pinging,
        )
    except asyncio.CancelledError:
        wire.silence()
        for each in reached:  # picows would go on with the handshake
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        raise
    except WSInvalidStatusError as failure:
        response = failure.response
        if response is None:
            return Refusal(str(failure))
        return Refusal(str(failure), int(response.status), response.headers.get("Retry-After"))
    except (WSError, OSError, EOFError, TimeoutError) as failure:
        return Refusal(str(failure) or type(failure).__name__)
    return wire


async def _reach(host: str, port: int) -> socket.socket:
    """Connect to the first of a host's addresses that answers, as ``create_connection`` does; raises ``OSError``."""
    loop = asyncio.get_running_loop()
    failure = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        one = socket.socket(family, kind, protocol)
        one.settimeout(0)
        try:
            await loop.sock_connect(one, address)
        except OSError as error:
            one.close()
            failure = error
        except BaseException:
            one.close()
            raise
        else:
            return one
    raise failure
