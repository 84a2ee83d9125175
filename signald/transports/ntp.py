"""Asks a time server how far our clock is off: SNTP, RFC 5905 section 14; nothing is ever set."""

import asyncio
import struct
from typing import Final

from signald.errors import MalformedFrameError
from signald.model.clock import ClockOffset
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.clock import Clock

_SINCE_1900_S: Final = 2_208_988_800  # from NTP's first era to the Unix epoch
_ERA_S: Final = 1 << 32
_PACKET: Final = struct.Struct(
    "!BBbbII4s4Q"
)  # mode, stratum, poll, precision, root delay and dispersion, id, four times
_CLIENT: Final = 0x23  # version 4, mode 3
_SERVER: Final = 4
_MODE: Final = 0b111
_UNSYNCHRONISED: Final = 3
_HIGHEST_STRATUM: Final = 15
_SHORT: Final = 1 << 16


def to_ntp(ts: Nanos) -> int:
    """A time as NTP's 64 bits: seconds since 1900, modulo 2^32, and their fraction."""
    seconds, rest = divmod(ts, NS_PER_S)
    return ((seconds + _SINCE_1900_S) % _ERA_S) << 32 | (rest << 32) // NS_PER_S


def from_ntp(stamp: int, near: Nanos) -> Nanos:
    """The time that ``stamp`` stands for, in the era that is nearest to ``near``."""
    seconds = (stamp >> 32) - _SINCE_1900_S
    seconds += round((near // NS_PER_S - seconds) / _ERA_S) * _ERA_S
    return seconds * NS_PER_S + ((stamp & (_ERA_S - 1)) * NS_PER_S >> 32)


def build_request(sent: Nanos) -> bytes:
    """What a client sends at ``sent``; the answer repeats its time."""
    return _PACKET.pack(_CLIENT, 0, 0, 0, 0, 0, b"", 0, 0, 0, to_ntp(sent))


def read_answer(answer: bytes, *, sent: Nanos, received: Nanos) -> ClockOffset:
    """What an answer says of our clock: the mean of both ways, in error by half the time they took at most.

    Raises:
        MalformedFrameError: It is no answer to our request, or its server does not know the time.
    """
    where = "ntp"
    if len(answer) < _PACKET.size:
        raise MalformedFrameError(where, "", f"{len(answer)} bytes are no answer")
    mode, stratum, _, _, _, dispersion, _, _, origin, arrived, left = _PACKET.unpack_from(answer)
    if mode & _MODE != _SERVER or origin != to_ntp(sent):
        raise MalformedFrameError(where, "", "is no answer to what was asked")
    if mode >> 6 == _UNSYNCHRONISED or not 1 <= stratum <= _HIGHEST_STRATUM:
        raise MalformedFrameError(where, "stratum", f"the server does not know the time (stratum {stratum})")
    there, back = sent - from_ntp(arrived, sent), received - from_ntp(left, received)
    way = (back - there) // 2
    return ClockOffset(offset_ns=(there + back) // 2, error_ns=max(way, 0) + dispersion * NS_PER_S // _SHORT)


async def ask_time(host: str, port: int, clock: Clock, *, timeout_s: float) -> ClockOffset:
    """Ask once.

    Raises:
        OSError: The server cannot be reached, or did not answer in time.
        MalformedFrameError: It answered something else.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[tuple[bytes, Nanos]] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Asking(clock, answered), remote_addr=(host, port))
    try:
        sent = clock.now()
        transport.sendto(build_request(sent))
        async with asyncio.timeout(timeout_s):
            answer, received = await answered
    finally:
        transport.close()
    return read_answer(answer, sent=sent, received=received)


class _Asking(asyncio.DatagramProtocol):
    """Stamps the first answer."""

    def __init__(self, clock: Clock, answered: "asyncio.Future[tuple[bytes, Nanos]]") -> None:
        self._clock = clock
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take the first."""
        del addr
        if not self._answered.done():
            self._answered.set_result((data, self._clock.now()))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        if not self._answered.done():
            self._answered.set_exception(exc)
