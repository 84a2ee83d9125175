"""How long each stage of the path takes: counted in preallocated memory, for a fraction of a microsecond.

Durations fall into log-linear buckets, four to each doubling from 0.5 µs to 2 s: a bucket's bounds differ by at most a
quarter. Beside them a ring keeps the last latencies as they were, for exact percentiles.

Both live in any writable buffer, so that another process may read them out of shared memory while they are counted.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from signald.model.time import NS_PER_US, Nanos

STAGES = ("decode", "frame", "score", "journal", "publish", "total")
"""Stages of the path. ``decode``: bytes to figure; ``frame``: a venue's frame into its book; ``score``: figure to
document; ``journal``: appending it; ``publish``: Redis from command to reply; ``total``: ingestion to reply."""

_CELL_BYTES = 8
_SPLIT_BITS = 2
_FIRST_BIT = 9  # 512 ns
_LAST_BIT = 31  # 2.1 s
_SHIFT = _FIRST_BIT + 1
_TOP = _LAST_BIT
_BUCKETS = ((_LAST_BIT - _FIRST_BIT) << _SPLIT_BITS) + 2
_CELLS = _BUCKETS + 1

BOUNDS_NS: tuple[Nanos, ...] = (
    *(
        ((1 << _SPLIT_BITS) + quarter) << (bit - _SPLIT_BITS)
        for bit in range(_FIRST_BIT, _LAST_BIT)
        for quarter in range(1 << _SPLIT_BITS)
    ),
    1 << _LAST_BIT,
)
"""Upper bounds of all buckets but the last, which has none; a duration equal to a bound lies below it."""


class StageCounts(NamedTuple):
    """One stage's durations: how many fell into each bucket (one more than there are bounds), and their sum."""

    counts: tuple[int, ...]
    sum_ns: Nanos


class Stages:
    """Histograms of the stages, written by one process."""

    __slots__ = ("_cells", "_offsets")

    SIZE = len(STAGES) * _CELLS * _CELL_BYTES
    """Bytes that all histograms need."""

    def __init__(self, buffer: bytearray | memoryview | None = None) -> None:
        """Count in ``buffer``, :attr:`SIZE` bytes of zeros or of earlier counts; in memory of our own without one."""
        self._cells = memoryview(bytearray(self.SIZE) if buffer is None else buffer)[: self.SIZE].cast("q")
        self._offsets = {stage: index * _CELLS for index, stage in enumerate(STAGES)}

    def observe(self, stage: str, duration_ns: Nanos) -> None:
        """Count one duration; what is not above 0 counts as 1.

        Raises:
            KeyError: There is no such stage.
        """
        offset = self._offsets[stage]
        duration_ns = max(duration_ns, 1)
        below = duration_ns - 1
        bits = below.bit_length()
        if bits < _SHIFT:
            bucket = 0
        elif bits > _TOP:
            bucket = _BUCKETS - 1
        else:
            bucket = ((bits - _SHIFT) << _SPLIT_BITS) + ((below >> (bits - 1 - _SPLIT_BITS)) & 3) + 1
        cells = self._cells
        cells[offset] += duration_ns
        cells[offset + 1 + bucket] += 1

    def read(self) -> Mapping[str, StageCounts]:
        """All stages as they stand."""
        return {
            stage: StageCounts(tuple(self._cells[offset + 1 : offset + _CELLS]), self._cells[offset])
            for stage, offset in self._offsets.items()
        }


class StageSummary(NamedTuple):
    """One stage's durations, each percentile the upper bound of its bucket, in microseconds; 0 of none."""

    n: int
    p50_us: float
    p99_us: float


def summarize_stages(kept: Sequence[Stages]) -> dict[str, StageSummary]:
    """What the histograms of one or several processes hold together, by stage."""
    read = [one.read() for one in kept]
    return {
        stage: _summary([sum(counts) for counts in zip(*(one[stage].counts for one in read), strict=True)])
        for stage in STAGES
    }


def _summary(counts: Sequence[int]) -> StageSummary:
    n = sum(counts)
    p50, p99 = (_bound_of(counts, math.ceil(share * n)) / NS_PER_US for share in (0.5, 0.99))
    return StageSummary(n, p50, p99)


def _bound_of(counts: Sequence[int], rank: int) -> Nanos:
    """Upper bound of the bucket that holds the duration of this rank, of those that have none the last; 0 of none."""
    below = 0
    for bound, count in zip((*BOUNDS_NS, BOUNDS_NS[-1]), counts, strict=True):
        below += count
        if below >= rank > 0:
            return bound
    return 0


class LatencySummary(NamedTuple):
    """Exact percentiles (nearest rank) of the last ``n`` latencies, in microseconds; NaN while there are none."""

    n: int
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float


class LatencyRing:
    """The last latencies as they were."""

    __slots__ = ("_capacity", "_cells")

    def __init__(self, capacity: int = 4_096, buffer: bytearray | memoryview | None = None) -> None:
        """Keep ``capacity`` latencies, in ``buffer`` of :meth:`size` bytes or in memory of our own."""
        size = self.size(capacity)
        self._cells = memoryview(bytearray(size) if buffer is None else buffer)[:size].cast("q")
        self._capacity = capacity

    @staticmethod
    def size(capacity: int) -> int:
        """Bytes that a ring of ``capacity`` needs."""
        return (capacity + 1) * _CELL_BYTES

    def record(self, latency_ns: Nanos) -> None:
        """Keep one latency; the oldest makes room."""
        cells = self._cells
        cells[1 + cells[0] % self._capacity] = latency_ns
        cells[0] += 1

    def read(self) -> list[Nanos]:
        """What is kept, in no order."""
        return self._cells[1 : 1 + min(self._cells[0], self._capacity)].tolist()

    def summarize(self) -> LatencySummary:
        """Percentiles of what is kept."""
        kept = sorted(self.read())
        if not kept:
            return LatencySummary(0, math.nan, math.nan, math.nan, math.nan)
        p50, p99, p999 = (kept[math.ceil(share * len(kept)) - 1] / NS_PER_US for share in (0.5, 0.99, 0.999))
        return LatencySummary(len(kept), p50, p99, p999, kept[-1] / NS_PER_US)
