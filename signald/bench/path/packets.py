"""MQTT 5 by hand: the few packets that publishing and subscribing at QoS 0 and 1 need.

Source: OASIS MQTT 5.0, sections 2.1 (fixed header), 3.1 CONNECT, 3.3 PUBLISH, 3.4 PUBACK, 3.8 SUBSCRIBE.
"""

import socket
from collections.abc import Iterator
from typing import Final, NamedTuple

CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
SUBACK: Final = 9
_LEVEL: Final = 5
_CLEAN_START: Final = 0x02
_MORE: Final = 0x80
_CHUNK: Final = 65_536


class Packet(NamedTuple):
    """One packet: its kind, the flags of its first byte, and what follows the fixed header."""

    kind: int
    flags: int
    body: bytes


class Published(NamedTuple):
    """What a PUBLISH says; ``number`` is 0 at QoS 0."""

    topic: bytes
    number: int
    payload: bytes


def open_session(port: int, client_id: str) -> socket.socket:
    """A connection on loopback that the broker has accepted; raises ``ConnectionError`` if it does not."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = _text(b"MQTT") + bytes((_LEVEL, _CLEAN_START)) + (600).to_bytes(2, "big") + b"\x00"
    connection.sendall(_packet(0x10, head + _text(client_id.encode())))
    answer = next(Inbox(connection).packets())
    if answer.kind != CONNACK or answer.body[1]:
        msg = f"the broker on port {port} refused {client_id}"
        raise ConnectionError(msg)
    return connection


def subscribe(topic: str, *, qos: int) -> bytes:
    """A SUBSCRIBE to one topic filter."""
    return _packet(0x82, b"\x00\x01\x00" + _text(topic.encode()) + bytes((qos,)))


def publish(topic: str, payload: bytes, *, qos: int, number: int, retain: bool = False) -> bytes:
    """A PUBLISH; ``number`` (1 to 65,535) identifies it at QoS 1."""
    numbered = number.to_bytes(2, "big") if qos else b""
    return _packet(0x30 | qos << 1 | retain, _text(topic.encode()) + numbered + b"\x00" + payload)


def acknowledge(number: int) -> bytes:
    """A PUBACK."""
    return b"\x40\x02" + number.to_bytes(2, "big")


def read_publish(packet: Packet) -> Published:
    """Take a PUBLISH apart; its properties are passed over."""
    body = packet.body
    at = 2 + int.from_bytes(body[:2], "big")
    topic, number = body[2:at], 0
    if packet.flags & 0x06:
        number = int.from_bytes(body[at : at + 2], "big")
        at += 2
    length, at = _read_length(body, at)
    return Published(topic, number, body[at + length :])


class Inbox:
    """Packets as they come on one connection."""

    def __init__(self, connection: socket.socket) -> None:
        """Read from ``connection``."""
        self._connection = connection
        self._buffer = b""

    def packets(self) -> Iterator[Packet]:
        """All packets, waiting for each; ends when the connection does."""
        while True:
            yield from self.waiting()
            chunk = self._connection.recv(_CHUNK)
            if not chunk:
                return
            self._buffer += chunk

    def take(self) -> Iterator[Packet]:
        """The packets that one read gives; raises ``ConnectionError`` at the end of the connection."""
        chunk = self._connection.recv(_CHUNK)
        if not chunk:
            msg = "the broker closed the connection"
            raise ConnectionError(msg)
        self._buffer += chunk
        return self.waiting()

    def waiting(self) -> Iterator[Packet]:
        """The whole packets that were read and not taken."""
        while len(self._buffer) > 1:
            try:
                length, at = _read_length(self._buffer, 1)
            except IndexError:
                return
            if len(self._buffer) < at + length:
                return
            first, body = self._buffer[0], self._buffer[at : at + length]
            self._buffer = self._buffer[at + length :]
            yield Packet(first >> 4, first & 0x0F, body)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text


def _length(value: int) -> bytes:
    """Variable byte integer, section 1.5.5."""
    out = bytearray()
    while True:
        value, digit = divmod(value, _MORE)
        out.append(digit | (_MORE if value else 0))
        if not value:
            return bytes(out)


def _read_length(body: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer at ``at``, and what lies behind it; raises ``IndexError`` where it is cut off."""
    value, shift = 0, 0
    while True:
        digit = body[at]
        at += 1
        value |= (digit & (_MORE - 1)) << shift
        if not digit & _MORE:
            return value, at
        shift += 7
