"""OKX's messages as it spells them: for JSON that the compiled scan does not read, and for what is no book's.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only.
"""

from typing import Literal, TypeAlias

import msgspec

from signald.sources.spoken import heard_from, reader_of

Level: TypeAlias = tuple[str, str, str, str]


class Arg(msgspec.Struct, omit_defaults=True):
    """`{"channel":"books","instId":"BTC-USDT"}`."""

    channel: str | None = None
    instId: str | None = None  # noqa: N815  # as OKX spells it, here and below


class Element(msgspec.Struct, omit_defaults=True):
    """`{"asks":[["8476.98","415","0","13"]],"bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":1,"seqId":2}`."""

    asks: list[Level] | None = None
    bids: list[Level] | None = None
    ts: str | None = None
    checksum: int | None = None
    prevSeqId: int | None = None  # noqa: N815
    seqId: int | None = None  # noqa: N815


class Frame(msgspec.Struct, omit_defaults=True):
    """`{"arg":{…},"action":"update","data":[{…}]}`; what is no book's has no `data`, or that of another channel."""

    arg: Arg | None = None
    action: Literal["snapshot", "update"] | None = None
    data: list[Element] | None = None


class Told(msgspec.Struct):
    """What the venue says besides: `{"event":"error","code":"60012","msg":"Invalid request"}`."""

    event: str = ""
    code: str = ""
    msg: str = ""


class _Envelope(msgspec.Struct):
    arg: Arg | None = None


_CHANNEL = "okx"
_NO_BOOKS = b'{"event":""}'
BOOKS = "books"
TOUCH = "bbo-tbt"

_decode_envelope = reader_of(_CHANNEL, _Envelope)
decode_frame = reader_of(_CHANNEL, Frame)
"""Reads a frame of `books` or `bbo-tbt`; raises :class:`MalformedFrameError`."""

decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads, one for each element of its data.

    Raises:
        MalformedFrameError: It is no JSON, or not as OKX writes it.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        channel = (_decode_envelope(frame).arg or Arg()).channel
        decoded = decode_frame(frame) if channel in {BOOKS, TOUCH} else Frame()
        if decoded.data is None:
            return [_NO_BOOKS]
        parts = [msgspec.structs.replace(decoded, data=[_plain_element(element)]) for element in decoded.data]
        return [msgspec.json.encode(part) for part in parts]


def _plain_element(element: Element) -> Element:
    """The same, its levels without what is not looked at: that may be any text."""
    return msgspec.structs.replace(element, asks=_plain_levels(element.asks), bids=_plain_levels(element.bids))


def _plain_levels(levels: list[Level] | None) -> list[Level] | None:
    return None if levels is None else [(price, size, "0", "0") for price, size, _, _ in levels]
