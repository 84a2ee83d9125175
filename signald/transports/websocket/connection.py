"""One websocket connection to a venue: frames as bytes, handed over by direct call, made again for ever.

A whole frame is handed to the owner as soon as it is parsed, in the callback of the socket's read: the queue of
``websockets``, and the task that would wait on it, are left out (direct.py); ``picows`` has none (fast.py). The read is
also what holds the venue back when we are slow: there is no queue that could fill.
"""

import asyncio
from importlib import import_module
from typing import Final

import structlog
from websockets.exceptions import InvalidURI
from websockets.uri import parse_uri

from signald.errors import ConfigError, UnreachableError
from signald.model.time import NS_PER_S
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock
from signald.runtime.mailbox import Mailbox, Overflow
from signald.transports.allowance import TOO_MANY, Allowance
from signald.transports.credentials import client_tls
from signald.transports.http_client import read_retry_after
from signald.transports.settings import Transport, require_transport
from signald.transports.websocket.terms import (
    DEFAULT_LIMITS,
    FrameOwner,
    Opener,
    Refusal,
    Terms,
    WebsocketLimits,
    Wire,
)

_BY_US = "closed by us"
_OUTBOX = 1_024
_LIBRARIES: Final = {"websockets": "direct", "picows": "fast"}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class WebsocketConnection:
    """A connection that is made again for ever.

    Attributes:
        connected: Set while the connection is open.
        connections: How often it was opened.
        last_failure: Why the last attempt or connection ended, ``""`` before any did.
    """

    def __init__(
        self,
        name: str,
        url: str,
        owner: FrameOwner,
        clock: Clock,
        *,
        limits: WebsocketLimits = DEFAULT_LIMITS,
        backoff: Backoff | None = None,
        allowance: Allowance | None = None,
        wanted: bool = True,
    ) -> None:
        """Build a connection that is not open yet.

        Args:
            name: What to call it in logs and errors: the venue's configured name.
            url: ``ws://`` or ``wss://``, with path and query; of no meaning to what is no library for websockets.
            owner: Who is told.
            clock: For lifetimes and limits.
            limits: What the venue allows.
            backoff: Delays between attempts.
            allowance: What the venue bears of all our connections; ``None``: this is the only one.
            wanted: Whether to connect before :meth:`open` says so.

        Raises:
            ConfigError: ``url`` is none, or the library is not installed.
        """
        is_secure = False
        if isinstance(limits.transport, str):
            self._opener = _opener(limits.transport)
            is_secure = _is_secure(name, url)
        else:
            self._opener = limits.transport
        self.name = name
        self._url = url
        self._clock = clock
        self._owner = owner
        self._send_interval_s = limits.send_interval_s
        self._backoff = backoff or Backoff(cap_s=10.0)
        self._allowance = allowance or Allowance(clock, attempts_per_minute=limits.attempts_per_minute)
        self._wanted = asyncio.Event()
        if wanted:
            self._wanted.set()
        self._terms = Terms(url, limits, client_tls(section=name) if is_secure else None)
        self._connection: Wire | None = None
        self._announced = False
        self._dropped = ""
        self._outbox = self._new_outbox()
        self.connected = asyncio.Event()
        self.connections = 0
        self.last_failure = ""

    @property
    def is_up(self) -> bool:
        """Whether the connection is open."""
        return self.connected.is_set()

    async def run(self) -> None:
        """Keep the connection for ever; ends by cancellation, or by whatever ``on_frame`` raises: that is a bug."""
        while True:
            await self._wanted.wait()
            while (left_s := self._allowance.attempt_wait_s()) > 0:  # noqa: ASYNC110  # another may use it up meanwhile
                await asyncio.sleep(left_s)
            if not self._wanted.is_set():
                continue
            self._allowance.attempt()
            opened = self._clock.monotonic()
            reason, wait_s = _BY_US, 0.0
            try:
                ended = await self._serve_one_connection()
                if isinstance(ended, Refusal):
                    reason, wait_s = ended.reason, self._wait_after_s(ended)
                else:
                    reason = ended
            finally:
                self._note_down(reason)
            self._backoff.note_lifetime((self._clock.monotonic() - opened) / NS_PER_S)
            await asyncio.sleep(max(wait_s, self._backoff.next_delay_s()))

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait until the connection is open.

        Raises:
            UnreachableError: That took longer than ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.connected.wait()
        except TimeoutError:
            server = f"venue {self.name}"
            raise UnreachableError(server, self._url, self.last_failure or f"no answer in {timeout_s:g} s") from None

    def send(self, frame: bytes) -> None:
        """Send ``frame`` as text, in order, as soon as the pace allows; forgotten if the connection is lost before."""
        if not self._outbox.offer(frame):
            self.drop(f"{_OUTBOX} frames wait to be sent")

    def open(self) -> None:
        """Connect, if that was not wanted so far."""
        self._wanted.set()

    def close(self, reason: str) -> None:
        """Give the open connection up and make no new one until :meth:`open`."""
        self._wanted.clear()
        self.drop(reason)

    def drop(self, reason: str) -> None:
        """Give the open connection up, hand over nothing more of it, and make a new one."""
        if self._connection is not None and self._announced:
            self._dropped = reason
            self._connection.silence()

    def _wait_after_s(self, refusal: Refusal) -> float:
        """How long the venue wants to be left alone."""
        wait_s = read_retry_after(refusal.retry_after, self._clock.now()) if refusal.status else 0.0
        return self._allowance.ban(wait_s) if refusal.status in TOO_MANY else wait_s

    async def _serve_one_connection(self) -> str | Refusal:
        """Open a connection and see it through to its end; returns why it ended, or was not opened."""
        connection = await self._opener(self._terms, self._take_first, self._made)
        if isinstance(connection, Refusal):
            return connection
        try:
            if not self._wanted.is_set():
                return "not wanted any more"
            self._announce()
            self.connected.set()
            log.info("venue_connected", venue=self.name, connections=self.connections)
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(self._send_outbox(connection), name=f"{self.name}-send")
                await connection.wait_closed()
                sender.cancel()
        finally:
            await connection.close()
        if connection.bug is not None:
            raise connection.bug
        return self._dropped or connection.why

    def _made(self, connection: Wire) -> None:
        self._connection = connection

    async def _send_outbox(self, connection: Wire) -> None:
        while True:
            frame = await self._outbox.get()
            if not await connection.send_text(frame):
                return  # whoever waits for the connection's end knows why
            await asyncio.sleep(self._send_interval_s)

    def _take_first(self, frame: bytes) -> None:
        """Take what came together with the handshake's answer, before we were resumed."""
        self._announce()
        self._owner.on_frame(frame)

    def _announce(self) -> None:
        if not self._announced:
            assert self._connection is not None  # it was made
            self._announced = True
            self.connections += 1
            self._connection.take = self._owner.on_frame
            self._owner.on_connected()

    def _note_down(self, reason: str) -> None:
        self.connected.clear()
        self._connection = None
        self._outbox = self._new_outbox()
        self._dropped = ""
        if self._announced or reason != self.last_failure:
            tell = log.info if reason == _BY_US else log.warning
            tell("venue_disconnected", venue=self.name, reason=reason)
        self.last_failure = reason
        if self._announced:
            self._announced = False
            self._owner.on_disconnected(reason)

    def _new_outbox(self) -> Mailbox[bytes]:
        return Mailbox[bytes](capacity=_OUTBOX, when_full=Overflow.WAIT)


def _is_secure(name: str, url: str) -> bool:
    try:
        return parse_uri(url).secure
    except InvalidURI as failure:
        raise ConfigError(name, str(failure)) from failure


def _opener(transport: Transport) -> Opener:
    """What opens connections by a library; it alone is imported. Raises ``ConfigError`` if it is not installed."""
    require_transport(transport)
    opener: Opener = import_module(f"signald.transports.websocket.{_LIBRARIES[transport]}").open_wire
    return opener
