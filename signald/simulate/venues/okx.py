"""OKX's dialect from the venue's side: frames, subscriptions, errors. Bytes only, no connection.

After "Order book channel" and "Subscribe" of its websocket, version 5, as it is since June 2026: the checksum is 0.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, Nanos
from signald.simulate.venues.dialect import Command
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.window import Digits, Levels, Window

BOOKS: Final = "books"
TOUCH: Final = "bbo-tbt"
_DEPTHS: Final = {BOOKS: 400, TOUCH: 1}


class OkxSymbol:
    """One instrument: its book and the words in which OKX tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
        sequence: The last seqId of its book.
    """

    def __init__(self, instrument: Instrument, *, sequence: int = 80_274_874_800) -> None:
        """List it with an empty book."""
        self.instrument = instrument
        self.ledger = Ledger((), update_id=0)
        self.sequence = sequence
        self._digits = Digits(instrument)
        self._windows = {channel: Window(self.ledger, depth) for channel, depth in _DEPTHS.items()}

    @property
    def streams(self) -> tuple[str, ...]:
        """`books:BTC-USDT` and `bbo-tbt:BTC-USDT`, in the order in which they are told."""
        return tuple(f"{channel}:{self.instrument.venue_symbol}" for channel in _DEPTHS)

    def numbered(self, number: int) -> None:
        """OKX counts each book by itself."""

    def snapshot(self, stream: str, now: Nanos) -> str:
        """What a new subscriber is sent first."""
        channel = stream.partition(":")[0]
        return self._write(channel, self._windows[channel].levels(), now, before=-1, action="snapshot")

    def update(self, stream: str, now: Nanos) -> str | None:
        """What changed since the last one; ``None`` if nothing did."""
        channel = stream.partition(":")[0]
        window = self._windows[channel]
        changes = window.changes()
        if changes is None:
            return None
        if channel == TOUCH:
            return self._write(channel, window.levels(), now, before=-1, action="")
        before, self.sequence = self.sequence, self.sequence + 2
        return self._write(channel, changes, now, before=before, action="update")

    def idle(self, now: Nanos) -> str:
        """The frame that says that nothing happened."""
        return self._write(BOOKS, ([], []), now, before=self.sequence, action="update")

    def restart(self, now: Nanos) -> str:
        """The service was restarted: the count begins low, and the chain holds."""
        before, self.sequence = self.sequence, 10
        return self._write(BOOKS, self._windows[BOOKS].changes() or ([], []), now, before=before, action="update")

    def _write(self, channel: str, sides: tuple[Levels, Levels], now: Nanos, *, before: int, action: str) -> str:
        bids, asks = ([self._level(price, size) for price, size in side] for side in sides)
        element: dict[str, Any] = {"asks": asks, "bids": bids, "ts": str(now // NS_PER_MS)}
        element |= {"checksum": 0, "seqId": self.sequence, "prevSeqId": before} if action else {"seqId": self.sequence}
        frame: dict[str, Any] = {"arg": {"channel": channel, "instId": self.instrument.venue_symbol}}
        frame |= {"action": action} if action else {}
        return _compact({**frame, "data": [element]})

    def _level(self, price: int, size: int) -> list[str]:
        return [self._digits.price(price), self._digits.size(size), "0", "1" if size else "0"]


class OkxWords:
    """What OKX answers."""

    greeting = beat = ""
    is_patient = False
    upgrade = '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade."}'

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        return urlsplit(path).path.endswith("/public")

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """`ping`, or `{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`."""
        if message == "ping":
            return Command(("pong",))
        try:
            order = json.loads(message)
            operation = order["op"]
            streams = [f"{arg['channel']}:{arg['instId']}" for arg in order["args"]]
        except (ValueError, TypeError, KeyError):
            return Command((_error("60012", "Invalid request"),))
        if operation not in {"subscribe", "unsubscribe"}:
            return Command((_error("60012", f"Invalid request: {operation}"),))
        answers = [
            _compact({"event": operation, "arg": arg, "connId": "a4d3ae55"})
            if stream in known
            else _error("60018", f"The requested {stream} does not exist.")
            for stream, arg in zip(streams, order["args"], strict=True)
        ]
        wanted = tuple(stream for stream in streams if stream in known)
        if operation == "subscribe":
            return Command(tuple(answers), subscribe=wanted)
        return Command(tuple(answers), unsubscribe=wanted)


def _error(code: str, text: str) -> str:
    return _compact({"event": "error", "code": code, "msg": text, "connId": "a4d3ae55"})


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
