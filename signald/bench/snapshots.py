"""How long a snapshot of megabytes takes to become a book, and how long whatever else comes has to wait for a slice."""

import gc
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any, Final

from signald.bench.frames import Recording
from signald.bench.peers import decoding_side
from signald.model.records import RecordKind
from signald.sources.sliced import SlicedSource

_MS: Final = 1e6
_NOW: Final = 1_800_000_000_000_000_000


def measure_snapshot(recording: Recording, build: Callable[[], SlicedSource], *, rounds: int) -> dict[str, Any] | None:
    """Give the longest frame of a recording's beginning to a new source, slice by slice, so many times.

    Args:
        recording: Whose.
        build: Makes a source that has heard nothing.
        rounds: How often.

    Returns:
        Medians over the rounds, milliseconds: of all slices together, of each round's longest one, of ``orjson.loads``
        of the same frame, if it is installed; its bytes and how many slices it took. ``None``: no frame is long enough.
    """
    frame = max((each.payload for each in recording.priming if each.kind is RecordKind.FRAME), key=len, default=b"")
    wholes: list[float] = []
    longest: list[float] = []
    decoded: list[float] = []
    slices = 0
    decoding = decoding_side(recording._replace(frames=(frame,)))
    decode = decoding.prepare() if decoding else None
    for _ in range(rounds + 1):
        source = build()
        source.on_connected(_NOW)
        gc.collect()
        gc.disable()
        try:
            took = _read(source, frame)
            if decode is not None:
                began = perf_counter_ns()
                decode()
                decoded.append((perf_counter_ns() - began) / _MS)
        finally:
            gc.enable()
        slices = len(took)
        wholes.append(sum(took))
        longest.append(max(took))
    if slices <= 1:
        return None
    return {
        "bytes": len(frame),
        "slices": slices,
        "ms": round(statistics.median(wholes[1:]), 3),
        "longest_slice_ms": round(statistics.median(longest[1:]), 3),
        "orjson_ms": round(statistics.median(decoded[1:]), 3) if decode else None,
        "ratio_to_orjson": round(_ratio(wholes[1:], decoded[1:]), 3) if decode else None,
    }


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def _read(source: SlicedSource, frame: bytes) -> list[float]:
    """Milliseconds of each call until the frame is read."""
    took: list[float] = []
    began = perf_counter_ns()
    source.on_frame(frame, _NOW)
    took.append((perf_counter_ns() - began) / _MS)
    now = _NOW
    while source.is_reading:
        now += 1
        began = perf_counter_ns()
        source.advance(now)
        took.append((perf_counter_ns() - began) / _MS)
    return took
