"""Whatever is appended comes back; whatever is torn off leaves a prefix; whatever is changed is found."""

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from signald.errors import JournalError
from signald.journal.check import check
from signald.journal.compression import compress_segment
from signald.journal.reader import read
from signald.journal.segments import list_segments
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind
from tests.support.journals import frame

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - hundreds of small journals: spare the disk
RECORDS = st.lists(
    st.builds(
        Record,
        st.sampled_from(RecordKind),
        st.integers(-(1 << 63), (1 << 63) - 1),
        st.text(max_size=20),
        st.text(max_size=40),
        st.binary(max_size=300),
    ),
    max_size=20,
)
ACTIONS = st.lists(st.sampled_from(["", "", "flush", "sync", "reopen"]), min_size=20, max_size=20)


def write(path: Path, records: list[Record], actions: list[str], segment_bytes: int) -> None:
    def open_writer() -> JournalWriter:
        return JournalWriter(path, segment_bytes=segment_bytes, block_bytes=500, compress=False)

    writer = open_writer()
    for record, action in zip(records, actions, strict=False):
        writer.append(record)
        if action == "flush":
            writer.flush()
        if action == "sync":
            writer.sync()
        if action == "reopen":
            writer.close()
            writer = open_writer()
            assert writer.recovered == ()
    writer.close()


@given(records=RECORDS, actions=ACTIONS, segment_bytes=st.integers(100, 5_000), compress=st.booleans())
def test_any_records_come_back(
    *, records: list[Record], actions: list[str], segment_bytes: int, compress: bool
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        path = Path(name)
        write(path, records, actions, segment_bytes)
        if not records:
            return

        for segment in list_segments(path) if compress else ():
            compress_segment(segment)

        assert list(read(path)) == records
        result = check(path)
        assert (result.fault, result.records, result.unsealed) == (None, len(records), 0)


@given(records=RECORDS, actions=ACTIONS, segment_bytes=st.integers(100, 5_000), data=st.data())
def test_any_torn_tail_leaves_a_prefix_and_the_journal_goes_on(
    records: list[Record], actions: list[str], segment_bytes: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        path = Path(name)
        write(path, [*records, frame(0)], [*actions, ""], segment_bytes)
        last = list_segments(path)[-1]
        size = data.draw(st.integers(0, last.stat().st_size), label="bytes kept of the last segment")
        garbage = data.draw(st.sampled_from([b"", bytes(100), b"\x40\x00\x00\x00garbage"]), label="bytes behind them")
        last.write_bytes(last.read_bytes()[:size] + garbage)

        with JournalWriter(path, compress=False) as writer:
            writer.append(frame(1))

        kept = list(read(path))
        assert kept == [*[*records, frame(0)][: len(kept) - 1], frame(1)]
        assert check(path).fault is None


@given(records=RECORDS.filter(bool), actions=ACTIONS, segment_bytes=st.integers(100, 5_000), data=st.data())
def test_any_changed_byte_is_found(
    records: list[Record], actions: list[str], segment_bytes: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        path = Path(name)
        write(path, records, actions, segment_bytes)
        segment = data.draw(st.sampled_from(list_segments(path)), label="segment")
        content = bytearray(segment.read_bytes())
        offset = data.draw(st.integers(0, len(content) - 1), label="offset")
        content[offset] ^= data.draw(st.integers(1, 255), label="change")
        segment.write_bytes(content)

        fault = check(path).fault

        assert fault is not None
        assert fault.segment == segment or fault.offset == 0  # a header may be found wrong by the one that follows


@given(records=RECORDS.filter(bool), actions=ACTIONS, data=st.data())
def test_a_changed_byte_never_changes_a_record_that_is_read(
    records: list[Record], actions: list[str], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        path = Path(name)
        write(path, records, actions, 1_000)
        segment = data.draw(st.sampled_from(list_segments(path)), label="segment")
        content = bytearray(segment.read_bytes())
        offset = data.draw(st.integers(0, len(content) - 1), label="offset")
        content[offset] ^= data.draw(st.integers(1, 255), label="change")
        segment.write_bytes(content)

        found: list[Record] = []
        with contextlib.suppress(JournalError):
            found.extend(read(path))

        assert found == records[: len(found)]
