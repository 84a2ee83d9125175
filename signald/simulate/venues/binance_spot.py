"""Binance spot's dialect from the venue's side: frames, snapshots, subscriptions. Bytes only, no connection.

After "WebSocket Streams for Binance" and "General endpoints" (binance-spot-api-docs): ``U`` and ``u`` are the first and
last update id of a diff, absolute sizes, 0 removes; ``bookTicker``'s ``u`` is from the same ids.
"""

import json
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, Nanos
from signald.simulate.market import ASK, BID, Change
from signald.simulate.venues.ledger import Batch, Ledger, Touch

FAST_DEPTH: Final = "depth@100ms"
SLOW_DEPTH: Final = "depth"  # once a second
BOOK_TICKER: Final = "bookTicker"

_SCALE: Final = 100_000_000  # prices and sizes are written with eight decimals
_DEFAULT_LIMIT: Final = 100
_MAX_LIMIT: Final = 5_000


class Paths(NamedTuple):
    """Where a market's websockets and its HTTP resources begin."""

    ws: str
    rest: str


SPOT: Final = Paths("", "/api/v3")


class ListedSymbol:
    """One symbol: its book and the words in which the venue tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
    """

    def __init__(self, instrument: Instrument, *, update_id: int = 60_000_000_000) -> None:
        """List it with an empty book."""
        self.instrument = instrument
        self.ledger = Ledger((FAST_DEPTH, SLOW_DEPTH), update_id=update_id)
        self._price_step = int(instrument.tick_size * _SCALE)
        self._size_step = int(instrument.lot_size * _SCALE)
        self._touch = Touch(0, 0, 0, 0)

    @property
    def sequence(self) -> int:
        """The last update id as the venue writes it."""
        return self.ledger.update_id

    def stream(self, kind: str) -> str:
        """Full name of one of its streams: ``btcusdt@depth@100ms``."""
        return f"{self.instrument.venue_symbol.lower()}@{kind}"

    def depth_update(self, kind: str, now: Nanos) -> str | None:
        """``{"e":"depthUpdate",…}`` of all changes since the last of this ``kind``; ``None`` if there were none."""
        batch = self.ledger.tell(kind)
        return None if batch is None else self._write_update(kind, batch, now)

    def book_ticker(self) -> str | None:
        """``{"u":…,"s":…,"b":…}`` if the touch or its sizes changed since the last one."""
        touch = self.ledger.touch()
        if touch == self._touch:
            return None
        self._touch = touch
        return _compact(
            {
                "u": self.sequence,
                "s": self.instrument.venue_symbol,
                "b": self._price(touch.bid_ticks),
                "B": self._size(touch.bid_lots),
                "a": self._price(touch.ask_ticks),
                "A": self._size(touch.ask_lots),
            }
        )

    def snapshot(self, limit: int) -> str:
        """The answer of ``/api/v3/depth``: the book as it stands, diffs that are still to be told included."""
        return _compact(
            {
                "lastUpdateId": self.sequence,
                "bids": [[self._price(p), self._size(q)] for p, q in self.ledger.best(BID, limit)],
                "asks": [[self._price(p), self._size(q)] for p, q in self.ledger.best(ASK, limit)],
            }
        )

    def cross(self) -> None:
        """Put a bid one tick above the best ask, as a venue in trouble might."""
        touch = self.ledger.touch()
        self.ledger.apply([Change(BID, touch.ask_ticks + 1, max(1, touch.ask_lots))])

    def uncross(self) -> None:
        """Take back every bid at or above the best ask."""
        ask = self.ledger.touch().ask_ticks
        self.ledger.apply([Change(BID, price, 0) for price in list(self.ledger.sides[BID]) if price >= ask])

    def information(self) -> dict[str, Any]:
        """Its entry in ``/api/v3/exchangeInfo``."""
        instrument = self.instrument
        return {
            "symbol": instrument.venue_symbol,
            "status": "TRADING",
            "baseAsset": instrument.base,
            "baseAssetPrecision": 8,
            "quoteAsset": instrument.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": _eight(instrument.tick_size),
                    "maxPrice": "1000000.00000000",
                    "tickSize": _eight(instrument.tick_size),
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": _eight(instrument.lot_size),
                    "maxQty": "9000.00000000",
                    "stepSize": _eight(instrument.lot_size),
                },
            ],
            "permissions": ["SPOT"],
        }

    def _describe(self, kind: str, batch: Batch, now: Nanos) -> dict[str, Any]:
        """All of a diff but its levels; of whatever ``kind`` its stream is."""
        del kind
        return {
            "e": "depthUpdate",
            "E": now // NS_PER_MS,
            "s": self.instrument.venue_symbol,
            "U": batch.first_id,
            "u": batch.last_id,
        }

    def _write_update(self, kind: str, batch: Batch, now: Nanos) -> str:
        bids, asks = batch.sides
        return _compact(
            {
                **self._describe(kind, batch, now),
                "b": [[self._price(p), self._size(q)] for p, q in sorted(bids.items(), reverse=True)],
                "a": [[self._price(p), self._size(q)] for p, q in sorted(asks.items())],
            }
        )

    def _price(self, ticks: int) -> str:
        whole, fraction = divmod(ticks * self._price_step, _SCALE)
        return f"{whole}.{fraction:08d}"

    def _size(self, lots: int) -> str:
        whole, fraction = divmod(lots * self._size_step, _SCALE)
        return f"{whole}.{fraction:08d}"


def envelope(stream: str, data: str) -> str:
    """A frame of a combined stream."""
    return f'{{"stream":"{stream}","data":{data}}}'


def streams_of_path(path: str) -> tuple[bool, tuple[str, ...]] | None:
    """Whether a websocket path wants envelopes, and its streams; ``None`` if it is no path of ours.

    ``/stream?streams=a/b`` gives envelopes, ``/ws/a/b`` gives bare frames; both may name none and subscribe later.
    """
    parts = urlsplit(path)
    if parts.path == "/stream":
        named = parse_qs(parts.query).get("streams", [""])[0]
        return True, tuple(filter(None, named.split("/")))
    if parts.path == "/ws" or parts.path.startswith("/ws/"):
        return False, tuple(filter(None, parts.path.removeprefix("/ws").split("/")))
    return None


def limit_of_query(query: str) -> int:
    """The wanted number of levels a side, 1 to 5,000.

    Raises:
        ValueError: It is not a number.
    """
    wanted = int(parse_qs(query).get("limit", [str(_DEFAULT_LIMIT)])[0])
    return min(max(wanted, 1), _MAX_LIMIT)


def error_body(code: int, message: str) -> str:
    """The venue's form of an error: ``{"code":-1121,"msg":"Invalid symbol."}``."""
    return _compact({"code": code, "msg": message})


def _eight(step: Decimal) -> str:
    return f"{step:.8f}"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
