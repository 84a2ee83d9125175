"""RESP 2 by hand: commands packed, replies read, on a blocking socket.

Source: Redis serialization protocol specification, https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import socket
from typing import Final, TypeAlias

from signald.model.time import Nanos
from signald.runtime.clock import LiveClock

Reply: TypeAlias = "bytes | int | list[Reply] | None"

_CHUNK: Final = 65_536


def pack(*parts: bytes) -> bytes:
    """A command as it goes over the wire."""
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def open_connection(port: int, database: int) -> "RedisSocket":
    """A connection on loopback that has selected ``database``."""
    redis = RedisSocket(port)
    redis.ask(b"SELECT", b"%d" % database)
    return redis


class RedisSocket:
    """A blocking connection.

    Attributes:
        socket: To send on, and to wait for.
        received: When the last bytes that were read came, wall time: what parsing takes here is nobody's latency.
    """

    def __init__(self, port: int) -> None:
        """Connect on loopback."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._at = 0
        self.received: Nanos = 0

    def ask(self, *parts: bytes) -> Reply:
        """Send one command and wait for its reply; raises ``ConnectionError`` if the server refuses it."""
        self.socket.sendall(pack(*parts))
        return self.read()

    def read(self) -> Reply:
        """The next reply, waiting for it; raises ``ConnectionError`` for an error, and at the connection's end."""
        reply = self._read()
        if self._at == len(self._buffer):
            self._buffer, self._at = b"", 0
        return reply

    def _read(self) -> Reply:
        line = self._line()
        kind, rest = line[:1], line[1:]
        match kind:
            case b"+":
                return rest
            case b":":
                return int(rest)
            case b"$":
                return self._bytes(int(rest))
            case b"*":
                return None if rest == b"-1" else [self._read() for _ in range(int(rest))]
            case _:
                raise ConnectionError(line.decode())

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n", self._at)) < 0:
            self._fill()
        line, self._at = self._buffer[self._at : end], end + 2
        return line

    def _bytes(self, length: int) -> bytes | None:
        if length < 0:
            return None
        end = self._at + length
        while len(self._buffer) < end + 2:
            end -= self._fill()
        taken, self._at = self._buffer[end - length : end], end + 2
        return taken

    def _fill(self) -> int:
        """Read more; returns by how much what was read before has moved."""
        chunk = self.socket.recv(_CHUNK)
        self.received = LiveClock.now()
        if not chunk:
            msg = "the server closed the connection"
            raise ConnectionError(msg)
        moved, self._at = self._at, 0
        self._buffer = self._buffer[moved:] + chunk
        return moved
