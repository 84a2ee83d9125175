"""Hyperliquid's messages as it spells them: for JSON that the compiled scan does not read, and for what is no book's.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only.
"""

from typing import Any

import msgspec

from signald.sources.spoken import heard_from, reader_of


class Level(msgspec.Struct):
    """`{"px":"105055.0","sz":"3.03622","n":5}`."""

    px: str
    sz: str


class Book(msgspec.Struct):
    """`{"coin":"BTC","time":1737918843542,"levels":[[…],[…]]}`."""

    coin: str
    time: int
    levels: tuple[list[Level], list[Level]]


class Touch(msgspec.Struct):
    """`{"coin":"BTC","time":1737918843542,"bbo":[{…},null]}`."""

    coin: str
    time: int
    bbo: tuple[Level | None, Level | None]


class Told(msgspec.Struct):
    """`{"channel":"pong"}`, `{"channel":"error","data":"Invalid subscription …"}`, or another channel."""

    channel: str = ""
    data: Any = None


class _Frame(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_DATA = {"l2Book": msgspec.json.Decoder(Book), "bbo": msgspec.json.Decoder(Touch)}
_CHANNEL = "hyperliquid"
_NO_BOOK = b'{"channel":"other"}'

_decode_frame = reader_of(_CHANNEL, _Frame)
decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads.

    Raises:
        MalformedFrameError: It is no JSON, or not as Hyperliquid writes it.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        envelope = _decode_frame(frame)
        decoder = _DATA.get(envelope.channel)
        if decoder is None:
            return [_NO_BOOK]
        return [msgspec.json.encode({"channel": envelope.channel, "data": decoder.decode(envelope.data)})]
