"""A link's requests on a real HTTP server: each at its own time, and all as late as the venue says."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from signald.live.requests import Requests
from signald.model.time import NS_PER_S
from signald.sources.protocol import Request
from signald.transports.http_client import HttpClient
from tests.support.clocks import HandClock
from tests.support.recording import until


class Venue:
    """Answers with the path; the first ``refusals`` requests with 429, ``/slow`` not before it is let."""

    def __init__(self) -> None:
        self.clock = HandClock(NS_PER_S)
        self.asked: list[str] = []
        self.answers: list[tuple[str, bytes]] = []
        self.refusals = 0
        self.slow = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[Requests]:
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server, asyncio.TaskGroup() as group:
            http = HttpClient("venue", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", self.clock)
            requests = Requests("venue", http, self.clock, answer=lambda tag, body: self.answers.append((tag, body)))
            task = group.create_task(requests.run())
            yield requests
            self.slow.set()
            task.cancel()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked.append(path)
        if path == "/slow":
            await self.slow.wait()
        if self.refusals:
            self.refusals -= 1
            writer.write(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path.encode()))
        await writer.drain()
        writer.close()


@pytest.fixture
async def venue() -> Venue:
    return Venue()


async def test_a_request_that_must_wait_does_not_delay_its_neighbours(venue: Venue) -> None:
    async with venue.serving() as requests:
        requests.offer(Request("late", "/late", not_before=60 * NS_PER_S))
        requests.offer(Request("hanging", "/slow"))
        requests.offer(Request("now", "/now"))

        await until(lambda: venue.answers)

        assert venue.answers == [("now", b"/now")]
        venue.clock.ts = 60 * NS_PER_S
        await until(lambda: ("late", b"/late") in venue.answers)


async def test_a_newer_request_takes_the_place_of_the_one_that_waits(venue: Venue) -> None:
    async with venue.serving() as requests:
        requests.offer(Request("book", "/old", not_before=60 * NS_PER_S))
        requests.offer(Request("book", "/new", not_before=60 * NS_PER_S))
        requests.offer(Request("other", "/other"))
        await until(lambda: venue.answers)
        venue.clock.ts = 61 * NS_PER_S

        await until(lambda: len(venue.answers) == 2)

        assert venue.answers[1] == ("book", b"/new")
        assert venue.asked == ["/other", "/new"]


async def test_nobody_asks_while_the_venue_wants_to_be_left_alone(venue: Venue) -> None:
    venue.refusals = 1
    async with venue.serving() as requests:
        requests.offer(Request("one", "/one"))
        await until(lambda: venue.answers == [("one", b"")])
        requests.offer(Request("one", "/one"))
        requests.offer(Request("two", "/two"))
        venue.clock.ts += 4 * NS_PER_S
        await asyncio.sleep(0)
        asked_meanwhile = list(venue.asked)

        venue.clock.ts += NS_PER_S
        await until(lambda: len(venue.answers) == 3)

        assert asked_meanwhile == ["/one"]
        assert sorted(venue.answers[1:]) == [("one", b"/one"), ("two", b"/two")]


async def test_what_was_cleared_is_neither_asked_nor_answered(venue: Venue) -> None:
    async with venue.serving() as requests:
        requests.offer(Request("hanging", "/slow"))
        requests.offer(Request("late", "/late", not_before=2 * NS_PER_S))
        await until(lambda: venue.asked)

        requests.clear()
        venue.slow.set()
        venue.clock.ts = 3 * NS_PER_S
        requests.offer(Request("now", "/now"))
        await until(lambda: venue.answers)

        assert venue.answers == [("now", b"/now")]
        assert "/late" not in venue.asked


async def test_there_is_an_end_to_what_waits(venue: Venue) -> None:
    async with venue.serving() as requests:
        taken = [requests.offer(Request(str(n), f"/{n}", not_before=60 * NS_PER_S)) for n in range(1_025)]

        assert taken == [True] * 1_024 + [False]
