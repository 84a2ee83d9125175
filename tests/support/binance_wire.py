"""Binance's messages as a test needs them, and a source that is fed them."""

import json
from collections.abc import Sequence
from typing import Any

from signald.core.board import Board
from signald.model.instruments import Instrument
from signald.sources.protocol import Step
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.binance.config import snapshot_key
from signald.sources.venues.binance.source import BinanceSource

Levels = Sequence[tuple[str, str]]

START = 1_723_161_255_000_000_000
SECOND = 1_000_000_000

BIDS: Levels = (("61800.00", "1.5"), ("61799.50", "2"))
ASKS: Levels = (("61800.01", "0.5"), ("61800.50", "3"))


def depth(first: int, final: int, bids: Levels = (), asks: Levels = (), **members: Any) -> bytes:  # noqa: ANN401  # JSON
    """A `depthUpdate` in its envelope."""
    data = {"e": "depthUpdate", "E": 1_723_161_255_208, "s": "BTCUSDT", "U": first, "u": final, "b": bids, "a": asks}
    return envelope("depth@100ms", {**data, **members})


def ticker(final: int, bid: str, ask: str, **members: Any) -> bytes:  # noqa: ANN401  # JSON
    """A `bookTicker` in its envelope."""
    data = {"u": final, "s": "BTCUSDT", "b": bid, "B": "0.25", "a": ask, "A": "0.75"}
    return envelope("bookTicker", {**data, **members})


def snapshot(last: int, bids: Levels = BIDS, asks: Levels = ASKS) -> bytes:
    """The answer to a request for depth."""
    return plain({"lastUpdateId": last, "bids": bids, "asks": asks})


def envelope(stream: str, data: dict[str, Any]) -> bytes:
    """A combined stream's frame."""
    return plain({"stream": f"{str(data.get('s', 'btcusdt')).lower()}@{stream}", "data": data})


def plain(value: object) -> bytes:
    """JSON as Binance writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


class Wire:
    """A source and its board; time goes on by a millisecond with everything that comes.

    Args:
        instruments: Whose books; the venue is the first one's.
        settings: More of the venue's configuration.
    """

    def __init__(self, *instruments: Instrument, **settings: Any) -> None:  # noqa: ANN401  # as TOML has it
        names = [instrument.id for instrument in instruments]
        table = {"name": instruments[0].venue, "instruments": names, **settings}
        self.board = Board(names)
        source = build_source(read_venue_config(table, where="test"), instruments, self.board)
        assert isinstance(source, BinanceSource)
        self.source = source
        self.now = START

    def connect(self) -> Step:
        """The connection comes up."""
        return self.source.on_connected(self._tick())

    def frame(self, frame: bytes) -> Step:
        """A frame comes."""
        return self.source.on_frame(frame, self._tick())

    def answer(self, body: bytes, symbol: str = "BTCUSDT") -> Step:
        """The answer to a request for a snapshot comes."""
        return self.source.on_response(snapshot_key(symbol), body, self._tick())

    def go_live(self, last: int = 100) -> Step:
        """Connect, seed the first book at ``last``, and join one empty frame to it."""
        self.connect()
        self.answer(snapshot(last))
        return self.frame(depth(last + 1, last + 1))

    def row(self, number: int = 0) -> Any:  # noqa: ANN401  # a row's fields by name
        """The board's row of a book."""
        return self.board.read()[number]

    def _tick(self) -> int:
        self.now += 1_000_000
        return self.now
