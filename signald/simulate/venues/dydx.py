"""dYdX v4's dialect from the venue's side: frames, subscriptions. Bytes only, no connection.

After "Indexer WebSocket API": `v4_orderbook` in full depth, levels without order, one count for a whole connection.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

from signald.model.instruments import Instrument
from signald.model.time import Nanos
from signald.simulate.venues.counters import NUMBER
from signald.simulate.venues.dialect import Command
from signald.simulate.venues.ledger import Ledger
from signald.simulate.venues.window import Digits, Levels, Window

BOOKS: Final = "v4_orderbook"
_ALL: Final = 1 << 20
_CONNECTION: Final = "a4d3ae55-0d94-4e1f-8b7c-2f6d1c3b5a90"


class DydxSymbol:
    """One market: its book and the words in which dYdX tells of it.

    Attributes:
        instrument: What it is to us.
        ledger: Its book.
        sequence: Number of its book's last message on the connection that got it last.
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
        """`v4_orderbook:BTC-USD`."""
        return (f"{BOOKS}:{self.instrument.venue_symbol}",)

    def numbered(self, number: int) -> None:
        """Its book's last message has a number."""
        self.sequence = number

    def snapshot(self, stream: str, now: Nanos) -> str:  # noqa: ARG002  # there is one only, and nothing has a time
        """What a new subscriber is sent first."""
        bids, asks = (
            [{"price": self._digits.price(price), "size": self._digits.size(size)} for price, size in side]
            for side in self._window.levels()
        )
        return self._write("subscribed", {"bids": bids, "asks": asks})

    def update(self, stream: str, now: Nanos) -> str | None:  # noqa: ARG002
        """What changed since the last one; ``None`` if nothing did."""
        changes = self._window.changes()
        return None if changes is None else self._change(changes)

    def restart(self, now: Nanos) -> str:  # noqa: ARG002
        """The service was restarted, which no message shows."""
        return self._change(self._window.changes() or ([], []))

    def _change(self, sides: tuple[Levels, Levels]) -> str:
        bids, asks = ([[self._digits.price(price), self._digits.size(size)] for price, size in side] for side in sides)
        told = {name: side for name, side in (("bids", bids), ("asks", asks)) if side}
        return self._write("channel_data", told)

    def _write(self, kind: str, contents: dict[str, Any]) -> str:
        head = {"type": kind, "connection_id": _CONNECTION, "message_id": NUMBER}
        return _compact({**head, "id": self.instrument.venue_symbol, "channel": BOOKS, "contents": contents})


class DydxWords:
    """What dYdX answers."""

    upgrade = beat = ""
    """It announces nothing."""
    greeting = '{"type":"connected","connection_id":"' + _CONNECTION + '","message_id":' + str(NUMBER) + "}"
    is_patient = True

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        return urlsplit(path).path == "/v4/ws"

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """`{"type":"subscribe","channel":"v4_orderbook","id":"BTC-USD"}`."""
        try:
            order = json.loads(message)
            kind, stream = order["type"], f"{order['channel']}:{order['id']}"
        except (ValueError, TypeError, KeyError):
            return Command((_error("Invalid message"),))
        if kind not in {"subscribe", "unsubscribe"} or stream not in known:
            return Command((_error(f"Invalid subscription: {stream}"),))
        if kind == "subscribe":
            return Command((), subscribe=(stream,))
        head = {"type": "unsubscribed", "connection_id": _CONNECTION, "message_id": NUMBER}
        return Command((_compact({**head, "channel": order["channel"], "id": order["id"]}),), unsubscribe=(stream,))


def _error(text: str) -> str:
    return _compact({"type": "error", "message": text, "connection_id": _CONNECTION, "message_id": NUMBER})


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
