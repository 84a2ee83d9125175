"""Bybit's messages as it spells them: for JSON that the compiled scan does not read, and for acknowledgements.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only.
"""

from typing import Literal, TypeAlias

import msgspec

from signald.sources.spoken import heard_from, reader_of

Level: TypeAlias = tuple[str, str]


class Data(msgspec.Struct, omit_defaults=True):
    """`{"s":"BTCUSDT","b":[["65140.4","0.885797"]],"a":[],"u":62505424,"seq":112488545854}`."""

    b: list[Level] | None = None
    a: list[Level] | None = None
    u: int | None = None


class Frame(msgspec.Struct, omit_defaults=True):
    """`{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1786310816618,"data":{…},"cts":1786310816585}`."""

    topic: str | None = None
    type: Literal["snapshot", "delta"] | None = None
    ts: int | None = None
    cts: int | None = None
    data: Data | None = None


class Told(msgspec.Struct):
    """`{"success":true,"ret_msg":"pong","conn_id":"…","req_id":"","op":"ping"}`, or the topic of another stream."""

    topic: str = ""
    op: str = ""
    success: bool = True
    ret_msg: str = ""


_CHANNEL = "bybit"
_BOOKS = "orderbook."
_NO_BOOKS = b'{"op":""}'

_decode_frame = reader_of(_CHANNEL, Frame)
decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads.

    Raises:
        MalformedFrameError: It is no JSON, or not as Bybit writes it.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        if not decode_told(frame).topic.startswith(_BOOKS):
            return [_NO_BOOKS]
        return [msgspec.json.encode(_decode_frame(frame))]
