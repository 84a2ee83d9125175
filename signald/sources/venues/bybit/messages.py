"""Bybit's messages as it spells them: for JSON that the compiled scan does not read, and for acknowledgements.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only.
"""

from typing import Literal, TypeAlias

import msgspec

from signald.errors import MalformedFrameError

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


_FRAME = msgspec.json.Decoder(Frame)
_TOLD = msgspec.json.Decoder(Told)
_ENCODER = msgspec.json.Encoder()
_CHANNEL = "bybit"
_REFUSALS = (msgspec.MsgspecError, UnicodeError, RecursionError)
_BOOKS = "orderbook."
_NO_BOOKS = b'{"op":""}'


def decode_frame(frame: bytes) -> Frame:
    """Read a frame of an order book; raises :class:`MalformedFrameError`."""
    try:
        return _FRAME.decode(frame)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error


def decode_told(frame: bytes) -> Told:
    """Read a frame that is no book's; raises :class:`MalformedFrameError`."""
    try:
        return _TOLD.decode(frame)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads.

    Raises:
        MalformedFrameError: It is no JSON, or not as Bybit writes it.
    """
    try:
        frame.decode()  # msgspec looks into no text that it does not need
    except UnicodeError as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error
    if not decode_told(frame).topic.startswith(_BOOKS):
        return [_NO_BOOKS]
    return [_encode(decode_frame(frame))]


def _encode(frame: Frame) -> bytes:
    try:
        return _ENCODER.encode(frame)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error
