"""HTTP GET for what a venue gives in no other way: snapshots of books.

The standard library reads the answer and asyncio the socket: aiohttp would do the same for half a second of import, and
needs are small: a request every few minutes, one connection each, no cookies, no redirects, no proxy.
"""

import asyncio
import http.client
import io
import socket
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import structlog

from signald.errors import ConfigError
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.clock import Clock
from signald.transports.allowance import TOO_MANY, Allowance
from signald.transports.credentials import client_tls

_LONGEST_BAN_S = 3 * 86_400.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Fetched(NamedTuple):
    """What came of a GET.

    Attributes:
        body: The answer's body, empty if there was none worth having.
        problem: Why ``body`` is empty, ``""`` if it is not.
        retry_after_s: How long the server wants to be left alone.
    """

    body: bytes
    problem: str = ""
    retry_after_s: float = 0.0


class HttpClient:
    """Asks one server, and leaves it alone for as long as it wants to be."""

    def __init__(
        self,
        name: str,
        base_url: str,
        clock: Clock,
        *,
        allowance: Allowance | None = None,
        timeout_s: float = 10.0,
        max_body_bytes: int = 64 << 20,
        on_too_long: Callable[[], None] = lambda: None,
    ) -> None:
        """Build a client; nothing is connected.

        Args:
            name: What to call it in errors: the venue's configured name.
            base_url: ``http://`` or ``https://``; a path is put before each request's.
            clock: For what the server says of time.
            allowance: What the server bears; ``None``: nobody else asks it.
            timeout_s: Longest time from connecting to the last byte.
            max_body_bytes: Largest answer to read.
            on_too_long: Told of each that was larger.

        Raises:
            ConfigError: ``base_url`` is no HTTP URL.
        """
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as failure:
            raise ConfigError(name, f"{base_url!r}: {failure}") from failure
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(name, f"{base_url!r} is not an http:// or https:// URL")
        self._host = parts.hostname
        self._host_header = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._tls = client_tls(section=name) if parts.scheme == "https" else None
        self._port = port or (443 if self._tls else 80)
        self._clock = clock
        self.allowance = allowance or Allowance(clock)
        self._timeout_s = timeout_s
        self._max_bytes = max_body_bytes
        self._on_too_long = on_too_long

    async def get(self, path: str) -> Fetched:
        """Ask for ``path`` (with its query) below the base URL; never raises for what the server or network does.

        While the server wants to be left alone it is not asked: the answer says for how much longer.
        """
        left_s = self.allowance.ban_left_s()
        if left_s > 0:
            return Fetched(b"", f"asked to wait {left_s:.1f} s more", left_s)
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._exchange(f"{self._path}/{path.lstrip('/')}")
            return self._judge(parse_response(raw))
        except TimeoutError:
            return Fetched(b"", f"no whole answer in {self._timeout_s:g} s")
        except (OSError, http.client.HTTPException, ValueError) as failure:
            return Fetched(b"", str(failure) or type(failure).__name__)

    async def _exchange(self, target: str) -> bytes:
        """Everything the server sends for one request."""
        request = (
            f"GET {target} HTTP/1.1\r\nHost: {self._host_header}\r\nUser-Agent: signald\r\n"
            "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            writer.write(request.encode("ascii"))
            received = bytearray()
            while chunk := await reader.read(1 << 18):
                received += chunk
                if len(received) > self._max_bytes:
                    self._on_too_long()
                    msg = f"the answer is longer than {self._max_bytes} bytes"
                    raise ValueError(msg)
            return bytes(received)
        finally:
            writer.transport.abort()

    def _judge(self, response: "Response") -> Fetched:
        if response.status in TOO_MANY:
            wait_s = self.allowance.ban(read_retry_after(response.retry_after, self._clock.now()))
            log.warning("http_told_to_wait", host=self._host, status=response.status, wait_s=wait_s)
            return Fetched(b"", f"HTTP {response.status}", wait_s)
        if response.status != http.client.OK:
            wait_s = read_retry_after(response.retry_after, self._clock.now())
            return Fetched(b"", f"HTTP {response.status} {response.reason}", wait_s)
        return Fetched(response.body, "" if response.body else "the body is empty")


class Response(NamedTuple):
    """An HTTP answer; ``retry_after`` is the header's text, ``None`` without one."""

    status: int
    reason: str
    retry_after: str | None
    body: bytes


def parse_response(raw: bytes) -> Response:
    """Read the answer out of all that came on a connection.

    Raises:
        http.client.HTTPException: It is no answer, or not a whole one.
    """
    response = http.client.HTTPResponse(cast("socket.socket", _Received(raw)), method="GET")
    response.begin()
    try:
        body = response.read()
    except OverflowError as error:  # of a length that no memory has
        raise http.client.HTTPException(str(error)) from error
    return Response(response.status, response.reason, response.getheader("Retry-After"), body)


def read_retry_after(text: str | None, now: Nanos) -> float:
    """Seconds that a ``Retry-After`` asks for, in seconds or as a date (RFC 9110, 10.2.3); 0 if it says nothing."""
    if text is None:
        return 0.0
    stripped = text.strip()
    if stripped.isdecimal():
        return min(float(stripped), _LONGEST_BAN_S)
    try:
        until = parsedate_to_datetime(stripped)
        wait_s = until.timestamp() - now / NS_PER_S
    except (ValueError, OverflowError):  # a year or a zone that no calendar has
        return 0.0
    return min(max(0.0, wait_s), _LONGEST_BAN_S)


class _Received:
    """Bytes that were received, as the standard library's parser wants them: from a socket."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self._raw)
