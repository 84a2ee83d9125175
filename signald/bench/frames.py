"""Frames to measure on: made ones of a known number of changes, and recorded ones."""

import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from signald.model.instruments import Instrument
from signald.model.records import RecordKind
from signald.replay.importers.binance_stream import Content, binance_records

_TOUCH_TICKS: Final = 6_000_000
_NEAR_TICKS: Final = 2_000
_REMOVED: Final = 0.3  # share of changes that take a level away
_LEVELS: Final = 1_000


class Recording(NamedTuple):
    """One book's frames in order.

    Attributes:
        instrument: Whose.
        snapshot: The REST snapshot that they join.
        before: Frames that came before it.
        frames: Frames that came after it.
        changes: Mean number of changes a frame.
    """

    instrument: Instrument
    snapshot: bytes
    before: tuple[bytes, ...]
    frames: tuple[bytes, ...]
    changes: float


def made_frames(instrument: Instrument, *, changes: int, count: int = 2_000, seed: int = 7) -> Recording:
    """Combined-stream depth frames of ``changes`` bids and as many asks near the touch, each joining the one before."""
    draw = random.Random(seed)  # noqa: S311 - the same frames in every run
    bids = {_TOUCH_TICKS - 1 - n: 100_000 for n in range(_LEVELS)}
    asks = {_TOUCH_TICKS + n: 100_000 for n in range(_LEVELS)}
    snapshot = {"lastUpdateId": 1_000, "bids": _levels(bids), "asks": _levels(asks)}
    last = 1_000
    frames: list[bytes] = []
    for number in range(count):
        first, last = last + 1, last + 2 * changes
        data = {
            "e": "depthUpdate",
            "E": 1_723_161_255_208 + 100 * number,
            "s": instrument.venue_symbol,
            "U": first,
            "u": last,
            "b": _levels({_TOUCH_TICKS - 1 - k: _size(draw) for k in draw.sample(range(_NEAR_TICKS), changes)}),
            "a": _levels({_TOUCH_TICKS + k: _size(draw) for k in draw.sample(range(_NEAR_TICKS), changes)}),
        }
        stream = f"{instrument.venue_symbol.lower()}@depth@100ms"
        frames.append(_compact({"stream": stream, "data": data}))
    return Recording(instrument, _compact(snapshot), (), tuple(frames), 2.0 * changes)


def recorded_frames(path: Path, instrument: Instrument) -> Recording:
    """The depth frames of a recorded Binance stream with its REST snapshot."""
    content = Content(instrument.venue, (instrument.venue_symbol,))
    before: list[bytes] = []
    frames: list[bytes] = []
    snapshot = b""
    records = binance_records([path], content, snapshot_symbol=instrument.venue_symbol, skipped=Counter())
    for record in records:
        if record.kind is RecordKind.RESPONSE:
            snapshot = record.payload
        elif record.kind is RecordKind.FRAME and b"@depth" in record.payload[:40]:
            (frames if snapshot else before).append(record.payload)
    changes = sum(frame.count(b'"]') for frame in frames)
    return Recording(instrument, snapshot, tuple(before), tuple(frames), changes / len(frames))


def _levels(sizes: dict[int, int]) -> list[list[str]]:
    return [[f"{Decimal(ticks).scaleb(-2):.8f}", f"{Decimal(lots).scaleb(-5):.8f}"] for ticks, lots in sizes.items()]


def _size(draw: random.Random) -> int:
    return 0 if draw.random() < _REMOVED else draw.randrange(1, 1_000_000)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
