"""An exchange that can send more frames than anybody takes: Binance's depth streams by hand, on one port.

Each connection is of one book or several, whose frames join one another from the snapshot on. A trickle keeps them
live; what is ordered comes on top of it, steadily or in bursts of half a second.

Source of the framing: RFC 6455, sections 4.2.2 (handshake) and 5.2 (base framing).
"""

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from signald.bench.path.orders import Order, report, settings
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TICK_S: Final = 0.001
_TRICKLE: Final = 10.0  # frames a second and book
_BURST_S: Final = 0.5
_LEVELS: Final = 500
_TOUCH: Final = 6_000_000
_CHANGES: Final = 2
_PONG: Final = 0xA
_PING: Final = 0x9
_TWO_BYTES: Final = 126  # a length that says that two bytes of length follow
_BACKLOG: Final = 1 << 22  # bytes that may wait for a reader who is too slow
_KEY: Final = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)


class Book:
    """Frames of one symbol, made as fast as they are wanted: sizes change at the touch, two on each side."""

    def __init__(self, symbol: str) -> None:
        """Begin at an update id of which all that follow have as many digits."""
        self.last = 100_000_000_000
        self._head = b'{"stream":"%b@depth@100ms","data":{"e":"depthUpdate","E":' % symbol.lower().encode()
        self._symbol = b',"s":"%b","U":' % symbol.encode()
        self._tails = [_changes(number) for number in range(64)]

    def frames(self, count: int) -> list[bytes]:
        """The next ``count`` frames as a websocket carries them."""
        now = LiveClock.now() // 1_000_000
        made: list[bytes] = []
        for _ in range(count):
            first, self.last = self.last + 1, self.last + 2 * _CHANGES
            tail = self._tails[first // 4 % 64]
            made.append(_frame(b'%b%d%b%d,"u":%d%b' % (self._head, now, self._symbol, first, self.last, tail)))
        return made

    def snapshot(self) -> bytes:
        """The whole book, of which only sizes change."""
        bids = [[f"{(_TOUCH - 1 - n) / 100:.8f}", "1.00000000"] for n in range(_LEVELS)]
        asks = [[f"{(_TOUCH + n) / 100:.8f}", "1.00000000"] for n in range(_LEVELS)]
        return json.dumps({"lastUpdateId": self.last, "bids": bids, "asks": asks}).encode()


class Reader:
    """One connection: its books and what was ordered for it."""

    def __init__(self, name: str, symbols: Sequence[str], writer: asyncio.StreamWriter) -> None:
        """Begin with the trickle alone."""
        self.name = name
        self.books = [Book(symbol) for symbol in symbols]
        self.rate = 0.0
        self.bursts = False
        self.sent = 0
        self._writer = writer
        self._began = LiveClock.monotonic()
        self._last = self._began
        self._due = 0.0

    def order(self, rate: float, *, bursts: bool) -> None:
        """Send ``rate`` frames a second and book from now on, all in every other half second if ``bursts``."""
        self.rate, self.bursts = rate, bursts
        self._began = LiveClock.monotonic()
        self.sent = 0

    def step(self) -> None:
        """Send what has become due."""
        now = LiveClock.monotonic()
        passed, self._last = (now - self._last) / NS_PER_S, now
        is_pause = self.bursts and int((now - self._began) / NS_PER_S / _BURST_S) % 2
        self._due += passed * (_TRICKLE + (0.0 if is_pause else self.rate))
        count, self._due = int(self._due), self._due % 1.0
        if count and self._writer.transport.get_write_buffer_size() < _BACKLOG:
            frames = [frame for book in self.books for frame in book.frames(count)]
            self._writer.write(b"".join(frames))
            self.sent += len(frames)

    def writes_to(self, writer: asyncio.StreamWriter) -> bool:
        """Whether this is the reader at the other end of ``writer``."""
        return writer is self._writer

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""
        self._writer.write(_frame(payload, opcode=_PONG))


class Exchange:
    """Snapshots by HTTP, frames by websocket."""

    def __init__(self) -> None:
        """Begin without readers."""
        self._readers: dict[str, Reader] = {}
        self._books: dict[str, dict[str, Book]] = {}

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            target = urlsplit(head.split(b" ")[1].decode())
            name = target.path.split("/")[1]
            found = _KEY.search(head)
            if found is None:
                symbol = parse_qs(target.query)["symbol"][0]
                body = self._books[name][symbol].snapshot()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)
                )
                await writer.drain()
                return
            accepted = base64.b64encode(hashlib.sha1(found[1] + _GUID, usedforsecurity=False).digest())
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: %b\r\n\r\n" % accepted
            )
            streams = parse_qs(target.query)["streams"][0].split("/")
            symbols = list(dict.fromkeys(stream.partition("@")[0].upper() for stream in streams))
            one = self._readers[name] = Reader(name, symbols, writer)
            self._books[name] = dict(zip(symbols, one.books, strict=True))
            await _answer_pings(reader, one)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._readers = {name: one for name, one in self._readers.items() if not one.writes_to(writer)}
            writer.close()

    def follow(self, order: Order) -> None:
        """Begin or end a flood; says how many frames the one before had."""
        one = self._readers[order["name"]]
        sent = one.sent
        one.order(order["rate"], bursts=order["bursts"])
        report(sent=sent)

    async def run(self) -> None:
        """Send for ever."""
        while True:
            for one in self._readers.values():
                one.step()
            await asyncio.sleep(_TICK_S)


async def main(port: int) -> None:
    """Serve until the bench goes."""
    exchange = Exchange()
    server = await asyncio.start_server(exchange.accept, "127.0.0.1", port)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with server, asyncio.TaskGroup() as group:
        sending = group.create_task(exchange.run(), name="send")
        report(ready=True)
        while line := await lines.readline():
            exchange.follow(json.loads(line))
        sending.cancel()


async def _answer_pings(reader: asyncio.StreamReader, one: Reader) -> None:
    while True:
        first, second = await reader.readexactly(2)
        length = second & 0x7F
        if length == _TWO_BYTES:
            length = int.from_bytes(await reader.readexactly(2), "big")
        mask = await reader.readexactly(4)
        payload = await reader.readexactly(length)
        if first & 0x0F == _PING:
            one.pong(bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)))


def _changes(number: int) -> bytes:
    def side(prices: Sequence[int]) -> str:
        return json.dumps(
            [[f"{price / 100:.8f}", f"{1 + number / 100:.8f}"] for price in prices], separators=(",", ":")
        )

    bids = side([_TOUCH - 1 - number, _TOUCH - 65 - number])
    asks = side([_TOUCH + number, _TOUCH + 64 + number])
    return f',"b":{bids},"a":{asks}}}}}'.encode()


def _frame(payload: bytes, *, opcode: int = 1) -> bytes:
    head = (
        struct.pack("!BBH", 0x80 | opcode, _TWO_BYTES, len(payload))
        if len(payload) >= _TWO_BYTES
        else bytes((0x80 | opcode, len(payload)))
    )
    return head + payload


if __name__ == "__main__":
    asyncio.run(main(settings()["port"]))
