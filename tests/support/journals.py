"""Records and journals for tests."""

from collections.abc import Iterable
from pathlib import Path

from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind


def frame(number: int, *, size: int = 40, channel: str = "binance") -> Record:
    """The frame that came ``number`` microseconds after the start, ``size`` bytes or a little more."""
    return Record(
        RecordKind.FRAME, 1_700_000_000_000_000_000 + 1_000 * number, channel, "", b"%d " % number + b"x" * size
    )


def frames(count: int, *, size: int = 40) -> list[Record]:
    """The first ``count`` frames."""
    return [frame(number, size=size) for number in range(count)]


def write_journal(
    path: Path, records: Iterable[Record], *, sync_every: int = 0, segment_bytes: int = 32 << 20, compress: bool = False
) -> Path:
    """Write a whole journal to ``path``, with a flush after every record and a sync after every so many; close it."""
    with JournalWriter(path, segment_bytes=segment_bytes, compress=compress) as writer:
        for count, record in enumerate(records, start=1):
            writer.append(record)
            writer.flush()
            if sync_every and count % sync_every == 0:
                writer.sync()
    return path
