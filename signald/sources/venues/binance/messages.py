"""Binance's messages as it spells them: the slow path, for JSON that the compiled scan does not read.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only.
"""

from typing import TypeAlias

import msgspec

from signald.sources.spoken import heard_from, reader_of

Level: TypeAlias = tuple[str, str]


class Data(msgspec.Struct):
    """Any member of a stream that we read; which of them are there tells what it is."""

    e: str | None = None
    E: int | None = None
    s: str | None = None
    U: int | None = None
    u: int | None = None
    pu: int | None = None
    b: list[Level] | str | None = None
    a: list[Level] | str | None = None
    B: str | None = None
    A: str | None = None


class Frame(Data):
    """`{"stream":"btcusdt@depth@100ms","data":{…}}`, or the data's own members."""

    data: Data | None = None


class Snapshot(msgspec.Struct):
    """`{"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[]}`."""

    lastUpdateId: int  # noqa: N815  # as Binance spells it
    bids: list[Level]
    asks: list[Level]


class Kind(msgspec.Struct):
    """`{"e":"trade",…}`, in its envelope or bare."""

    e: str | None = None
    data: "Kind | None" = None


_CHANNEL = "binance"

_decode_frame = reader_of(_CHANNEL, Frame)
_decode_kind = reader_of(_CHANNEL, Kind, "e")
_decode_snapshot = reader_of(_CHANNEL, Snapshot)


def decode_data(frame: bytes) -> Data:
    """Read a frame, in its envelope or bare; raises :class:`MalformedFrameError`."""
    decoded = _decode_frame(frame)
    return decoded.data or decoded


def decode_kind(frame: bytes) -> str | None:
    """Read the kind of a frame of any stream, None if it says none; raises :class:`MalformedFrameError`."""
    decoded = _decode_kind(frame)
    return (decoded.data or decoded).e


def plainest(frame: bytes) -> bytes:
    """Write a frame again in the form that the compiled scan reads; raises :class:`MalformedFrameError`."""
    data = decode_data(frame)
    order = ("e", "E", "s", "U", "u", "pu", "b", "B", "a", "A")
    members = {name: getattr(data, name) for name in order}
    return _encode({name: value for name, value in members.items() if value is not None})


def plainest_snapshot(body: bytes) -> bytes:
    """Write a snapshot again in the form that the compiled scan reads; raises :class:`MalformedFrameError`."""
    return _encode(_decode_snapshot(body))


def _encode(value: object) -> bytes:
    with heard_from(_CHANNEL):
        return msgspec.json.encode(value)
