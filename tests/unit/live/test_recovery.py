"""A restart goes on where the run before was cut off: knows what it knew, says what it had not said yet."""

from pathlib import Path

import msgspec

from signald.core.board import Board, rows_from_bytes
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.live.recall import Recall
from signald.live.recovery import Recovered, recover
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S, format_rfc3339
from signald.pipeline import CALENDAR, NOTHING, REMEMBERED_NS, Fed, Pipeline
from signald.replay.compare import compare
from signald.sinks.encoding import decode_data, encode_data
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, DAY, T0, release_payload, schedule_payload
from tests.support.pipelines import NAMES, LiveRun, build_pipeline

SCHEDULE = f"calendar/schedule/{CPI_JANUARY}/bls"
RELEASE = f"calendar/release/{CPI_JANUARY}/bls"
OUT = T0 + NS_PER_S
HOUR = 3_600 * NS_PER_S


def begin(run: LiveRun, now: int) -> None:
    run.begin(now)
    run.take(RecordKind.MESSAGE, now, channel="mqtt", key=SCHEDULE, payload=schedule_payload())


def recovered(path: Path, pipeline: Pipeline, ended: int) -> Recovered:
    return recover(path, pipeline, ended, heard=lambda *_: None, happened=lambda _: None)


def test_nothing_is_recovered_where_there_is_no_journal(tmp_path: Path) -> None:
    assert recovered(tmp_path, build_pipeline(), T0) == (None, 0, (), (), 0)


def test_what_was_published_is_known_and_not_said_again(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - NS_PER_S)
    run.take(RecordKind.MESSAGE, OUT, channel="mqtt", key=RELEASE, payload=release_payload())
    pipeline = build_pipeline()

    found = recovered(tmp_path, pipeline, OUT)

    assert [document.data for document in found.said] == run.published
    assert (found.unsaid, found.ts_last) == ((), OUT)
    assert pipeline.engine.windows[CPI_JANUARY].state == "released"


def test_what_a_newer_version_said_is_known_after_a_rollback(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - NS_PER_S)
    run.take(RecordKind.MESSAGE, OUT, channel="mqtt", key=RELEASE, payload=release_payload())
    known = msgspec.json.decode(run.published[-1])
    newer = known | {"id": "f" * 32, "kind": "foreboding", "flags": ["ominous", "test"], "outlook": {"1h": 0.5}}
    run.writer.append(Record(RecordKind.SIGNAL, OUT, "", newer["id"], msgspec.json.encode(newer)))
    run.writer.flush()

    found = recovered(tmp_path, build_pipeline(), OUT)

    last = found.said[-1]
    assert (last.id, last.kind, last.test, last.revision) == ("f" * 32, "foreboding", True, known["revision"])
    assert msgspec.json.decode(last.data) == newer


def test_what_was_cut_off_before_it_was_written_is_unsaid(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - NS_PER_S)
    rows = run.pipeline.board.read().tobytes()
    run.writer.append(Record(RecordKind.ROWS, OUT, "", "", rows))
    run.writer.append(Record(RecordKind.MESSAGE, OUT, "mqtt", RELEASE, release_payload()))
    run.writer.flush()

    found = recovered(tmp_path, build_pipeline(), OUT)

    assert [signal.instrument for signal in found.unsaid] == list(NAMES)
    assert {signal.ts_ingest for signal in found.unsaid} == {OUT}


def test_what_a_restart_was_cut_off_from_saying_the_next_one_says(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - NS_PER_S)
    run.writer.append(Record(RecordKind.ROWS, OUT, "", "", run.pipeline.board.read().tobytes()))
    run.writer.append(Record(RecordKind.MESSAGE, OUT, "mqtt", RELEASE, release_payload()))
    run.writer.flush()
    first, second = recovered(tmp_path, build_pipeline(), OUT).unsaid
    session = Session(mode="live", instruments=NAMES, recovered_from=OUT - REMEMBERED_NS)
    run.writer.append(session_record(session, OUT))
    run.writer.append(Record(RecordKind.SIGNAL, OUT, "", first.id, encode_data(first)))
    run.writer.flush()

    found = recovered(tmp_path, build_pipeline(), OUT)

    assert found.unsaid == (second,)


def test_rows_of_a_run_with_other_instruments_are_shown_as_ours(tmp_path: Path) -> None:
    run = LiveRun(tmp_path, lambda: build_pipeline(board=Board((NAMES[0], "ETHUSDT.OKX", *NAMES[1:]))))
    begin(run, T0 - NS_PER_S)
    run.take(RecordKind.CONNECTED, T0 - NS_PER_S, channel="bids")
    run.take(RecordKind.FRAME, T0 - 1, channel="bids", payload=b"97000.0")
    rows = run.pipeline.board.read().copy()
    rows["bid"][:] = range(rows.size)
    run.writer.append(Record(RecordKind.ROWS, T0, "", "", rows.tobytes()))
    run.writer.flush()
    seen: list[Record] = []
    pipeline = build_pipeline()

    def feed(record: Record) -> Fed:
        seen.append(record)
        return NOTHING

    pipeline.feed = feed
    recovered(tmp_path, pipeline, T0)

    shown = [rows_from_bytes(record.payload) for record in seen if record.kind is RecordKind.ROWS]
    assert {len(each) for each in shown} == {len(NAMES)}
    assert shown[-1]["bid"].tolist() == [0.0, *range(2, len(NAMES) + 1)]


def test_an_instrument_that_the_run_before_had_not_has_no_book_in_what_it_saw(tmp_path: Path) -> None:
    run = LiveRun(tmp_path, lambda: build_pipeline(board=Board(NAMES[:1])))
    begin(run, T0 - NS_PER_S)
    run.writer.append(Record(RecordKind.ROWS, OUT, "", "", run.pipeline.board.read().tobytes()))
    run.writer.append(Record(RecordKind.MESSAGE, OUT, "mqtt", RELEASE, release_payload()))
    run.writer.flush()

    found = recovered(tmp_path, build_pipeline(), OUT)

    assert [signal.instrument for signal in found.unsaid] == list(NAMES)
    assert "no_book" in found.unsaid[-1].flags


def test_schedules_of_the_run_before_are_recalled_in_this_one(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - NS_PER_S)
    pipeline = build_pipeline()
    recall = Recall(pipeline.engine)

    recover(tmp_path, pipeline, T0, heard=recall.heard, happened=lambda _: None)

    again: list[bytes] = []
    recall.say(T0, lambda _key, payload: again.append(payload))
    assert again == [schedule_payload()]


def test_a_restart_replays_to_the_same_whatever_the_clock_says_by_then(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - REMEMBERED_NS - HOUR)
    core = {"release_id": CORE_CPI_JANUARY, "indicator": "us.core_cpi.yoy"}
    key = f"calendar/schedule/{CORE_CPI_JANUARY}/bls"
    run.take(RecordKind.MESSAGE, T0, channel="mqtt", key=key, payload=schedule_payload(**core))
    run.pipeline = build_pipeline()

    found = recovered(tmp_path, run.pipeline, run.writer.ts_highest)
    session = Session(mode="live", instruments=NAMES, recovered_from=found.since)
    run.writer.append(session_record(session, found.ts_last))
    run.take(RecordKind.MESSAGE, OUT, channel="mqtt", key=RELEASE, payload=release_payload())

    assert compare([tmp_path], build_pipeline).difference is None
    assert CPI_JANUARY in run.pipeline.engine.windows


def test_a_run_that_was_cut_off_when_it_died_says_what_was_missed_when_the_next_is_connected(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    run.begin(T0 - HOUR)
    run.take(RecordKind.CONNECTED, T0 - HOUR, channel=CALENDAR)
    run.take(RecordKind.MESSAGE, T0 - HOUR, channel=CALENDAR, key=SCHEDULE, payload=schedule_payload())
    run.take(RecordKind.DISCONNECTED, T0 - 20 * NS_PER_S, channel=CALENDAR)
    run.tick(T0 + 80 * NS_PER_S)
    said = len(run.published)
    run.pipeline = build_pipeline()

    found = recovered(tmp_path, run.pipeline, run.writer.ts_highest)
    back = T0 + 90 * NS_PER_S
    run.writer.append(session_record(Session(mode="live", instruments=NAMES, recovered_from=found.since), back))
    run.take(RecordKind.CONNECTED, back, channel=CALENDAR)
    run.tick(back + 20 * NS_PER_S)

    assert "missed" not in {decode_data(data).kind for data in run.published[:said]}
    assert [decode_data(data).kind for data in run.published[said:]] == ["missed"]
    assert compare([tmp_path], build_pipeline).difference is None


def test_a_writer_knows_the_newest_time_of_the_journal_it_goes_on_with(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0)
    run.writer.close()

    with JournalWriter(tmp_path) as writer:
        assert writer.ts_highest == T0


def test_a_prior_that_no_source_told_survives_a_restart_and_replays_to_the_same(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    begin(run, T0 - NS_PER_S)
    run.take(RecordKind.MESSAGE, OUT, channel="mqtt", key=RELEASE, payload=release_payload())
    later, due = T0 + 20 * DAY, T0 + 28 * DAY

    def recall(now: int) -> None:
        Recall(run.pipeline.engine).say(
            now, lambda key, payload: run.take(RecordKind.MESSAGE, now, channel="mqtt", key=key, payload=payload)
        )

    def restart(now: int) -> None:
        run.pipeline = build_pipeline()
        found = recovered(tmp_path, run.pipeline, run.writer.ts_highest)
        run.writer.append(session_record(Session(mode="live", instruments=NAMES, recovered_from=found.since), now))
        recall(now)

    recall(later)
    restart(later + HOUR)
    restart(due - HOUR)
    february = "us.cpi.yoy:2025-02"
    fields = {"release_id": february, "sequence": 9, "ts_event": format_rfc3339(due - HOUR)}
    schedule = schedule_payload(**fields, period="2025-02", prior=None, ts_scheduled=format_rfc3339(due))
    key = f"calendar/schedule/{february}/bls"
    run.take(RecordKind.MESSAGE, due - HOUR, channel="mqtt", key=key, payload=schedule)
    key = f"calendar/release/{february}/bls"
    run.take(RecordKind.MESSAGE, due + 1, channel="mqtt", key=key, payload=release_payload(**fields, actual=3.1))

    released = [one for one in map(decode_data, run.published) if one.kind == "release"]
    assert [one.causes[0].prior for one in released if one.causes[0].release_id == february] == [3.0] * len(NAMES)
    assert compare([tmp_path], build_pipeline).difference is None
