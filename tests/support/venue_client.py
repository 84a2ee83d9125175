"""A source on a real websocket: what comes goes in, what it wants sent is sent, and it is connected again and again."""

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from signald.core.board import Board, BoardRows
from signald.core.book import Book, Level
from signald.model.instruments import Instrument
from signald.model.notices import BookGap
from signald.sources.inband import InBandSource
from signald.sources.protocol import Step
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.bybit import source as _bybit
from signald.sources.venues.okx import source as _okx
from tests.support.clocks import HandClock

COMPILED = (_bybit.apply_frame, _okx.apply_frame)
"""Here already: to load a kernel while the loop runs would block it."""


class VenueClient:
    """One source and its connection.

    Attributes:
        source: The source.
        said: Every event and notice, in order.
        sent: Every frame that was sent.
    """

    def __init__(self, ws_url: str, instruments: list[Instrument], clock: HandClock) -> None:
        names = [instrument.id for instrument in instruments]
        self._board = Board(names)
        venue = read_venue_config({"name": instruments[0].venue, "instruments": names}, where="test")
        source = build_source(venue, instruments, self._board)
        assert isinstance(source, InBandSource)
        self.source = source
        self._url = ws_url + source.url_path
        self._clock = clock
        self._connection: ClientConnection | None = None
        self.said: list[object] = []
        self.sent: list[bytes] = []

    @property
    def rows(self) -> BoardRows:
        """The board as it is now."""
        return self._board.read()

    @property
    def gaps(self) -> list[str]:
        """Why books were lost, so far."""
        return [each.reason for each in self.said if isinstance(each, BookGap)]

    async def run(self) -> None:
        """Be connected, until cancelled."""
        while True:
            async with connect(self._url, compression=None) as self._connection:
                await self._follow(self.source.on_connected(self._clock.now()))
                try:
                    while await self._take(self._connection):
                        pass
                except ConnectionClosed:
                    pass
            self._connection = None
            await self._follow(self.source.on_disconnected(self._clock.now()))

    async def tick(self) -> None:
        """Let the source do what is due."""
        due = self.source.next_deadline()
        if due is not None and due <= self._clock.now():
            await self._follow(self.source.advance(self._clock.now()))

    async def _take(self, connection: ClientConnection) -> bool:
        frame = await connection.recv(decode=False)
        step = self.source.on_frame(frame, self._clock.now())
        await self._follow(step)
        return not step.reconnect

    async def _follow(self, step: Step) -> None:
        self.said += step.events
        for frame in step.frames:
            if self._connection is not None:
                self.sent.append(frame)
                await self._connection.send(frame, text=True)


def levels_of(book: Book) -> tuple[list[Level], list[Level]]:
    """The best twenty levels a side."""
    return book.levels("bid", 20), book.levels("ask", 20)
