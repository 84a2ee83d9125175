"""Bybit's dialect from the venue's side: frames, subscriptions, pings. Bytes only, no connection.

After "Orderbook" and "Connect" of its websocket, version 5.
"""

import json
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, Nanos
from signald.simulate.venues.dialect import Command
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.window import Digits, Levels, Window

Family: TypeAlias = Literal["spot", "linear", "inverse"]

DEPTHS: Final = (50, 200)
_MATCHED_BEFORE_MS: Final = 5


class BybitSymbol:
    """One instrument: its book and the words in which Bybit tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
    """

    def __init__(self, instrument: Instrument, *, update_id: int = 15_076_952) -> None:
        """List it with an empty book."""
        self.instrument = instrument
        self.ledger = Ledger((), update_id=0)
        symbol = instrument.venue_symbol
        self._digits = Digits(instrument, padded=instrument.kind != "spot")
        self._windows = {f"orderbook.{depth}.{symbol}": Window(self.ledger, depth) for depth in DEPTHS}
        self._update_ids = dict.fromkeys(self._windows, update_id)

    @property
    def streams(self) -> tuple[str, ...]:
        """`orderbook.50.BTCUSDT` and `orderbook.200.BTCUSDT`."""
        return tuple(self._windows)

    @property
    def sequence(self) -> int:
        """The last `u` of its first stream."""
        return self._update_ids[self.streams[0]]

    def numbered(self, number: int) -> None:
        """Bybit counts each book by itself."""

    def snapshot(self, stream: str, now: Nanos) -> str:
        """What a new subscriber is sent first."""
        return self._write(stream, "snapshot", self._windows[stream].levels(), now)

    def update(self, stream: str, now: Nanos) -> str | None:
        """What changed since the last one; ``None`` if nothing did."""
        changes = self._windows[stream].changes()
        if changes is None:
            return None
        self._update_ids[stream] += 1
        return self._write(stream, "delta", changes, now)

    def restart(self, now: Nanos) -> str:
        """The service was restarted: the first stream begins anew with `u` = 1, whatever it calls that."""
        stream = self.streams[0]
        self._windows[stream].changes()
        self._update_ids[stream] = 1
        return self._write(stream, "delta", self._windows[stream].levels(), now)

    def _write(self, stream: str, kind: str, sides: tuple[Levels, Levels], now: Nanos) -> str:
        bids, asks = ([[self._digits.price(price), self._digits.size(size)] for price, size in side] for side in sides)
        now_ms = now // NS_PER_MS
        data = {"s": self.instrument.venue_symbol, "b": bids, "a": asks}
        data |= {"u": self._update_ids[stream], "seq": 753_843_911_359 + now_ms}
        return _compact({"topic": stream, "type": kind, "ts": now_ms, "data": data, "cts": now_ms - _MATCHED_BEFORE_MS})


class BybitWords:
    """What Bybit answers.

    Args:
        family: Which of its websockets this is.
    """

    upgrade = greeting = beat = ""
    """It announces nothing."""
    is_patient = False

    def __init__(self, family: Family) -> None:
        self._family = family

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        return urlsplit(path).path == f"/v5/public/{self._family}"

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """`{"op":"ping"}`, or `{"op":"subscribe","args":["orderbook.50.BTCUSDT"]}`."""
        try:
            order = json.loads(message)
            operation, streams = order["op"], list(order.get("args", ()))
        except (ValueError, TypeError, KeyError, AttributeError):
            return Command((_answer("", "Params Error", success=False),))
        if operation == "ping":
            return Command((_answer(operation, "pong", success=True),))
        if operation not in {"subscribe", "unsubscribe"}:
            return Command((_answer(operation, "Params Error", success=False),))
        strangers = [stream for stream in streams if stream not in known]
        if strangers:
            return Command((_answer(operation, f"error:handler not found,topic:{strangers[0]}", success=False),))
        answers = (_answer(operation, "", success=True),)
        if operation == "subscribe":
            return Command(answers, subscribe=tuple(streams))
        return Command(answers, unsubscribe=tuple(streams))


def _answer(operation: str, text: str, *, success: bool) -> str:
    return _compact({"success": success, "ret_msg": text, "conn_id": "d8bu1olk-j6akw", "req_id": "", "op": operation})


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
