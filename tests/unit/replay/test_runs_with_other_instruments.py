"""Each run of a journal is replayed for the instruments it had: rows of the runs before are shown to it by name."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from signald.core.board import Board
from signald.errors import JournalError
from signald.journal import windows
from signald.journal.session import Session, session_record
from signald.live.recovery import recover
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.pipeline import REMEMBERED_NS, Pipeline
from signald.replay.ahead import Ahead
from signald.replay.compare import compare
from signald.replay.driver import replay, signals
from signald.sinks.encoding import decode_data, encode_data
from tests.support.calendar import CPI_JANUARY, DAY, T0, release_payload, schedule_payload
from tests.support.engine import INSTRUMENTS, build_engine
from tests.support.journals import write_journal
from tests.support.pipelines import NAMES, LiveRun, build_pipeline, frames

SCHEDULE = f"calendar/schedule/{CPI_JANUARY}/bls"
RELEASE = f"calendar/release/{CPI_JANUARY}/bls"
OUT = T0 + NS_PER_S


def build_of(names: Sequence[str]) -> Pipeline:
    known = {one.id: one for one in INSTRUMENTS}
    return build_pipeline(build_engine(instruments=tuple(known[name] for name in names)), Board(names))


def rebuild(begun: Sequence[Session]) -> Pipeline:
    return build_of(begun[0].instruments)


def run_of(path: Path, names: Sequence[str]) -> LiveRun:
    return LiveRun(path, lambda: build_of(names))


def restart(run: LiveRun, path: Path, names: Sequence[str], now: Nanos) -> None:
    """Go on as a daemon does that was configured anew."""
    run.build = lambda: build_of(names)
    run.pipeline = run.build()
    found = recover(path, run.pipeline, run.writer.ts_highest, heard=lambda *_: None, happened=lambda _: None)
    run.begin(now, recovered_from=found.since)
    run.say(found.unsaid, now)


def say_figure(run: LiveRun, now: Nanos) -> None:
    run.take(RecordKind.MESSAGE, now, channel="mqtt", key=RELEASE, payload=release_payload())


def test_a_run_with_fewer_instruments_in_another_order_replays_to_the_byte(tmp_path: Path) -> None:
    run = run_of(tmp_path, NAMES)
    run.begin(T0 - DAY)
    run.take(RecordKind.MESSAGE, T0 - DAY, channel="mqtt", key=SCHEDULE, payload=schedule_payload())
    for record in frames(T0 - 9 * NS_PER_S, T0, every=NS_PER_S, bid=95_000.0):
        run.tick(record.ts_ingest)
        run.take(record.kind, record.ts_ingest, channel=record.channel, payload=record.payload)
    restart(run, tmp_path, NAMES[:0:-1], T0)
    say_figure(run, OUT)
    restart(run, tmp_path, NAMES, OUT + NS_PER_S)
    run.tick(OUT + 600 * NS_PER_S)
    run.writer.close()

    comparison = compare([tmp_path], lambda: build_of(NAMES), rebuild=rebuild)
    again = [encode_data(one) for one in signals(replay([tmp_path], lambda: build_of(NAMES), rebuild=rebuild))]

    assert comparison.difference is None
    assert comparison.documents == len(run.published)
    assert again == run.published
    assert [decode_data(one).instrument for one in again] == [NAMES[0], NAMES[1], NAMES[0]]  # the last by the restart


def test_rows_from_before_what_a_restart_reads_are_known_by_the_run_they_are_of(tmp_path: Path) -> None:
    run = run_of(tmp_path, NAMES)
    run.begin(T0 - DAY)
    restart(run, tmp_path, NAMES[::-1], T0 - DAY + NS_PER_S)
    for record in frames(T0 - REMEMBERED_NS, T0 - REMEMBERED_NS + 9 * NS_PER_S, every=NS_PER_S, bid=95_000.0):
        run.take(record.kind, record.ts_ingest, channel=record.channel, payload=record.payload)
    run.take(RecordKind.MESSAGE, T0 - NS_PER_S, channel="mqtt", key=SCHEDULE, payload=schedule_payload())
    rows = run.pipeline.board.read().copy()
    rows["bid"][:] = range(rows.size)
    run.writer.append(Record(RecordKind.ROWS, T0, "", "", rows.tobytes()))
    run.writer.flush()
    restart(run, tmp_path, NAMES, T0 + 1)
    seen = run.pipeline._rows["bid"].tolist()  # noqa: SLF001 - what the engine would be shown
    say_figure(run, OUT)
    run.writer.close()

    assert seen == list(reversed(range(len(NAMES))))
    said = signals(replay([tmp_path], lambda: build_of(NAMES), rebuild=rebuild))
    assert [encode_data(one) for one in said] == run.published


def test_a_worker_that_is_ahead_of_its_run_is_replayed_with_it(tmp_path: Path) -> None:
    first, later = NAMES[:1], NAMES
    run = run_of(tmp_path / "run", first)
    run.begin(T0 - DAY)
    run.take(RecordKind.MESSAGE, T0 - DAY, channel="mqtt", key=SCHEDULE, payload=schedule_payload())
    restart(run, tmp_path / "run", later, T0)
    say_figure(run, OUT)
    run.writer.close()
    channels = {"bids": later}
    worker = [
        session_record(Session(mode="feed", instruments=first, channels={"bids": first}), T0 - DAY),
        *frames(T0 - 9 * NS_PER_S, T0 - 5 * NS_PER_S, every=NS_PER_S, bid=95_000.0),
        session_record(Session(mode="feed", instruments=later, channels=channels), T0 - 2 * NS_PER_S),
        Record(RecordKind.CONNECTED, T0 - 2 * NS_PER_S, "bids", "", b""),
        *frames(T0 - NS_PER_S, T0 + 9 * NS_PER_S, every=NS_PER_S, bid=95_000.0),
    ]
    write_journal(tmp_path / "feed", worker)
    journals = [tmp_path / "run", tmp_path / "feed"]

    replayed = list(replay(journals, lambda: build_of(first), rebuild=rebuild))
    comparison = compare(journals, lambda: build_of(first), rebuild=rebuild, exact_rows=False)

    fed = sum(each.records for each in replayed if each.record.kind is RecordKind.FRAME)
    assert fed == sum(record.kind is RecordKind.FRAME for record in worker)
    assert comparison.difference is None
    said = [output for each in replayed for output in each.fed.outputs if isinstance(output, Signal)]
    assert [encode_data(one) for one in said] == run.published


def test_frames_that_wait_for_their_run_outlive_the_memory_they_were_read_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "WINDOW_BYTES", 512)
    monkeypatch.setattr(windows, "HEAD_BYTES", 256)
    run = run_of(tmp_path / "run", NAMES[:1])
    run.begin(T0 - DAY)
    restart(run, tmp_path / "run", NAMES, T0)
    run.writer.close()
    ahead = [
        session_record(Session(mode="feed", instruments=NAMES, channels={"bids": NAMES}), T0 - NS_PER_S),
        *frames(T0 - NS_PER_S, T0 + NS_PER_S, every=NS_PER_S // 20, bid=95_000.0),
    ]
    write_journal(tmp_path / "feed", ahead, sync_every=2)

    replayed = list(replay([tmp_path / "run", tmp_path / "feed"], lambda: build_of(NAMES[:1]), rebuild=rebuild))

    fed = [each.record for each in replayed if each.record.kind is RecordKind.FRAME]
    assert fed
    assert set(fed) <= set(ahead)


def test_a_worker_that_never_met_its_run_is_left_out(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", NAMES[:1])
    run.begin(T0 - DAY)
    run.writer.close()
    ahead = [
        session_record(Session(mode="feed", instruments=NAMES, channels={"bids": NAMES}), T0),
        *frames(T0, T0 + 9 * NS_PER_S, every=NS_PER_S, bid=95_000.0),
    ]
    write_journal(tmp_path / "feed", ahead)

    replayed = list(replay([tmp_path / "run", tmp_path / "feed"], lambda: build_of(NAMES[:1]), rebuild=rebuild))

    assert [each.record.kind for each in replayed] == [RecordKind.SESSION]


def test_a_worker_that_never_meets_its_run_takes_no_more_and_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signald.replay.driver.Ahead", lambda: kept)
    kept = Ahead(most_bytes=10_000)
    run = run_of(tmp_path / "run", NAMES[:1])
    run.begin(T0 - DAY)
    run.writer.close()
    ahead = [
        session_record(Session(mode="feed", instruments=NAMES, channels={"bids": NAMES}), T0),
        *frames(T0, T0 + 900 * NS_PER_S, every=NS_PER_S, bid=95_000.0),
    ]
    write_journal(tmp_path / "feed", ahead)

    replayed = list(replay([tmp_path / "run", tmp_path / "feed"], lambda: build_of(NAMES[:1]), rebuild=rebuild))

    assert [each.record.kind for each in replayed] == [RecordKind.SESSION]
    with pytest.raises(JournalError, match="bytes ahead"):
        kept.take()
