"""Simulated exchanges in a process of their own: `python -m tests.support.exchanges_apart VENUE…`.

So that what they need of a processor, and of memory, is not taken for what the books need. Each line in is an order,
each line out the answer to it, JSON both; the first line out has the addresses.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from time import process_time
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from signald.model.time import Nanos
from tests.support.simulated_venue import SimulatedVenue, Told
from tests.support.venue_faults import ORDERS

_LONGEST_LINE: Final = 1 << 20


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be done: a venue's market brought up to a time and told of, after a fault was ordered if one is named.

    Without a venue: nothing, but to say how much processor time was used so far.
    """

    venue: str = ""
    ts: Nanos = 0
    fault: str = ""


class Answer(msgspec.Struct, frozen=True):
    """Every book of the venue, and how many faults are still to happen; or the processor time used, in seconds."""

    books: list[Told] = []
    orders: int = 0
    busy_s: float = 0.0


class Addresses(msgspec.Struct, frozen=True):
    """Where one venue listens."""

    ws_url: str
    rest_url: str


_ORDER: Final = msgspec.json.Decoder(Order)
_ANSWER: Final = msgspec.json.Decoder(Answer)
_ADDRESSES: Final = msgspec.json.Decoder(dict[str, Addresses])


class ExchangesApart:
    """The exchanges of some venues, from outside. Used as ``async with``.

    Attributes:
        addresses: Where each listens, by venue.
    """

    def __init__(self, venues: Sequence[str]) -> None:
        self._venues = venues
        self._asked: deque[asyncio.Future[Answer]] = deque()
        self.addresses: dict[str, Addresses] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", __name__, *self._venues),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        self.addresses = _ADDRESSES.decode(await self._line())
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._reader = self._group.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await self._group.__aexit__(None, None, None)
        self._process.kill()
        await self._process.wait()

    async def push(self, venue: str, ts: Nanos, *, fault: str = "") -> Answer:
        """Bring a venue's market up to a time and let it tell what changed, after ordering a fault if there is one."""
        return await self._ask(Order(venue, ts, fault))

    async def busy_s(self) -> float:
        """Seconds of processor time that they used so far."""
        return (await self._ask(Order())).busy_s

    async def _ask(self, order: Order) -> Answer:
        answer = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        return await answer

    async def _read(self) -> None:
        while True:
            answer, asked = _ANSWER.decode(await self._line()), self._asked.popleft()
            if not asked.cancelled():
                asked.set_result(answer)

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            msg = "the exchanges have ended"
            raise AssertionError(msg)
        return line


async def serve(names: Sequence[str]) -> None:
    """Listen, and follow what comes on standard input to its end."""
    venues = {name: SimulatedVenue(name) for name in names}
    lines = asyncio.StreamReader()
    async with AsyncExitStack() as stack:
        for venue in venues.values():
            await stack.enter_async_context(venue.exchange)
        where = {name: Addresses(venue.exchange.ws_url, venue.rest_url) for name, venue in venues.items()}
        _say(where)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            order = _ORDER.decode(line)
            _say(_follow(venues[order.venue], order) if order.venue else Answer(busy_s=process_time()))


def _follow(venue: SimulatedVenue, order: Order) -> Answer:
    venue.clock.ts = order.ts
    if order.fault:
        ORDERS[order.fault](venue)
    venue.exchange.push()
    return Answer(venue.told(), venue.orders)


def _say(what: Any) -> None:  # noqa: ANN401  # JSON
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))
