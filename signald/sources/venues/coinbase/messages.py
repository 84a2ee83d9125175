"""Coinbase's messages as it spells them: for JSON that the compiled scan does not read, and for what is no book's.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book, and one count of the connection's frames, only.
"""

from typing import Any, Final, Literal

import msgspec

from signald.sources.spoken import heard_from, reader_of


class Update(msgspec.Struct):
    """`{"side":"bid","event_time":"…","price_level":"78856.05","new_quantity":"0.04868907"}`."""

    side: Literal["bid", "offer"]
    price_level: str
    new_quantity: str


class Event(msgspec.Struct):
    """`{"type":"update","product_id":"BTC-USD","updates":[…]}`."""

    type: Literal["snapshot", "update"]
    product_id: str
    updates: list[Update]


class Frame(msgspec.Struct):
    """`{"channel":"l2_data","timestamp":"2026-08-24T22:34:13.813164957Z","sequence_num":1,"events":[{…}]}`."""

    timestamp: str
    sequence_num: int
    events: list[Event]


class Told(msgspec.Struct):
    """`{"channel":"heartbeats","sequence_num":7,…}`, or `{"type":"error","message":"failed to subscribe"}`."""

    channel: str = ""
    sequence_num: int | None = None
    type: str = ""
    message: str = ""


_CHANNEL: Final = "coinbase"
BOOKS: Final = "l2_data"

_decode_frame = reader_of(_CHANNEL, Frame)
decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads, one for each of its events.

    Raises:
        MalformedFrameError: It is no JSON, or not as Coinbase writes it.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        told = decode_told(frame)
        if told.channel != BOOKS:
            number = {} if told.sequence_num is None else {"sequence_num": told.sequence_num}
            return [msgspec.json.encode({"channel": "other"} | number)]
        decoded = _decode_frame(frame)
        return [_part(decoded, place) for place in range(len(decoded.events))] or [_part(decoded, None)]


def _part(frame: Frame, place: int | None) -> bytes:
    """One event as a frame of its own; the first of them is the one that counts."""
    head: dict[str, Any] = {"channel": BOOKS if place is not None else "other"}
    head |= {"timestamp": frame.timestamp, "sequence_num": frame.sequence_num}
    if place is None:
        return msgspec.json.encode(head)
    return msgspec.json.encode(head | ({"goes_on": 1} if place else {}) | {"events": [frame.events[place]]})
