"""A TCP proxy that stands between the daemon and a server, and fails as networks do.

It runs in the event loop of whoever tests. Faults hold until :meth:`FaultProxy.resume`.
"""

import asyncio
import contextlib
import random
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

from signald.simulate.child import LOOPBACK

_CHUNK: Final = 1 << 16
_SPOILT_RUN: Final = 16
_THROTTLED_CHUNK: Final = 256
_WAITS_FOR_NEXT_S: Final = 0.3

Spoil: TypeAlias = Literal["corrupt", "duplicate", "reorder"]


class FaultProxy:
    """Forwards a port of its own to a server's.

    Attributes:
        port: Where it listens; known inside ``async with``.
        accepted: Connections it took.
        spoilt: Chunks to which something was done.
    """

    def __init__(self, target: int) -> None:
        """Stand before the port ``target`` of loopback."""
        self.target = target
        self.port = 0
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._refuses = False
        self._delay_s = (0.0, 0.0)
        self._bytes_per_s = 0
        self._spoil: Spoil | None = None
        self._rng = random.Random(0)
        self.spoilt = 0
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, break every connection."""
        assert self._server is not None
        self._server.close()
        self.resume()
        self._refuses = True
        while self._serving:
            self.drop()
            await asyncio.wait(self._serving, timeout=0.1)
        await self._server.wait_closed()

    def drop(self) -> None:
        """Break every connection there is; new ones are taken."""
        for writer in list(self._writers):
            writer.transport.abort()

    def cut(self) -> None:
        """Break every connection, and take none until resumed."""
        self._refuses = True
        self.drop()

    def half_open(self) -> None:
        """Forward nothing any more, in neither direction, but close nothing: what a dead router looks like."""
        self._flows.clear()

    def delay(self, seconds: float) -> None:
        """Hold each chunk up for so long."""
        self._delay_s = seconds, seconds

    def jitter(self, least_s: float, most_s: float) -> None:
        """Hold each chunk up for another while between these."""
        self._delay_s = least_s, most_s

    def throttle(self, bytes_per_s: int) -> None:
        """Let so many bytes pass in a second, in each direction."""
        self._bytes_per_s = bytes_per_s

    def spoil(self, how: Spoil, seed: int) -> None:
        """Do that to every other chunk that the server sends.

        ``corrupt`` overwrites up to sixteen bytes with 0xFF, which no text of ours may hold; ``duplicate`` sends the
        chunk twice; ``reorder`` sends it behind the next.
        """
        self._spoil, self._rng = how, random.Random(seed)

    def resume(self) -> None:
        """Be a good network again; what was held up goes on its way."""
        self._refuses = False
        self._delay_s = (0.0, 0.0)
        self._bytes_per_s = 0
        self._spoil = None
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._forward(reader, writer)
        finally:
            self._serving.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        self.accepted += 1
        try:
            onward_reader, onward_writer = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, onward_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, onward_writer))
                group.create_task(self._pump(onward_reader, writer, answers=True))
        finally:
            self._writers -= both
            for each in both:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._flows.wait()
                if self._delay_s[1]:
                    await asyncio.sleep(self._rng.uniform(*self._delay_s))
                if answers and self._spoil is not None and self._rng.random() < 0.5:
                    chunk = await self._spoilt(self._spoil, chunk, reader)
                await self._pass_on(chunk, writer)
        writer.transport.abort()  # one side is gone: so is the other

    async def _spoilt(self, how: Spoil, chunk: bytes, reader: asyncio.StreamReader) -> bytes:
        self.spoilt += 1
        if how == "duplicate":
            return chunk + chunk
        if how == "corrupt":
            at = self._rng.randrange(len(chunk))
            run = chunk[at : at + self._rng.randint(1, _SPOILT_RUN)]
            return chunk[:at] + b"\xff" * len(run) + chunk[at + len(run) :]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAITS_FOR_NEXT_S):
                return await reader.read(_CHUNK) + chunk
        return chunk

    async def _pass_on(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        while self._bytes_per_s and chunk:
            writer.write(chunk[:_THROTTLED_CHUNK])
            await asyncio.sleep(len(chunk[:_THROTTLED_CHUNK]) / self._bytes_per_s)
            chunk = chunk[_THROTTLED_CHUNK:]
        writer.write(chunk)
        await writer.drain()
