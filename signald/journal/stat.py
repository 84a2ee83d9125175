"""What a journal holds, counted."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from signald.journal.compression import new_compressor
from signald.journal.format import KIND_LOST, KIND_SEAL
from signald.journal.reader import stored_records
from signald.journal.segments import is_compressed, list_segments
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S, Nanos

_DAY_NS = 86_400 * NS_PER_S


class ChannelCount(NamedTuple):
    """Records of one kind on one channel, and the bytes of their payloads."""

    kind: RecordKind
    channel: str
    records: int
    payload_bytes: int


class JournalStat(NamedTuple):
    """What a journal holds.

    Attributes:
        segments: Files; ``compressed`` of them are zstd.
        compressed: See there.
        disk_bytes: All files together.
        records: All records.
        blocks: Seals.
        lost: Records that the writer could not keep.
        ts_first: Lowest ``ts_ingest``; ``None`` in an empty journal.
        ts_last: Highest ``ts_ingest``.
        counts: By kind, then channel.
        compressed_bytes: All files together once all are closed and compressed.
    """

    segments: int
    compressed: int
    disk_bytes: int
    records: int
    blocks: int
    lost: int
    ts_first: Nanos | None
    ts_last: Nanos | None
    counts: tuple[ChannelCount, ...]
    compressed_bytes: int

    @property
    def mb_per_day(self) -> float | None:
        """What a day at this rate takes on the disk, 10^6 bytes; ``None``: the records span less than a second."""
        span = self.ts_last - self.ts_first if self.ts_first is not None and self.ts_last is not None else 0
        return round(self.compressed_bytes / 1e6 * _DAY_NS / span, 3) if span >= NS_PER_S else None


def stat(path: Path) -> JournalStat:
    """Count what lies in a journal or one of its segments; raises ``JournalError`` as ``reader.read`` does."""
    records: Counter[tuple[RecordKind, str]] = Counter()
    payload_bytes: Counter[tuple[RecordKind, str]] = Counter()
    blocks = lost = 0
    ts_first: Nanos | None = None
    ts_last: Nanos | None = None
    for stored in stored_records(path):
        if stored.kind == KIND_SEAL:
            blocks += 1
            continue
        if stored.kind == KIND_LOST:
            lost += stored.lost().records
            continue
        kind, ts_ingest, channel, _, payload = stored.record()
        records[kind, channel] += 1
        payload_bytes[kind, channel] += len(payload)
        ts_first = ts_ingest if ts_first is None else min(ts_first, ts_ingest)
        ts_last = ts_ingest if ts_last is None else max(ts_last, ts_ingest)
    files = list_segments(path) if path.is_dir() else [path]
    return JournalStat(
        segments=len(files),
        compressed=sum(1 for file in files if is_compressed(file)),
        disk_bytes=sum(file.stat().st_size for file in files),
        records=records.total(),
        blocks=blocks,
        lost=lost,
        ts_first=ts_first,
        ts_last=ts_last,
        counts=tuple(
            ChannelCount(kind, channel, count, payload_bytes[kind, channel])
            for (kind, channel), count in sorted(records.items())
        ),
        compressed_bytes=sum(map(_compressed_bytes, files)),
    )


def stat_all(paths: Sequence[Path]) -> JournalStat:
    """Count what lies in a journal that has parts; raises as :func:`stat`."""
    told = [stat(path) for path in paths]
    counts: dict[tuple[RecordKind, str], ChannelCount] = {}
    for count in (count for one in told for count in one.counts):
        other = counts.get((count.kind, count.channel), count._replace(records=0, payload_bytes=0))
        counts[count.kind, count.channel] = count._replace(
            records=count.records + other.records, payload_bytes=count.payload_bytes + other.payload_bytes
        )
    return JournalStat(
        segments=sum(one.segments for one in told),
        compressed=sum(one.compressed for one in told),
        disk_bytes=sum(one.disk_bytes for one in told),
        records=sum(one.records for one in told),
        blocks=sum(one.blocks for one in told),
        lost=sum(one.lost for one in told),
        ts_first=min((one.ts_first for one in told if one.ts_first is not None), default=None),
        ts_last=max((one.ts_last for one in told if one.ts_last is not None), default=None),
        counts=tuple(counts[key] for key in sorted(counts)),
        compressed_bytes=sum(one.compressed_bytes for one in told),
    )


def _compressed_bytes(segment: Path) -> int:
    """The size of a segment once it is closed and compressed."""
    if is_compressed(segment):
        return segment.stat().st_size
    with segment.open("rb") as source, Path(os.devnull).open("wb") as nowhere:
        return new_compressor().copy_stream(source, nowhere)[1]
