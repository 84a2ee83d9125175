"""What a replay holds does not grow with the length of the journal."""

import tracemalloc
from itertools import islice
from pathlib import Path

import pytest

from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.replay.driver import replay
from tests.support.calendar import T0
from tests.support.journals import write_journal
from tests.support.pipelines import NAMES, build_pipeline, frames

pytestmark = pytest.mark.timeout(120)  # each allocation is counted

_FEW, _MANY = 10_000, 40_000
_SEGMENT_BYTES = 1 << 16
_ROOM = 1 << 17  # thirty thousand frames that were kept would take far more


@pytest.mark.parametrize("compress", [False, True])
def test_a_journal_four_times_as_long_takes_no_more_memory(tmp_path: Path, *, compress: bool) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        session = session_record(Session(mode="import", instruments=NAMES), T0)
        connected = Record(RecordKind.CONNECTED, T0, "bids", "", b"")
        told = frames(T0 + NS_PER_MS, T0 + count * NS_PER_S, every=10 * NS_PER_MS, bid=95_000.0)
        write_journal(
            folder, [session, connected, *islice(told, count)], segment_bytes=_SEGMENT_BYTES, compress=compress
        )
        tracemalloc.start()
        try:
            assert sum(each.records for each in replay([folder], build_pipeline)) >= count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)  # whatever is loaded once
    few = peak(_FEW)

    assert peak(_MANY) - few < _ROOM
