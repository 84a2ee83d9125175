"""HTTP GET against servers that answer well, badly, slowly, or want to be left alone."""

import asyncio

import pytest

from signald.errors import ConfigError
from signald.runtime.clock import LiveClock
from signald.simulate.child import free_port
from signald.transports.http_client import Fetched, HttpClient
from tests.support.fake_server import Talk, fake_server


class Answering:
    """A server that gives one answer after the other, the last for ever, and keeps the requests."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self._answers = list(answers)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])
        await writer.drain()


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def fetch(talk: Talk, *, path: str = "/api/v3/depth?symbol=BTCUSDT", max_body_bytes: int = 1 << 20) -> Fetched:
    async with fake_server(talk) as port:
        client = HttpClient(
            "binance", f"http://127.0.0.1:{port}", LiveClock(), timeout_s=0.5, max_body_bytes=max_body_bytes
        )
        return await client.get(path)


async def test_a_body_comes_as_its_bytes() -> None:
    server = Answering(ok(b'{"lastUpdateId":1}'))

    fetched = await fetch(server)

    assert fetched == Fetched(b'{"lastUpdateId":1}')
    assert server.requests[0].startswith(b"GET /api/v3/depth?symbol=BTCUSDT HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_body_in_chunks_comes_whole() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"

    assert await fetch(Answering(chunked)) == Fetched(b"abcdefg")


async def test_a_path_in_the_base_url_comes_first() -> None:
    server = Answering(ok(b"{}"))
    async with fake_server(server) as port:
        client = HttpClient("binance", f"http://127.0.0.1:{port}/mirror/", LiveClock())
        await client.get("/api/v3/time")

    assert server.requests[0].startswith(b"GET /mirror/api/v3/time HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\nsorry", "HTTP 500 Internal Server Error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "IncompleteRead(4 bytes read, 6 more expected)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "the body is empty"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2\r\n"),
        (b"", "Remote end closed connection without response"),
        (ok(b"x" * 2_000), "the answer is longer than 1000 bytes"),
    ],
    ids=["error", "truncated", "empty", "not http", "nothing", "too long"],
)
async def test_what_is_no_good_answer_is_a_problem_and_no_body(answer: bytes, problem: str) -> None:
    fetched = await fetch(Answering(answer), max_body_bytes=1_000)

    assert fetched.body == b""
    assert fetched.problem == problem


async def test_an_answer_that_is_too_long_is_told_of_each_time() -> None:
    told: list[str] = []
    async with fake_server(Answering(ok(b"x" * 2_000), ok(b"x"), ok(b"x" * 3_000))) as port:
        url = f"http://127.0.0.1:{port}"
        client = HttpClient("x", url, LiveClock(), max_body_bytes=1_000, on_too_long=lambda: told.append("too long"))
        fetched = [(await client.get("/")).body for _ in range(3)]

    assert fetched == [b"", b"x", b""]
    assert told == ["too long"] * 2


async def test_a_server_that_does_not_finish_is_given_up() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await reader.read()

    fetched = await fetch(hang)

    assert fetched == Fetched(b"", "no whole answer in 0.5 s")


async def test_a_server_that_is_not_there_is_a_problem() -> None:
    client = HttpClient("binance", f"http://127.0.0.1:{free_port()}", LiveClock())

    fetched = await client.get("/")

    assert fetched.body == b""
    assert "Connect call failed" in fetched.problem


@pytest.mark.parametrize("status", ["418 I'm a teapot", "429 Too Many Requests"])
async def test_a_server_that_wants_to_be_left_alone_is(status: str) -> None:
    server = Answering(f"HTTP/1.1 {status}\r\nRetry-After: 120\r\n\r\n".encode(), ok(b"{}"))
    async with fake_server(server) as port:
        client = HttpClient("binance", f"http://127.0.0.1:{port}", LiveClock())
        told, refused = await client.get("/"), await client.get("/")

    assert (told.body, told.retry_after_s) == (b"", 120.0)
    assert refused.body == b""
    assert 119 < refused.retry_after_s <= 120
    assert len(server.requests) == 1


async def test_a_ban_that_is_over_is_forgotten() -> None:
    class Clock(LiveClock):
        """A clock on which a minute passes at each look."""

        def __init__(self) -> None:
            self.looks = 0

        def monotonic(self) -> int:
            self.looks += 1
            return self.looks * 60_000_000_000

    server = Answering(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 59\r\n\r\n", ok(b"{}"))
    async with fake_server(server) as port:
        client = HttpClient("binance", f"http://127.0.0.1:{port}", Clock())
        first, second = await client.get("/"), await client.get("/")

    assert (first.retry_after_s, second) == (59.0, Fetched(b"{}"))


@pytest.mark.parametrize("url", ["ftp://example.org", "https://", "http://host:port", "example.org"])
def test_a_base_url_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="binance"):
        HttpClient("binance", url, LiveClock())
