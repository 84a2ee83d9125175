"""dYdX's messages as it spells them: for JSON that the compiled scan does not read, and for what is no book's.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book, and one count of the connection's frames, only.
"""

from typing import Any, Final

import msgspec

from signald.errors import MalformedFrameError
from signald.sources.spoken import heard_from, reader_of


class Level(msgspec.Struct):
    """`{"price":"43240.0","size":"1.5"}`."""

    price: str
    size: str


class Snapshot(msgspec.Struct):
    """`{"bids":[{…}],"asks":[{…}]}`."""

    bids: list[Level] = []
    asks: list[Level] = []


class Changes(msgspec.Struct):
    """`{"bids":[["43240.0","2.0"]],"asks":[]}`; levels may have a third member."""

    bids: list[list[str]] = []
    asks: list[list[str]] = []


class Told(msgspec.Struct):
    """`{"type":"connected","message_id":0}`, `{"type":"error","message":"…","message_id":3}`, or another channel."""

    type: str = ""
    message_id: int | None = None
    channel: str = ""
    id: str = ""
    message: str = ""


class _Contents(msgspec.Struct):
    contents: msgspec.Raw


_CONTENTS: Final = msgspec.json.Decoder(_Contents)
_SNAPSHOT: Final = msgspec.json.Decoder(Snapshot)
_CHANGES: Final = msgspec.json.Decoder(Changes)
_BATCH: Final = msgspec.json.Decoder(list[Changes])
_CHANNEL: Final = "dydx"
_KINDS: Final = frozenset({"subscribed", "channel_data", "channel_batch_data"})
_TWO: Final = 2
BOOKS: Final = "v4_orderbook"

decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def plainest(frame: bytes) -> list[bytes]:
    """Write a frame again in the form that the compiled scan reads.

    Raises:
        MalformedFrameError: It is no JSON, or not as dYdX writes it.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        told = decode_told(frame)
        number = {} if told.message_id is None else {"message_id": told.message_id}
        if told.channel != BOOKS or told.type not in _KINDS:
            return [msgspec.json.encode({"type": "other"} | number)]
        head = {"type": told.type} | number | {"channel": BOOKS, "id": told.id}
        return [msgspec.json.encode(head | {"contents": _plain(told.type, _CONTENTS.decode(frame).contents)})]


def _plain(kind: str, contents: msgspec.Raw) -> Any:  # noqa: ANN401  # JSON
    match kind:
        case "subscribed":
            return _SNAPSHOT.decode(contents)
        case "channel_data":
            return _cut(_CHANGES.decode(contents))
        case _:
            return [_cut(each) for each in _BATCH.decode(contents)]


def _cut(changes: Changes) -> Changes:
    """The same without what stands behind a level's price and size."""
    for levels in (changes.bids, changes.asks):
        if any(len(level) < _TWO for level in levels):
            raise MalformedFrameError(_CHANNEL, "contents", "a level has no size")
    return Changes([level[:_TWO] for level in changes.bids], [level[:_TWO] for level in changes.asks])
