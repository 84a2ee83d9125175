"""Hyperliquid's dialect from the venue's side: frames, subscriptions, pings. Bytes only, no connection.

After "Websocket" of its documentation: every push of `l2Book` is a whole book, `bbo` comes with each block.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, Nanos
from signald.simulate.venues.dialect import Command
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.window import Digits, Levels, Window

_DEPTHS: Final = {"l2Book": 20, "fast": 5, "bbo": 1}


class HyperliquidSymbol:
    """One instrument: its book and the words in which Hyperliquid tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
        sequence: Time of its book's last push, ms.
    """

    def __init__(self, instrument: Instrument) -> None:
        """List it with an empty book."""
        self.instrument = instrument
        self.ledger = Ledger((), update_id=0)
        self.sequence = 0
        self._digits = Digits(instrument)
        self._windows = {kind: Window(self.ledger, depth) for kind, depth in _DEPTHS.items()}

    @property
    def streams(self) -> tuple[str, ...]:
        """`l2Book:BTC`, its 20 levels, `fast:BTC`, its 5, and `bbo:BTC`."""
        return tuple(f"{kind}:{self.instrument.venue_symbol}" for kind in _DEPTHS)

    def numbered(self, number: int) -> None:
        """Nothing is counted."""

    def snapshot(self, stream: str, now: Nanos) -> str:
        """What a new subscriber is sent first: the same as everyone ever is."""
        kind = stream.partition(":")[0]
        bids, asks = self._windows[kind].levels()
        now_ms = now // NS_PER_MS
        data: dict[str, Any] = {"coin": self.instrument.venue_symbol, "time": now_ms}
        if kind == "bbo":
            return _compact({"channel": kind, "data": data | {"bbo": [self._best(bids), self._best(asks)]}})
        self.sequence = now_ms
        levels = [[self._level(*each) for each in side] for side in (bids, asks)]
        return _compact({"channel": "l2Book", "data": data | {"levels": levels}})

    def update(self, stream: str, now: Nanos) -> str | None:
        """A push, if anything changed."""
        changes = self._windows[stream.partition(":")[0]].changes()
        return None if changes is None else self.snapshot(stream, now)

    def restart(self, now: Nanos) -> str:
        """The service was restarted, which no push shows."""
        self._windows["l2Book"].changes()
        return self.snapshot(self.streams[0], now)

    def _best(self, side: Levels) -> dict[str, Any] | None:
        return self._level(*side[0]) if side else None

    def _level(self, price: int, size: int) -> dict[str, Any]:
        return {"px": self._digits.price(price), "sz": self._digits.size(size), "n": 1}


class HyperliquidWords:
    """What Hyperliquid answers."""

    upgrade = greeting = beat = ""
    """It announces nothing."""
    is_patient = False

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        return urlsplit(path).path == "/ws"

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """`{"method":"ping"}`, or `{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC"}}`."""
        try:
            order = json.loads(message)
            method = order["method"]
            subscription = order.get("subscription", {})
            kind = "fast" if subscription.get("fast") else subscription.get("type", "")
            stream = f"{kind}:{subscription.get('coin', '')}"
        except (ValueError, TypeError, KeyError, AttributeError):
            return Command((_error("Error parsing JSON into valid websocket request"),))
        if method == "ping":
            return Command(('{"channel":"pong"}',))
        if method not in {"subscribe", "unsubscribe"} or stream not in known:
            return Command((_error(f"Invalid subscription {message}"),))
        answers = (_compact({"channel": "subscriptionResponse", "data": order}),)
        if method == "subscribe":
            return Command(answers, subscribe=(stream,))
        return Command(answers, unsubscribe=(stream,))


def _error(text: str) -> str:
    return _compact({"channel": "error", "data": text})


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
