"""Coinbase Advanced Trade's dialect from the venue's side: frames, subscriptions. Bytes only, no connection.

After "Advanced Trade WebSocket": `level2` in full depth, `heartbeats` every second, one count for a whole connection.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from signald.model.instruments import Instrument
from signald.model.time import Nanos, format_rfc3339
from signald.simulate.venues.counters import NUMBER
from signald.simulate.venues.dialect import Command
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.window import Digits, Levels, Window

_ALL: Final = 1 << 20
_BEGINNING: Final = "1970-01-01T00:00:00Z"


class CoinbaseSymbol:
    """One product: its book and the words in which Coinbase tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
        sequence: Number of its book's last frame on the connection that got it last.
    """

    def __init__(self, instrument: Instrument) -> None:
        """List it with an empty book."""
        self.instrument = instrument
        self.ledger = Ledger((), update_id=0)
        self.sequence = -1
        self._digits = Digits(instrument)
        self._window = Window(self.ledger, _ALL)

    @property
    def streams(self) -> tuple[str, ...]:
        """`level2:BTC-USD`."""
        return (f"level2:{self.instrument.venue_symbol}",)

    def numbered(self, number: int) -> None:
        """Its book's last frame has a number."""
        self.sequence = number

    def snapshot(self, stream: str, now: Nanos) -> str:  # noqa: ARG002  # there is one only
        """What a new subscriber is sent first."""
        return self._write("snapshot", self._window.levels(), now, when=_BEGINNING)

    def update(self, stream: str, now: Nanos) -> str | None:  # noqa: ARG002
        """What changed since the last one; ``None`` if nothing did."""
        changes = self._window.changes()
        return None if changes is None else self._write("update", changes, now, when=format_rfc3339(now))

    def restart(self, now: Nanos) -> str:
        """The service was restarted: the book is sent anew."""
        self._window.changes()
        return self._write("snapshot", self._window.levels(), now, when=_BEGINNING)

    def _write(self, kind: str, sides: tuple[Levels, Levels], now: Nanos, *, when: str) -> str:
        updates = [
            {
                "side": name,
                "event_time": when,
                "price_level": self._digits.price(price),
                "new_quantity": self._digits.size(size),
            }
            for name, side in zip(("bid", "offer"), sides, strict=True)
            for price, size in side
        ]
        event = {"type": kind, "product_id": self.instrument.venue_symbol, "updates": updates}
        return _frame("l2_data", [event], now)


class CoinbaseWords:
    """What Coinbase answers."""

    upgrade = greeting = ""
    """It announces nothing."""
    beat = '{"channel":"heartbeats","sequence_num":' + str(NUMBER) + ',"events":[{"heartbeat_counter":1}]}'
    is_patient = True

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        return urlsplit(path).path == "/"

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """`{"type":"subscribe","product_ids":["BTC-USD"],"channel":"level2"}`."""
        try:
            order: dict[str, Any] = json.loads(message)
            kind, channel = order["type"], order["channel"]
            streams = tuple(f"{channel}:{product}" for product in order.get("product_ids", ()))
        except (ValueError, TypeError, KeyError, AttributeError):
            return Command(('{"type":"error","message":"failed to parse message"}',))
        if kind not in {"subscribe", "unsubscribe"} or any(stream not in known for stream in streams):
            return Command((_compact({"type": "error", "message": f"failed to {kind}"}),))
        events = [{"subscriptions": dict.fromkeys((channel,), order.get("product_ids", []))}]
        answers = (_compact({"channel": "subscriptions", "sequence_num": NUMBER, "events": events}),)
        if kind == "subscribe":
            return Command(answers, subscribe=streams)
        return Command(answers, unsubscribe=streams)


def _frame(channel: str, events: list[dict[str, Any]], now: Nanos) -> str:
    return _compact(
        {"channel": channel, "timestamp": format_rfc3339(now), "sequence_num": NUMBER, "events": events},
    )


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
