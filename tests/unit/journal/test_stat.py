from pathlib import Path

from signald.journal.stat import ChannelCount, stat
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind
from tests.support.journals import frame, frames, write_journal


def test_records_are_counted_by_kind_and_channel(tmp_path: Path) -> None:
    message = Record(RecordKind.MESSAGE, frame(50).ts_ingest, "mqtt", "heartbeat/bls", b"{}")
    write_journal(tmp_path, [*frames(3, size=8), message], sync_every=2)

    numbers = stat(tmp_path)

    assert numbers.counts == (
        ChannelCount(RecordKind.FRAME, "binance", 3, 30),
        ChannelCount(RecordKind.MESSAGE, "mqtt", 1, 2),
    )
    assert (numbers.records, numbers.blocks, numbers.segments, numbers.compressed, numbers.lost) == (4, 2, 1, 0, 0)
    assert (numbers.ts_first, numbers.ts_last) == (frame(0).ts_ingest, frame(50).ts_ingest)
    assert numbers.disk_bytes == (tmp_path / "00000000.segment").stat().st_size


def test_an_empty_journal_has_no_times(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(1))
    segment = tmp_path / "00000000.segment"
    segment.write_bytes(segment.read_bytes()[:72])

    numbers = stat(segment)

    assert (numbers.records, numbers.ts_first, numbers.ts_last) == (0, None, None)


def test_a_journal_can_be_counted_while_it_is_written(tmp_path: Path) -> None:
    with JournalWriter(tmp_path) as writer:
        writer.append(frame(0))
        writer.flush()

        assert stat(tmp_path).records == 1
