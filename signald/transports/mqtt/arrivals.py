"""Takes PUBLISH packets off the socket before paho sees them: three system calls instead of six, and no detour.

paho reads a packet byte by byte and builds three objects of each; a release waits for that. Here what lies in the
socket is looked at, each whole PUBLISH at QoS 0 or 1 at its front is taken, handed over and acknowledged, and all else
(other packets, packets that are cut off, everything on TLS) is left where it is, to paho.

Source: OASIS MQTT 5.0 and 3.1.1, section 3.3 PUBLISH.
"""

import socket
from collections.abc import Callable
from typing import Final, NamedTuple

_LOOK: Final = 65_536
_AT_ONCE: Final = 16
"""Packets of one look at most: what else waits for the loop must have its turn too."""

_PUBLISH: Final = 0x30
_KIND: Final = 0xF0
_RETAIN: Final = 0x01
_QOS: Final = 0x06
_QOS_1: Final = 0x02
_QOS_2: Final = 0x04
_MORE: Final = 0x80
_LENGTH_BYTES: Final = 4
_PUBACK: Final = b"\x40\x02"


class Arrival(NamedTuple):
    """One PUBLISH.

    Attributes:
        size: Bytes that it takes.
        topic: The whole topic.
        payload: The bytes.
        retained: The broker had kept it.
        number: What an acknowledgement names, two bytes; empty at QoS 0.
        properties: MQTT 5 properties with their length; empty where there are none.
    """

    size: int
    topic: str
    payload: bytes
    retained: bool
    number: bytes
    properties: bytes


def read_publish(front: bytes, *, is_v5: bool) -> Arrival | None:
    """The PUBLISH at the beginning of ``front``; ``None`` if it is another packet, or cut off, or malformed."""
    if len(front) < 2 or front[0] & _KIND != _PUBLISH or front[0] & _QOS_2:  # noqa: PLR2004 - the shortest packet
        return None
    found = _length(front, 1)
    if found is None:
        return None
    length, at = found
    end = at + length
    if length < 2 or end > len(front):  # noqa: PLR2004 - the length of a topic
        return None
    topic_end = at + 2 + (front[at] << 8 | front[at + 1])
    number_end = topic_end + 2 if front[0] & _QOS_1 else topic_end
    payload_from = number_end
    if is_v5:
        found = _length(front[:end], number_end)
        if found is None:
            return None
        payload_from = found[1] + found[0]
    if payload_from > end:
        return None
    try:
        topic = front[at + 2 : topic_end].decode()
    except UnicodeDecodeError:
        return None
    properties = front[number_end:payload_from]
    return Arrival(
        size=end,
        topic=topic,
        payload=front[payload_from:end],
        retained=bool(front[0] & _RETAIN),
        number=front[topic_end:number_end],
        properties=b"" if properties == b"\x00" else properties,
    )


def whole_packet(command: int, content: bytes) -> bytes:
    """A packet as it came, from its first byte and what stood behind its length."""
    head, rest = [command], len(content)
    while rest >= _MORE:
        head.append(rest % _MORE | _MORE)
        rest //= _MORE
    return bytes((*head, rest)) + content


def take_arrivals(
    connection: socket.socket,
    *,
    is_v5: bool,
    deliver: Callable[[Arrival], None],
    acknowledge: Callable[[bytes], None],
) -> bool:
    """Deliver each whole PUBLISH at the front of what ``connection`` holds; returns whether paho is to read the rest.

    Each leaves the socket before it is delivered, and is acknowledged (QoS 1) when ``deliver`` has returned.

    Args:
        connection: Not blocking, and not TLS.
        is_v5: Which MQTT is spoken.
        deliver: Must not raise.
        acknowledge: Sends these bytes.

    Raises:
        OSError: The connection is broken.
    """
    try:
        front = connection.recv(_LOOK, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    if not front:
        return True  # its end: paho knows what to do
    for _ in range(_AT_ONCE):
        if not front:
            break
        arrival = read_publish(front, is_v5=is_v5)
        if arrival is None:
            return True
        connection.recv(arrival.size)
        front = front[arrival.size :]
        deliver(arrival)
        if arrival.number:
            acknowledge(_PUBACK + arrival.number)
    return False


def _length(packet: bytes, at: int) -> tuple[int, int] | None:
    """A variable byte integer at ``at``, and what lies behind it; ``None`` if it is cut off, or longer than any."""
    value = 0
    for place, digit in enumerate(packet[at : at + _LENGTH_BYTES]):
        value |= (digit & (_MORE - 1)) << 7 * place
        if not digit & _MORE:
            return value, at + place + 1
    return None
