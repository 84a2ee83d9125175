from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from signald.core.board import Board
from signald.core.composite import Composites
from signald.core.kernels.rows import ROW_FIELDS
from signald.journal.format import Lost, encode_lost
from signald.journal.reader import read
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.replay.compare import Comparison, compare
from tests.support.calendar import CPI_JANUARY, DAY, T0, heartbeat_payload, release_payload, schedule_payload
from tests.support.engine import build_engine
from tests.support.journals import write_journal
from tests.support.pipelines import LiveRun, build_pipeline, frames
from tests.support.venues import traded

START = T0 - 30 * NS_PER_S


def record_run(path: Path, build: Callable[[], Pipeline] = build_pipeline) -> LiveRun:
    run = LiveRun(path, build)
    run.begin(START)
    calendar = {"channel": "mqtt", "key": f"calendar/schedule/{CPI_JANUARY}/bls"}
    run.take(RecordKind.MESSAGE, START, **calendar, payload=schedule_payload())
    run.take(RecordKind.CONNECTED, START, channel="bids")
    for number, record in enumerate(frames(START, T0 + 30 * NS_PER_S, every=NS_PER_S, bid=95_000.0)):
        run.tick(record.ts_ingest)
        if number == 31:
            figure = {"channel": "mqtt", "key": f"calendar/release/{CPI_JANUARY}/bls"}
            run.take(RecordKind.MESSAGE, record.ts_ingest, **figure, payload=release_payload())
        run.take(record.kind, record.ts_ingest, channel=record.channel, payload=record.payload)
    run.take(RecordKind.MESSAGE, T0 + DAY, channel="mqtt", key="heartbeat/bls", payload=heartbeat_payload())
    run.writer.close()
    return run


def over_three_venues() -> Pipeline:
    """Bids on three venues, and the composite row over them."""
    traded_there = [traded("BTC", venue) for venue in ("ONE", "TWO", "THREE")]
    composites = Composites(traded_there, ["BTC"])
    board = Board([one.id for one in traded_there], composites=composites)
    return build_pipeline(build_engine(instruments=(*traded_there, *composites.instruments)), board)


def changed(
    tmp_path: Path,
    change: Callable[[list[Record]], object],
    *,
    exact_rows: bool = True,
    build: Callable[[], Pipeline] = build_pipeline,
) -> Comparison:
    """Compare the run after ``change`` to its records."""
    record_run(tmp_path / "run", build)
    records = list(read(tmp_path / "run"))
    change(records)
    write_journal(tmp_path / "changed", records)
    return compare([tmp_path / "changed"], build, exact_rows=exact_rows)


def is_release(record: Record) -> bool:
    return record.kind is RecordKind.SIGNAL and b'"kind":"release"' in record.payload


def first_release(records: list[Record]) -> int:
    return next(index for index, record in enumerate(records) if is_release(record))


def first(records: list[Record], kind: RecordKind, number: int = 0) -> int:
    return [index for index, record in enumerate(records) if record.kind is kind][number]


def test_a_run_is_what_its_journal_replays_to(tmp_path: Path) -> None:
    run = record_run(tmp_path)

    comparison = compare([tmp_path], build_pipeline)

    assert comparison.difference is None
    assert comparison.documents == len(run.published) >= 2
    assert comparison.rows >= 2 * 3
    assert (comparison.rows_elsewhere, comparison.unfinished, comparison.lost) == (0, 0, 0)


def test_a_document_that_was_changed_is_found(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        index = first_release(records)
        records[index] = records[index]._replace(
            payload=records[index].payload.replace(b'"actual":3.0', b'"actual":3.1')
        )

    difference = changed(tmp_path, change).difference

    assert difference is not None
    assert difference.what == "document"
    assert difference.where.endswith("causes.0.actual")
    assert (difference.expected, difference.actual) == ("3.1", "3.0")


def test_a_document_taken_away_is_found(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        del records[first_release(records)]

    difference = changed(tmp_path, change).difference

    assert difference is not None
    assert difference.what == "document"  # the next one stands in its place
    assert difference.expected != difference.actual


def test_all_documents_of_a_figure_taken_away_are_missing(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        records[:] = [record for record in records if not is_release(record)]

    difference = changed(tmp_path, change).difference

    assert difference is not None
    assert (difference.what, difference.expected) == ("missing", "")
    assert '"kind":"release"' in difference.actual


def test_a_document_that_nobody_made_is_found(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        records.insert(first(records, RecordKind.FRAME), Record(RecordKind.SIGNAL, START, "", "made-up", b"{}"))

    difference = changed(tmp_path, change).difference

    assert difference is not None
    assert (difference.what, difference.expected, difference.actual) == ("surplus", "{}", "")
    assert difference.where == "2025-02-12T13:29:30Z made-up"


def test_a_frame_that_was_changed_shows_in_the_rows(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        index = first(records, RecordKind.FRAME, 30)
        records[index] = records[index]._replace(payload=b"94000.00")

    difference = changed(tmp_path, change).difference

    assert difference is not None
    assert (difference.what, difference.expected, difference.actual) == ("rows", "95000.3", "94000.0")
    assert difference.where.endswith("BTCUSDT.BINANCE bid")


def test_a_frame_taken_away_shows_in_the_rows(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        del records[first(records, RecordKind.FRAME, 3)]

    difference = changed(tmp_path, change).difference

    assert difference is not None
    assert (difference.what, difference.expected, difference.actual) == ("rows", "62", "60")
    assert difference.where.endswith("sequence")


def test_rows_of_another_frame_may_be_passed_over(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        del records[first(records, RecordKind.FRAME, 3)]

    comparison = changed(tmp_path, change, exact_rows=False)

    assert comparison.difference is None
    assert comparison.rows_elsewhere >= 2
    assert comparison.documents >= 2


@pytest.mark.parametrize("exact_rows", [True, False])
def test_composite_rows_and_their_documents_replay_to_the_byte(tmp_path: Path, *, exact_rows: bool) -> None:
    run = record_run(tmp_path, over_three_venues)

    comparison = compare([tmp_path], over_three_venues, exact_rows=exact_rows)

    assert comparison.difference is None
    assert any(b'"instrument":"BTC-USD.COMPOSITE"' in document for document in run.published)
    assert comparison.documents == len(run.published)


@pytest.mark.parametrize("exact_rows", [True, False])
def test_a_composite_row_that_was_changed_is_found(tmp_path: Path, *, exact_rows: bool) -> None:
    def change(records: list[Record]) -> None:
        index = first(records, RecordKind.ROWS, 2)
        rows = np.frombuffer(bytearray(records[index].payload), dtype=ROW_FIELDS)
        rows["microprice"][3] += 1.0
        records[index] = records[index]._replace(payload=rows.tobytes())

    difference = changed(tmp_path, change, exact_rows=exact_rows, build=over_three_venues).difference

    assert difference is not None
    assert difference.what == "rows"
    assert difference.where.endswith("BTC-USD.COMPOSITE microprice")


def test_a_run_cut_off_before_its_documents_is_no_difference(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        del records[first(records, RecordKind.SIGNAL) :]

    comparison = changed(tmp_path, change)

    assert comparison.difference is None
    assert comparison.documents == 0
    assert comparison.unfinished >= 1


def test_a_run_cut_off_before_a_restart_is_no_difference(tmp_path: Path) -> None:
    def change(records: list[Record]) -> None:
        del records[first(records, RecordKind.SIGNAL) :]
        records.append(records[0]._replace(ts_ingest=T0 + DAY))

    comparison = changed(tmp_path, change)

    assert comparison.difference is None
    assert comparison.unfinished >= 1


def test_rows_are_not_compared_after_records_were_lost(tmp_path: Path) -> None:
    record_run(tmp_path)
    segment = tmp_path / "00000000.segment"
    content = segment.read_bytes()
    behind_the_header = 72
    segment.write_bytes(content[:behind_the_header] + encode_lost(Lost(3, 1, 2)) + content[behind_the_header:])

    comparison = compare([tmp_path], build_pipeline)

    assert comparison.difference is None
    assert (comparison.lost, comparison.rows) == (3, 0)
    assert comparison.documents >= 2
