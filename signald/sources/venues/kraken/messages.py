"""Kraken's messages as it spells them: for JSON that the compiled scan does not read, and for what is no book's.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only. Numbers are kept as they were written: their digits are what checksums are made of.
"""

import re
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from signald.errors import MalformedFrameError
from signald.sources.spoken import heard_from, reader_of


class Level(msgspec.Struct):
    """`{"price":78871.5,"qty":0.01266503}`."""

    price: msgspec.Raw
    qty: msgspec.Raw


class Element(msgspec.Struct, omit_defaults=True):
    """`{"symbol":"BTC/USD","bids":[…],"asks":[…],"checksum":1406471562,"timestamp":"2026-08-24T22:21:57.110183Z"}`."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    checksum: int | None = None
    timestamp: str | None = None


class Frame(msgspec.Struct):
    """`{"channel":"book","type":"update","data":[{…}]}`."""

    channel: str
    type: Literal["snapshot", "update"]
    data: list[Element]


class Subscribed(msgspec.Struct):
    """`{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"}`."""

    channel: str = ""
    depth: int = 0
    symbol: str = ""


class Told(msgspec.Struct):
    """`{"method":"subscribe","result":{…},"success":true}`, `{"method":"pong"}`, `{"channel":"heartbeat"}`."""

    method: str = ""
    channel: str = ""
    success: bool = True
    error: str = ""
    result: Subscribed | None = None


class _Envelope(msgspec.Struct):
    channel: str = ""


_CHANNEL: Final = "kraken"
_NUMBER: Final = re.compile(rb"[0-9]{1,40}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?")
_NO_BOOK: Final = b'{"channel":"other"}'

_decode_envelope = reader_of(_CHANNEL, _Envelope)
decode_frame = reader_of(_CHANNEL, Frame)
"""Reads a frame of `book`; raises :class:`MalformedFrameError`."""

decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def digits_of(number: msgspec.Raw) -> str:
    """A price or size as it was written, but without an exponent; raises :class:`MalformedFrameError`."""
    text = bytes(number)
    if _NUMBER.fullmatch(text) is None:
        raise MalformedFrameError(_CHANNEL, "", f"{text[:40]!r} is no price or size")
    return f"{Decimal(text.decode()):f}"


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads, one for each element of its data.

    Raises:
        MalformedFrameError: It is no JSON, or not as Kraken writes it.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        if _decode_envelope(frame).channel != "book":
            return [_NO_BOOK]
        decoded = decode_frame(frame)
        return [msgspec.json.encode(_plain(decoded, element)) for element in decoded.data]


def _plain(frame: Frame, element: Element) -> dict[str, Any]:
    plain: dict[str, Any] = {"symbol": element.symbol, "bids": _levels(element.bids), "asks": _levels(element.asks)}
    plain |= {} if element.checksum is None else {"checksum": element.checksum}
    plain |= {} if element.timestamp is None else {"timestamp": element.timestamp}
    return {"channel": frame.channel, "type": frame.type, "data": [plain]}


def _levels(levels: list[Level]) -> list[dict[str, msgspec.Raw]]:
    return [
        {"price": msgspec.Raw(digits_of(each.price).encode()), "qty": msgspec.Raw(digits_of(each.qty).encode())}
        for each in levels
    ]
