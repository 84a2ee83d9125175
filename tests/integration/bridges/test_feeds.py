"""The feeds against local servers that speak the documented messages: reconnects, rate limits, bad rows."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from signald.bridges import Feed
from signald.bridges.csv import CsvFile
from signald.bridges.forexfactory import ForexFactory
from signald.bridges.ics import Ics
from signald.bridges.tradingeconomics import TradingEconomics
from signald.runtime.clock import LiveClock
from signald.sources.calendars.files.config import CsvFeedConfig
from signald.sources.calendars.forexfactory import ForexFactoryConfig
from signald.sources.calendars.ics import IcsConfig
from signald.sources.calendars.tradingeconomics import TradingEconomicsConfig
from signald.sources.feed_rows import FeedRow, FeedRows
from tests.support.fake_server import fake_server
from tests.support.feed_truth import INDICATORS

CLOCK = LiveClock()
PAYROLLS = {
    "Date": "2025-02-07T13:30:00",
    "Country": "United States",
    "Event": "Non Farm Payrolls",
    "ReferenceDate": "2025-01-31T00:00:00",
    "Actual": "",
    "Previous": "256K",
    "Forecast": "170K",
    "DateSpan": "0",
    "Revised": "",
}


class Answers:
    """An HTTP server that gives one answer after the other, the last for ever; remembers what it was asked."""

    def __init__(self, *answers: tuple[str, bytes]) -> None:
        self.left = list(answers)
        self.asked: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readline()).decode().split()[1])
        while (await reader.readline()).strip():
            pass
        head, body = self.left[0] if len(self.left) == 1 else self.left.pop(0)
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()


class Received:
    """What a feed delivered."""

    def __init__(self) -> None:
        self.rows: list[FeedRow] = []
        self.faults: dict[str, int] = {}
        self._came = asyncio.Event()

    def __call__(self, read: FeedRows) -> None:
        self.rows += read.rows
        for fault, count in read.faults.items():
            self.faults[fault] = self.faults.get(fault, 0) + count
        self._came.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(8):
            while not done():
                await self._came.wait()
                self._came.clear()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(8):
        while not is_so():  # noqa: ASYNC110 - a feed that looks at a file tells nobody when it does
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(feed: Feed) -> AsyncGenerator[Received]:
    received = Received()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(feed.run(received))
        yield received
        task.cancel()


def table(*rows: dict[str, str]) -> tuple[str, bytes]:
    return "200 OK", json.dumps(rows).encode()


def trading_economics(tmp_path: Path, http_port: int, ws_port: int) -> TradingEconomics:
    (tmp_path / "key").write_text("key:secret\n")
    config = TradingEconomicsConfig(
        rest_url=f"http://127.0.0.1:{http_port}",
        ws_url=f"ws://127.0.0.1:{ws_port}",
        key_file=str(tmp_path / "key"),
        poll_s=0.05,
    )
    return TradingEconomics(config, INDICATORS, CLOCK)


async def test_the_table_is_read_again_after_errors_and_rate_limits(tmp_path: Path) -> None:
    server = Answers(
        ("500 Internal Server Error", b""),
        ("200 OK", b"Service unavailable"),
        ("429 Too Many Requests\r\nRetry-After: 1", b""),
        table(PAYROLLS, {**PAYROLLS, "Forecast": "soon"}),
        table({**PAYROLLS, "Actual": "143K", "Previous": "307K", "Revised": "256K"}),
    )
    async with fake_server(server.talk) as port:
        feed = await asyncio.to_thread(trading_economics, tmp_path, port, 1)
        async with running(feed) as received:
            await received.until(lambda: any(row.actual is not None for row in received.rows))

    assert [(row.consensus, row.prior, row.actual, row.revised_prior) for row in received.rows[:2]] == [
        (170.0, 256.0, None, None),
        (170.0, 256.0, 143.0, 307.0),
    ]
    assert received.faults == {"unreadable_row": 1}
    assert all("c=key:secret" in path for path in server.asked)


async def test_the_stream_is_subscribed_to_again_after_it_broke(tmp_path: Path) -> None:
    subscriptions: list[tuple[str, str]] = []

    async def stream(connection: ServerConnection) -> None:
        assert connection.request is not None
        subscriptions.append((connection.request.path, str(await connection.recv())))
        await connection.send('{"topic":"keepalive"}')
        if len(subscriptions) == 1:
            await connection.send("nonsense")
            return  # the connection breaks here
        out = {name.lower(): value for name, value in PAYROLLS.items()} | {"topic": "calendar", "actual": "143K"}
        await connection.send(json.dumps(out))
        await connection.wait_closed()

    async with serve(stream, "127.0.0.1", 0) as streaming, fake_server(Answers(table()).talk) as http_port:
        ws_port = next(iter(streaming.sockets)).getsockname()[1]
        feed = await asyncio.to_thread(trading_economics, tmp_path, http_port, ws_port)
        async with running(feed) as received:
            await received.until(lambda: bool(received.rows))
            alive = feed.is_alive()

    assert [row.actual for row in received.rows] == [143.0]
    assert (feed.malformed, alive) == (1, True)
    path, subscription = subscriptions[-1]
    assert (path, json.loads(subscription)) == ("/?client=key:secret", {"topic": "subscribe", "to": "calendar"})


async def test_the_weekly_export_is_read() -> None:
    event = {"title": "CPI y/y", "country": "USD", "date": "2025-02-12T08:30:00-05:00", "forecast": "2.9%"}
    server = Answers(("200 OK", json.dumps([event]).encode()))
    async with fake_server(server.talk) as port:
        config = ForexFactoryConfig(url=f"http://127.0.0.1:{port}", poll_s=60)
        feed = ForexFactory(config, INDICATORS, CLOCK)
        assert not feed.is_alive()
        async with running(feed) as received:
            await received.until(lambda: bool(received.rows))
            await received.until(feed.is_alive)

    assert [(row.release_id, row.consensus) for row in received.rows] == [("us.cpi.yoy:2025-01", 2.9)]
    assert server.asked == ["/ff_calendar_thisweek.json"]


CPI = b"DTSTART:20250212T133000Z\r\nSUMMARY:Consumer Price Index\r\n"
SCHEDULE = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + CPI + b"END:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:soon\r\n"
SCHEDULE += b"SUMMARY:Consumer Price Index\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
EXPORT = json.dumps(
    [
        {"title": "CPI y/y", "country": "USD", "date": "2025-02-12T08:30:00-05:00", "forecast": "2.9%"},
        {"title": "CPI y/y", "country": "USD", "date": "soon", "forecast": "2.9%"},
    ]
).encode()


def weekly_export(url: str) -> Feed:
    return ForexFactory(ForexFactoryConfig(url=url, poll_s=0.05), INDICATORS, CLOCK)


def agencys_schedule(url: str) -> Feed:
    return Ics(IcsConfig(urls=(f"{url}/bls.ics",), poll_s=0.05), INDICATORS, CLOCK)


@pytest.mark.parametrize(
    ("build", "right"),
    [pytest.param(weekly_export, EXPORT, id="forexfactory"), pytest.param(agencys_schedule, SCHEDULE, id="ics")],
)
async def test_a_poll_goes_on_after_errors_rate_limits_and_bad_rows(build: Callable[[str], Feed], right: bytes) -> None:
    answers = Answers(
        ("500 Internal Server Error", b""),
        ("200 OK", b"<html>Service unavailable</html>"),
        ("429 Too Many Requests\r\nRetry-After: 1", b"Rate Limited"),
        ("200 OK", right),
    )

    async def hang_up_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not answers.asked:
            answers.asked.append("hung up")
            return
        await answers.talk(reader, writer)

    async with fake_server(hang_up_first) as port:
        feed = build(f"http://127.0.0.1:{port}")
        async with running(feed) as received:
            await received.until(lambda: bool(received.rows))
            await received.until(feed.is_alive)

    assert "us.cpi.yoy:2025-01" in {row.release_id for row in received.rows}
    assert received.faults["unreadable_row"] == 1
    assert len(answers.asked) == 5


async def test_a_file_that_makes_no_sense_is_no_feed_until_it_does(tmp_path: Path) -> None:
    path = tmp_path / "calendar.csv"
    head = "ts_scheduled,indicator,period,actual,consensus,prior\n"
    right = head + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n"
    feed = CsvFile(CsvFeedConfig(path=str(path), poll_s=0.01), INDICATORS, CLOCK)
    async with running(feed) as received:
        await asyncio.to_thread(path.write_text, right)
        await received.until(lambda: bool(received.rows))
        await until(feed.is_alive)
        await asyncio.to_thread(path.write_bytes, b"\xff\xfe nonsense")
        await until(lambda: not feed.is_alive())
        await asyncio.to_thread(path.write_text, right)
        await until(feed.is_alive)

    assert [row.actual for row in received.rows] == [3.0]


async def test_all_schedules_are_read() -> None:
    event = b"BEGIN:VEVENT\r\nDTSTART:20250212T133000Z\r\nSUMMARY:Consumer Price Index\r\nEND:VEVENT\r\n"
    server = Answers(("200 OK", b"BEGIN:VCALENDAR\r\n" + event + b"END:VCALENDAR\r\n"))
    async with fake_server(server.talk) as port:
        urls = tuple(f"http://127.0.0.1:{port}/{name}.ics?year=2025" for name in ("bls", "bea"))
        async with running(Ics(IcsConfig(urls=urls), INDICATORS, CLOCK)) as received:
            await received.until(lambda: len(received.rows) == 8)

    assert sorted(server.asked) == ["/bea.ics?year=2025", "/bls.ics?year=2025"]


async def test_a_file_is_told_anew_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "calendar.csv"
    head = "ts_scheduled,indicator,period,actual,consensus,prior\n"
    feed = CsvFile(CsvFeedConfig(path=str(path), poll_s=0.01), INDICATORS, CLOCK)
    async with running(feed) as received:
        assert not feed.is_alive()
        await asyncio.to_thread(path.write_text, head + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,,2.9,2.9\n")
        await received.until(lambda: len(received.rows) == 1)
        await asyncio.to_thread(path.write_text, head + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n")
        await received.until(lambda: [row.actual for row in received.rows] == [None, 3.0])

    assert feed.is_alive()
