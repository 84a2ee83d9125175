"""Kraken's dialect from the venue's side: frames, subscriptions, pings. Bytes only, no connection.

After "Book" of its websocket, version 2: numbers with all their digits, a CRC-32 of ten levels with every frame, and no
removal for a level that only drops out of the depth.
"""

import json
import zlib
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from signald.model.instruments import Instrument
from signald.model.time import Nanos, format_rfc3339
from signald.simulate.market import ASK, BID, Side
from signald.simulate.venues.dialect import Command
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.window import Levels, Window

DEPTHS: Final = (10, 25, 100, 500, 1000)
_CHECKED: Final = 10
_NS_PER_US: Final = 1_000


class KrakenSymbol:
    """One pair: its book and the words in which Kraken tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
        sequence: Time of its book's last frame, µs.
    """

    def __init__(self, instrument: Instrument) -> None:
        """List it with an empty book."""
        self.instrument = instrument
        self.ledger = Ledger((), update_id=0)
        self.sequence = 0
        symbol = instrument.venue_symbol
        self._windows = {f"book-{depth}:{symbol}": Window(self.ledger, depth) for depth in DEPTHS}

    @property
    def streams(self) -> tuple[str, ...]:
        """`book-10:BTC/USD` and so on, for each depth."""
        return tuple(self._windows)

    def numbered(self, number: int) -> None:
        """Nothing is counted."""

    def snapshot(self, stream: str, now: Nanos) -> str:
        """What a new subscriber is sent first."""
        return self._write(stream, "snapshot", self._windows[stream].levels(), now)

    def update(self, stream: str, now: Nanos) -> str | None:
        """What changed since the last one; ``None`` if nothing did."""
        changes = self._windows[stream].changes()
        if changes is None:
            return None
        bids, asks = (self._without_dropped(side, levels) for side, levels in zip((BID, ASK), changes, strict=True))
        return self._write(stream, "update", (bids, asks), now)

    def restart(self, now: Nanos) -> str:
        """The service was restarted: the book is sent anew."""
        stream = self.streams[0]
        self._windows[stream].changes()
        return self.snapshot(stream, now)

    def _without_dropped(self, side: Side, levels: Levels) -> Levels:
        """Changes without the removals of levels that are still there, beyond the depth."""
        return [(price, size) for price, size in levels if size or price not in self.ledger.sides[side]]

    def _write(self, stream: str, kind: str, sides: tuple[Levels, Levels], now: Nanos) -> str:
        bids, asks = (
            ",".join(f'{{"price":{self._price(price)},"qty":{self._size(size)}}}' for price, size in side)
            for side in sides
        )
        self.sequence = now // _NS_PER_US
        head = f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self.instrument.venue_symbol}"'
        tail = f'"checksum":{self._checksum(stream)},"timestamp":"{format_rfc3339(self.sequence * _NS_PER_US)}"}}]}}'
        return f'{head},"bids":[{bids}],"asks":[{asks}],{tail}'

    def _checksum(self, stream: str) -> int:
        bids, asks = self._windows[stream].levels()
        best = [*asks[:_CHECKED], *bids[:_CHECKED]]
        text = "".join(_bare(self._price(price)) + _bare(self._size(size)) for price, size in best)
        return zlib.crc32(text.encode())

    def _price(self, ticks: int) -> str:
        return f"{ticks * self.instrument.tick_size:f}"

    def _size(self, lots: int) -> str:
        return f"{Decimal(lots) * self.instrument.lot_size:f}"


class KrakenWords:
    """What Kraken answers."""

    upgrade = greeting = ""
    """It announces nothing."""
    beat = '{"channel":"heartbeat"}'
    is_patient = True

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        return urlsplit(path).path == "/v2"

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """`{"method":"ping"}`, or `{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}`."""
        try:
            order = json.loads(message)
            method = order["method"]
            params = order.get("params", {})
            depth = params.get("depth", 10)
            streams = {symbol: f"{params['channel']}-{depth}:{symbol}" for symbol in params.get("symbol", ())}
        except (ValueError, TypeError, KeyError, AttributeError):
            return Command(('{"error":"Malformed message","success":false}',))
        if method == "ping":
            return Command(('{"method":"pong"}',))
        strangers = [symbol for symbol, stream in streams.items() if stream not in known]
        if method not in {"subscribe", "unsubscribe"} or strangers:
            text = f"Currency pair not supported {strangers[0]}" if strangers else f"Unsupported method {method}"
            return Command((_compact({"error": text, "method": method, "success": False}),))
        answers = tuple(
            _compact(
                {
                    "method": method,
                    "result": {"channel": "book", "depth": depth, "snapshot": True, "symbol": symbol},
                    "success": True,
                }
            )
            for symbol in streams
        )
        if method == "subscribe":
            return Command(answers, subscribe=tuple(streams.values()))
        return Command(answers, unsubscribe=tuple(streams.values()))


def _bare(number: str) -> str:
    return number.replace(".", "").lstrip("0")


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
