"""A real datagram to a server that knows the time, one that does not, and one that is not there."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from signald.errors import MalformedFrameError
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK, free_port
from signald.transports.ntp import ask_time, to_ntp

CLOCK = LiveClock()


class TimeServer(asyncio.DatagramProtocol):
    """Answers as RFC 5905 has it, by a clock that is ``ahead`` of ours."""

    def __init__(self, ahead: int, stratum: int) -> None:
        self.ahead, self.stratum = ahead, stratum

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - datagrams come on one
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        now = to_ntp(CLOCK.now() + self.ahead)
        (sent,) = struct.unpack("!Q", data[40:48])
        self.transport.sendto(
            struct.pack("!BBbbII4s4Q", 0x24, self.stratum, 6, -20, 0, 0, b"", now, sent, now, now), addr
        )


@asynccontextmanager
async def time_server(*, ahead: int = 0, stratum: int = 2) -> AsyncGenerator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: TimeServer(ahead, stratum), local_addr=(LOOPBACK, 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def test_how_far_our_clock_is_behind_is_measured_within_its_own_error() -> None:
    async with time_server(ahead=5 * NS_PER_S) as port:
        found = await ask_time(LOOPBACK, port, CLOCK, timeout_s=5.0)

    assert abs(found.offset_ns + 5 * NS_PER_S) <= found.error_ns + 1_000


async def test_a_server_that_does_not_know_the_time_is_not_believed() -> None:
    async with time_server(stratum=16) as port:
        with pytest.raises(MalformedFrameError, match="does not know the time"):
            await ask_time(LOOPBACK, port, CLOCK, timeout_s=5.0)


async def test_a_server_that_is_not_there_is_an_error_in_time() -> None:
    with pytest.raises(OSError, match=r".*"):
        await ask_time(LOOPBACK, free_port(), CLOCK, timeout_s=1.0)
