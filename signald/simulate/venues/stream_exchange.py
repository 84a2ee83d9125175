"""A simulated exchange that sends its snapshots in band: real websockets on one loopback port, faults on command."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from websockets.asyncio.server import Server, ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from signald.model.time import NS_PER_S
from signald.runtime.clock import Clock
from signald.simulate.child import LOOPBACK
from signald.simulate.market import STEP_NS, Market
from signald.simulate.venues.counters import Counters
from signald.simulate.venues.dialect import Command, StreamSymbol, Words
from signald.simulate.venues.faults import FrameFaults
from signald.simulate.venues.listening import listen, port_of, too_many

_TELL_EVERY: Final = 2  # steps: 100 ms
_BEAT_EVERY: Final = 20  # steps: a second
_CLOSE_IDLE_S: Final = 30.0


class StreamExchange:
    """The exchange. Used as ``async with``; :meth:`run` is a task its owner starts.

    Attributes:
        port: Where it listens on loopback.
        connects: Websocket connections accepted so far.
        refusals: How many of the next connections are refused with 429.
        stale_snapshots: How many of the next snapshots are those of the time before.
    """

    def __init__(
        self,
        symbols: Mapping[StreamSymbol, Market | None],
        words: Words,
        clock: Clock,
        *,
        port: int = 0,
        close_idle_s: float = _CLOSE_IDLE_S,
    ) -> None:
        """Build it; nothing listens yet.

        Args:
            symbols: What is traded, and who moves it; without a market a book changes by hand only.
            words: How it answers.
            clock: The time.
            port: 0 takes one that is free.
            close_idle_s: A client that says nothing for so long is closed.
        """
        self._symbols = dict(symbols)
        self._of_stream = {stream: symbol for symbol in self._symbols for stream in symbol.streams}
        self._words = words
        self._clock = clock
        self._close_idle_s = None if words.is_patient else close_idle_s
        self._counters = Counters()
        self._readers: dict[ServerConnection, set[str]] = {}
        self._faults: dict[str, FrameFaults] = {}
        self._steps = 0
        self._server: Server | None = None
        self.port = port
        self.connects = 0
        self.refusals = 0
        self.stale_snapshots = 0
        self._last_snapshots: dict[str, str] = {}

    @property
    def ws_url(self) -> str:
        """Base address of its websockets."""
        return f"ws://{LOOPBACK}:{self.port}"

    @property
    def readers(self) -> int:
        """Websocket connections open now."""
        return len(self._readers)

    @property
    def orders(self) -> int:
        """How many faults are ordered and have not happened yet."""
        return sum(each.orders for each in self._faults.values()) + self.refusals + self.stale_snapshots

    def faults(self, stream: str) -> FrameFaults:
        """Orders for one stream; snapshots for new subscribers are not touched."""
        return self._faults.setdefault(stream, FrameFaults())

    async def run(self) -> None:
        """Move the markets and tell the streams at their pace, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._steps += 1
            if self._steps % _TELL_EVERY == 0:
                self.push()
            if self._steps % _BEAT_EVERY == 0 and self._words.beat:
                self._tell_all(self._words.beat)
            due = max(due + STEP_NS / NS_PER_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def push(self) -> None:
        """Bring every market up to now, and tell it."""
        for symbol in self._symbols:
            self._tell(symbol)

    def restart_service(self) -> None:
        """Tell every book as after a restart of the venue's service."""
        for symbol in self._symbols:
            self._send(symbol.streams[0], symbol.restart(self._clock.now()))

    def say(self, stream: str, frame: str) -> None:
        """Send one frame, whatever it is, to who reads ``stream``."""
        for reader in self._readers_of(stream):
            broadcast([reader], self._counters.written(frame, reader))

    def announce_upgrade(self) -> None:
        """Tell every reader that it will be disconnected soon."""
        self._tell_all(self._words.upgrade)

    def cut(self) -> None:
        """Break every websocket connection without a goodbye."""
        for connection in list(self._readers):
            connection.transport.abort()

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: The port is in use.
        """
        self.push()
        self._server = await listen(self.port, self._serve_reader, self._admit)
        self.port = port_of(self._server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _tell(self, symbol: StreamSymbol) -> None:
        """Tell all that changed in one book."""
        now = self._clock.now()
        market = self._symbols[symbol]
        if market is not None:
            symbol.ledger.apply(market.advance(now))
        for stream in symbol.streams:
            frame = symbol.update(stream, now)
            if frame is not None:
                self._send(stream, frame)

    def _send(self, stream: str, frame: str) -> None:
        marked, number = self._counters.mark(frame, self._readers_of(stream))
        if number >= 0:
            self._of_stream[stream].numbered(number)
        for sent in self.faults(stream)(marked):
            self.say(stream, sent)

    def _readers_of(self, stream: str) -> list[ServerConnection]:
        return [each for each, streams in self._readers.items() if stream in streams]

    def _tell_all(self, frame: str) -> None:
        for reader in self._readers:
            broadcast([reader], self._stamped(frame, reader)[0])

    def _stamped(self, frame: str, connection: ServerConnection) -> tuple[str, int]:
        """A frame with the connection's next number, and that number, where its venue counts."""
        marked, number = self._counters.mark(frame, [connection])
        return self._counters.written(marked, connection), number

    async def _serve_reader(self, connection: ServerConnection) -> None:
        self._readers[connection] = set()
        self._counters.begin(connection)
        self.connects += 1
        try:
            if self._words.greeting:
                broadcast([connection], self._stamped(self._words.greeting, connection)[0])
            while True:
                async with asyncio.timeout(self._close_idle_s):
                    message = await connection.recv(decode=True)
                await self._follow(connection, self._words.handle(message, frozenset(self._of_stream)))
        except ConnectionClosed:
            pass
        except TimeoutError:
            await connection.close(4004, "No data received in 30s.")
        finally:
            del self._readers[connection]
            self._counters.end(connection)

    async def _follow(self, connection: ServerConnection, command: Command) -> None:
        for answer in command.answers:
            await connection.send(self._stamped(answer, connection)[0])
        self._readers[connection].difference_update(command.unsubscribe)
        await self._give_snapshots(connection, command.subscribe)

    async def _give_snapshots(self, connection: ServerConnection, streams: Sequence[str]) -> None:
        for stream in streams:
            symbol = self._of_stream[stream]
            self._tell(symbol)  # so that the snapshot joins what comes next
            if stream not in self._readers[connection]:
                self._readers[connection].add(stream)
                broadcast([connection], self._snapshot(symbol, stream, connection))

    def _snapshot(self, symbol: StreamSymbol, stream: str, connection: ServerConnection) -> str:
        if self.stale_snapshots and stream in self._last_snapshots:
            self.stale_snapshots -= 1
            return self._last_snapshots[stream]
        snapshot, number = self._stamped(symbol.snapshot(stream, self._clock.now()), connection)
        if number >= 0:
            symbol.numbered(number)
        self._last_snapshots[stream] = snapshot
        return snapshot

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Let a websocket be opened, or not."""
        if self.refusals:
            self.refusals -= 1
            return too_many(connection)
        return None if self._words.serves(request.path) else connection.respond(HTTPStatus.NOT_FOUND, "")
