"""Binance's messages as it spells them: the slow path, for JSON that the compiled scan does not read.

What is read here is written again in the plainest form and handed to the same kernel, so that there is one way into a
book only.
"""

from typing import TypeAlias

import msgspec

from signald.errors import MalformedFrameError

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


_FRAME = msgspec.json.Decoder(Frame)
_KIND = msgspec.json.Decoder(Kind)
_SNAPSHOT = msgspec.json.Decoder(Snapshot)
_ENCODER = msgspec.json.Encoder()
_CHANNEL = "binance"
_REFUSALS = (msgspec.MsgspecError, UnicodeError, RecursionError)


def decode_data(frame: bytes) -> Data:
    """Read a frame, in its envelope or bare; raises :class:`MalformedFrameError`."""
    try:
        decoded = _FRAME.decode(frame)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error
    return decoded.data or decoded


def decode_kind(frame: bytes) -> str | None:
    """Read the kind of a frame of any stream, None if it says none; raises :class:`MalformedFrameError`."""
    try:
        decoded = _KIND.decode(frame)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "e", str(error)) from error
    return (decoded.data or decoded).e


def plainest(frame: bytes) -> bytes:
    """Write a frame again in the form that the compiled scan reads; raises :class:`MalformedFrameError`."""
    data = decode_data(frame)
    order = ("e", "E", "s", "U", "u", "pu", "b", "B", "a", "A")
    members = {name: getattr(data, name) for name in order}
    return _encode({name: value for name, value in members.items() if value is not None})


def plainest_snapshot(body: bytes) -> bytes:
    """Write a snapshot again in the form that the compiled scan reads; raises :class:`MalformedFrameError`."""
    try:
        snapshot = _SNAPSHOT.decode(body)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error
    return _encode(snapshot)


def _encode(value: object) -> bytes:
    try:
        return _ENCODER.encode(value)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error
