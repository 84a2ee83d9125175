"""Rows on record are told apart by whose they are, and shown to a run with other instruments by name."""

import math
from pathlib import Path

import pytest

from signald.core.board import empty_rows, rows_from_bytes, whose_rows
from signald.errors import JournalError
from signald.journal.rows import as_ours, instruments_before
from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from tests.support.journals import frames, write_journal

THEIRS = ("A.ONE", "B.ONE", "C.TWO")


def rows_of(count: int, key: str = "") -> Record:
    rows = empty_rows(count)
    rows["bid"] = range(count)
    return Record(RecordKind.ROWS, 1, "", key, rows.tobytes())


def bids(record: Record) -> list[float | None]:
    return [None if math.isnan(bid) else bid for bid in rows_from_bytes(record.payload)["bid"].tolist()]


def test_rows_are_shown_by_name_and_of_what_was_not_there_nothing_is_known() -> None:
    shown = as_ours(rows_of(3), THEIRS, ("C.TWO", "D.TWO", "B.ONE"))

    assert bids(shown) == [2.0, None, 1.0]
    assert shown.key == whose_rows(("C.TWO", "D.TWO", "B.ONE"))


def test_rows_of_the_same_instruments_are_left_as_they_are() -> None:
    record = rows_of(3)

    assert as_ours(record, THEIRS, THEIRS) is record


@pytest.mark.parametrize(
    ("key", "expected"), [("", [0.0, 1.0, 2.0]), ("ours", [0.0, 1.0, 2.0]), ("0badf00d", [None] * 3)]
)
def test_rows_of_nobody_knows_whom_are_ours_unless_they_say_otherwise(key: str, expected: list[float | None]) -> None:
    record = rows_of(3, whose_rows(THEIRS) if key == "ours" else key)

    assert bids(as_ours(record, (), THEIRS)) == expected


def test_the_run_at_work_at_a_time_is_found_across_segments(tmp_path: Path) -> None:
    some = frames(60, size=200)
    first = session_record(Session(mode="live", instruments=THEIRS[:1]), some[0].ts_ingest)
    second = session_record(Session(mode="live", instruments=THEIRS), some[5].ts_ingest)
    write_journal(tmp_path, [first, *some[:5], second, *some[5:]], segment_bytes=2_048)

    assert len(list(tmp_path.glob("*.segment"))) > 3
    assert instruments_before(tmp_path, some[5].ts_ingest) == THEIRS[:1]
    assert instruments_before(tmp_path, some[59].ts_ingest) == THEIRS


def test_no_run_is_known_where_the_beginning_was_thrown_away(tmp_path: Path) -> None:
    some = frames(9)
    write_journal(tmp_path / "headless", some)

    assert instruments_before(tmp_path / "headless", some[8].ts_ingest) == ()
    with pytest.raises(JournalError):
        instruments_before(tmp_path / "headless" / "nothing", 1)
