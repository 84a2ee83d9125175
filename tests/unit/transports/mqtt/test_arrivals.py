"""PUBLISH packets taken off a socket before paho sees them, and everything else left to it."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.bench.path.packets import acknowledge, publish
from signald.transports.mqtt.arrivals import Arrival, read_publish, take_arrivals, whole_packet

TOPIC = "signald/v1/heartbeat/bls"
PINGRESP = b"\xd0\x00"


class Owner:
    """Writes down what it is given, and in which order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []

    def deliver(self, arrival: Arrival) -> None:
        self.said.append((arrival.topic, arrival.payload))

    def acknowledge(self, packet: bytes) -> None:
        self.said.append(("", packet))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A broker's end and ours, which does not block."""
    theirs, ours = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - its own signature
    with theirs, ours:
        yield theirs, ours


def take(ours: socket.socket, owner: Owner) -> bool:
    return take_arrivals(ours, is_v5=True, deliver=owner.deliver, acknowledge=owner.acknowledge)


def test_messages_are_delivered_in_order_and_acknowledged_after_that(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    theirs, ours = ends
    owner = Owner()
    theirs.sendall(publish(TOPIC, b"one", qos=1, number=1) + publish(TOPIC, b"two", qos=0, number=0))

    rest = take(ours, owner)

    assert not rest
    assert owner.said == [(TOPIC, b"one"), ("", acknowledge(1)), (TOPIC, b"two")]


def test_what_is_no_message_stays_in_the_socket(ends: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = ends
    owner = Owner()
    theirs.sendall(publish(TOPIC, b"one", qos=0, number=0) + PINGRESP + publish(TOPIC, b"two", qos=0, number=0))

    rest = take(ours, owner)

    assert rest
    assert owner.said == [(TOPIC, b"one")]
    assert ours.recv(2) == PINGRESP


def test_a_message_that_is_cut_off_stays_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = ends
    owner = Owner()
    packet = publish(TOPIC, b"x" * 500, qos=1, number=3)
    theirs.sendall(packet[:-1])

    rest = take(ours, owner)

    assert rest
    assert owner.said == []
    assert ours.recv(65_536) == packet[:-1]


def test_an_empty_socket_and_a_closed_one_are_told_apart(ends: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = ends
    owner = Owner()

    is_idle = not take(ours, owner)
    theirs.close()

    assert is_idle
    assert take(ours, owner)  # its end is paho's to read


def test_not_more_than_some_are_taken_at_once(ends: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = ends
    owner = Owner()
    theirs.sendall(b"".join(publish(TOPIC, b"%d" % number, qos=0, number=0) for number in range(40)))

    take(ours, owner)
    at_once = len(owner.said)
    while len(owner.said) < 40:
        take(ours, owner)

    assert 0 < at_once < 40
    assert [payload for _, payload in owner.said] == [b"%d" % number for number in range(40)]


@pytest.mark.parametrize(
    "packet",
    [
        PINGRESP,
        b"\x34\x05\x00\x01a\x00\x01",  # QoS 2
        b"\x30\x05\x00\x01\xff\x00x",  # a topic that is no UTF-8
        b"\x30\x02\x00\x09",  # a topic longer than its packet
        b"\x30\xff\xff\xff\xff\x01",  # a length longer than any
        b"\x30",
    ],
)
def test_what_is_not_ours_to_read_is_left(packet: bytes) -> None:
    assert read_publish(packet, is_v5=True) is None


def test_properties_are_handed_over_as_they_are() -> None:
    properties = b"\x09\x26\x00\x02id\x00\x02me"
    body = b"\x00\x01t" + properties + b"payload"
    packet = b"\x31" + bytes((len(body),)) + body

    arrival = read_publish(packet, is_v5=True)

    assert arrival == (len(packet), "t", b"payload", True, b"", properties)


def test_mqtt_3_has_no_properties() -> None:
    arrival = read_publish(b"\x30\x04\x00\x01t\x00", is_v5=False)

    assert arrival == (6, "t", b"\x00", False, b"", b"")


@given(
    topic=st.text(st.characters(codec="utf-8"), max_size=200),
    payload=st.binary(max_size=400),
    qos=st.sampled_from([0, 1]),
    number=st.integers(1, 65_535),
    tail=st.binary(max_size=20),
)
def test_what_is_written_is_read(topic: str, payload: bytes, qos: int, number: int, tail: bytes) -> None:
    packet = publish(topic, payload, qos=qos, number=number)

    arrival = read_publish(packet + tail, is_v5=True)

    assert arrival == (len(packet), topic, payload, False, number.to_bytes(2, "big") if qos else b"", b"")


@given(st.binary(max_size=64))
def test_any_bytes_are_a_packet_or_none(front: bytes) -> None:
    for is_v5 in (True, False):
        arrival = read_publish(b"\x32" + front, is_v5=is_v5)

        assert arrival is None or arrival.size <= len(front) + 1


@pytest.mark.parametrize("size", [0, 90, 200, 20_000, 3_000_000])
def test_packet_is_put_together_again_as_it_came(size: int) -> None:
    packet = publish(TOPIC, b"x" * size, qos=1, number=7)
    content = packet[packet.index(TOPIC.encode()) - 2 :]

    assert whole_packet(packet[0], content) == packet
