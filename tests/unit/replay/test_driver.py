from collections.abc import Iterable
from pathlib import Path

import pytest

from signald.errors import ConfigError
from signald.journal.session import Session, session_record
from signald.model.control import Blackout
from signald.model.notices import BlackoutTurned, BookStale
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.replay.driver import replay, sessions, signals
from signald.replay.feeding import Replayed
from signald.sinks.encoding import encode_data
from signald.sources.protocol import EMPTY, Step
from tests.support.calendar import CPI_JANUARY, DAY, T0, heartbeat_payload, release_payload, schedule_payload
from tests.support.engine import ARM, build_engine
from tests.support.journals import write_journal
from tests.support.pipelines import NAMES, BidVenue, LiveRun, build_pipeline, frames

SCHEDULE = f"calendar/schedule/{CPI_JANUARY}/bls"
RELEASE = f"calendar/release/{CPI_JANUARY}/bls"
FIGURE_AT = T0 + 40_000_000


def message(ts: Nanos, topic: str, payload: bytes) -> Record:
    return Record(RecordKind.MESSAGE, ts, "mqtt", topic, payload)


CALENDAR = [
    message(T0 - DAY, SCHEDULE, schedule_payload()),
    message(T0 - 4 * NS_PER_S, "heartbeat/bls", heartbeat_payload()),
    message(FIGURE_AT, RELEASE, release_payload()),
]
BOOKS = [
    Record(RecordKind.CONNECTED, T0 - 30 * NS_PER_S, "bids", "", b""),
    *frames(T0 - 30 * NS_PER_S, T0 + 30 * NS_PER_S, every=NS_PER_S, bid=95_000.0),
]


def import_journal(path: Path, records: Iterable[Record], instruments: tuple[str, ...] = ()) -> Path:
    records = list(records)
    session = session_record(Session(mode="import", instruments=instruments), records[0].ts_ingest)
    return write_journal(path, [session, *records])


def live_journal(path: Path) -> LiveRun:
    """A run over calendar and books, ticked until all is over."""
    run = LiveRun(path)
    run.begin(T0 - DAY)
    for record in sorted([*CALENDAR, *BOOKS], key=lambda record: record.ts_ingest):
        run.tick(record.ts_ingest)
        run.take(record.kind, record.ts_ingest, channel=record.channel, key=record.key, payload=record.payload)
    run.tick(T0 + 2 * 3_600 * NS_PER_S)
    run.writer.close()
    return run


def documents(paths: list[Path], *, from_ts: Nanos | None = None, to_ts: Nanos | None = None) -> list[bytes]:
    return [encode_data(signal) for signal in signals(replay(paths, build_pipeline, from_ts=from_ts, to_ts=to_ts))]


def ticks(replayed: Iterable[Replayed], channel: str) -> list[Nanos]:
    return [
        each.record.ts_ingest for each in replayed if each.record.kind is RecordKind.TICK and each.record.key == channel
    ]


def test_a_live_journal_replays_to_the_bytes_it_published(tmp_path: Path) -> None:
    run = live_journal(tmp_path)

    replayed = documents([tmp_path])

    assert replayed == run.published
    assert len(replayed) >= 2


def test_two_replays_are_alike(tmp_path: Path) -> None:
    import_journal(tmp_path / "books", BOOKS, NAMES)
    import_journal(tmp_path / "calendar", CALENDAR)

    first = documents([tmp_path / "books", tmp_path / "calendar"])

    assert documents([tmp_path / "books", tmp_path / "calendar"]) == first
    assert documents([tmp_path / "calendar", tmp_path / "books"]) == first
    assert len(first) >= 2


def test_nothing_is_made_for_a_live_journal(tmp_path: Path) -> None:
    run = live_journal(tmp_path)
    appended = [record for record in BOOKS if record.kind is RecordKind.FRAME]

    replayed = list(replay([tmp_path], build_pipeline))

    kinds = [each.record.kind for each in replayed]
    assert sum(each.records for each in replayed if each.record.kind is RecordKind.FRAME) == len(appended)
    assert RecordKind.SIGNAL not in kinds
    assert RecordKind.NOTICE not in kinds
    assert kinds.count(RecordKind.ROWS) == kinds.count(RecordKind.MESSAGE) + len(ticks(replayed, ""))
    assert len(run.published) == len(list(signals(replayed)))


def test_a_figure_sees_the_book_of_its_instant(tmp_path: Path) -> None:
    import_journal(tmp_path / "books", BOOKS, NAMES)
    import_journal(tmp_path / "calendar", CALENDAR)

    said = list(signals(replay([tmp_path / "books", tmp_path / "calendar"], build_pipeline)))

    release = next(signal for signal in said if signal.kind == "release" and signal.instrument == NAMES[0])
    assert release.book is not None
    assert release.book.bid == pytest.approx(95_000.0 + 0.01 * 30)
    assert release.book.age_ms == pytest.approx(40.0)
    assert release.ts_ingest == FIGURE_AT


def test_deadlines_fire_at_their_own_time(tmp_path: Path) -> None:
    late = message(T0 + DAY, "heartbeat/bls", heartbeat_payload())
    import_journal(tmp_path, [*CALENDAR[:2], late])

    replayed = list(replay([tmp_path], build_pipeline))

    missed = [record.ts_ingest for record, fed, _ in replayed if any(is_missed(output) for output in fed.outputs)]
    assert missed == [T0 + 60 * NS_PER_S]
    assert ticks(replayed, "")[0] == T0 - ARM
    times = [record.ts_ingest for record, _, _ in replayed]
    assert times == sorted(times)


def is_missed(output: object) -> bool:
    return isinstance(output, Signal) and output.kind == "missed"


def test_blackouts_begin_with_the_journal_and_turn_every_day_from_then_on(tmp_path: Path) -> None:
    import_journal(tmp_path, BOOKS, NAMES)  # the first record of which something follows is no event
    blackouts = [Blackout(instrument="*", begin="13:30", end="13:40")]

    replayed = list(replay([tmp_path], lambda: build_pipeline(build_engine(blackouts=blackouts)), to_ts=T0 + DAY + 1))

    assert ticks(replayed, "")[1:] == [T0, T0 + 600 * NS_PER_S, T0 + DAY]
    assert T0 - 30 * NS_PER_S <= ticks(replayed, "")[0] < T0
    assert [
        (output.begins, output.ts_due)
        for each in replayed
        for output in each.fed.outputs
        if isinstance(output, BlackoutTurned)
    ] == [(True, T0), (False, T0 + 600 * NS_PER_S), (True, T0 + DAY)]


def test_a_venues_deadlines_fire_too(tmp_path: Path) -> None:
    import_journal(tmp_path, [*BOOKS[:5], BOOKS[30]], NAMES)

    replayed = list(replay([tmp_path], build_pipeline))

    last = BOOKS[4].ts_ingest
    assert ticks(replayed, "bids") == [last + 5 * NS_PER_S]
    stale = [output for each in replayed for output in each.fed.outputs if isinstance(output, BookStale)]
    assert [notice.ts_ingest for notice in stale] == [last + 5 * NS_PER_S]


def test_a_deadline_that_never_moves_does_not_hold_up_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def do_nothing(_: BidVenue, now: Nanos) -> Step:
        assert now
        return EMPTY

    monkeypatch.setattr(BidVenue, "advance", do_nothing)
    import_journal(tmp_path, [*BOOKS[:5], BOOKS[30]], NAMES)

    replayed = list(replay([tmp_path], build_pipeline))

    assert len(ticks(replayed, "bids")) == 1


def test_to_stops_before_its_time_but_fires_what_is_due_before(tmp_path: Path) -> None:
    import_journal(tmp_path, [*CALENDAR[:2], message(T0 + DAY, "heartbeat/bls", heartbeat_payload())])

    before = list(signals(replay([tmp_path], build_pipeline, to_ts=T0 + 60 * NS_PER_S)))
    after = list(signals(replay([tmp_path], build_pipeline, to_ts=T0 + 60 * NS_PER_S + 1)))

    assert not any(is_missed(signal) for signal in before)
    assert any(is_missed(signal) for signal in after)


def test_from_feeds_what_came_before_but_does_not_give_it_back(tmp_path: Path) -> None:
    import_journal(tmp_path / "books", BOOKS, NAMES)
    import_journal(tmp_path / "calendar", CALENDAR)
    paths = [tmp_path / "books", tmp_path / "calendar"]

    replayed = list(replay(paths, build_pipeline, from_ts=FIGURE_AT))

    assert min(record.ts_ingest for record, _, _ in replayed) == FIGURE_AT
    whole = [data for data in documents(paths) if f'"ts_ingest":{FIGURE_AT}'.encode() in data]
    assert [encode_data(signal) for signal in signals(replayed)][: len(whole)] == whole


def test_a_calendar_laid_over_a_live_run_sees_its_rebuilt_books(tmp_path: Path) -> None:
    run = LiveRun(tmp_path / "live")
    run.begin(T0 - 30 * NS_PER_S)
    for record in BOOKS:
        run.tick(record.ts_ingest)
        run.take(record.kind, record.ts_ingest, channel=record.channel, payload=record.payload)
    run.writer.close()
    import_journal(tmp_path / "calendar", CALENDAR)

    said = list(signals(replay([tmp_path / "live", tmp_path / "calendar"], build_pipeline)))

    release = next(signal for signal in said if signal.kind == "release" and signal.instrument == NAMES[0])
    assert release.book is not None
    assert release.book.bid == pytest.approx(95_000.0 + 0.01 * 30)


def test_a_live_runs_own_messages_keep_their_own_rows(tmp_path: Path) -> None:
    run = live_journal(tmp_path / "live")
    without_frames = [record for record in live_records(tmp_path / "live") if record.kind is not RecordKind.FRAME]
    write_journal(tmp_path / "thin", without_frames)
    beat = message(FIGURE_AT - 1, "heartbeat/wire", heartbeat_payload(source="wire"))
    import_journal(tmp_path / "calendar", [beat])

    said = documents([tmp_path / "calendar", tmp_path / "thin"])

    released = [data for data in run.published if b'"kind":"release"' in data]
    assert released
    assert [data for data in said if b'"kind":"release"' in data] == released


def live_records(path: Path) -> list[Record]:
    from signald.journal.reader import read  # noqa: PLC0415

    return list(read(path))


def test_a_restart_begins_with_a_new_pipeline(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    for start in (T0 - DAY, T0 - DAY + NS_PER_S):
        run.restart(start)
        run.take(RecordKind.MESSAGE, start, channel="mqtt", key=SCHEDULE, payload=schedule_payload())
    run.take(RecordKind.MESSAGE, FIGURE_AT, channel="mqtt", key=RELEASE, payload=release_payload())
    run.restart(FIGURE_AT + NS_PER_S)
    run.take(RecordKind.MESSAGE, FIGURE_AT + NS_PER_S, channel="mqtt", key=SCHEDULE, payload=schedule_payload())
    run.take(RecordKind.MESSAGE, FIGURE_AT + NS_PER_S, channel="mqtt", key=RELEASE, payload=release_payload())
    run.writer.close()

    assert documents([tmp_path]) == run.published
    assert len(run.published) >= 2


def test_the_first_session_of_each_journal_is_known_beforehand(tmp_path: Path) -> None:
    import_journal(tmp_path / "books", BOOKS, NAMES)
    write_journal(tmp_path / "headless", BOOKS)
    write_journal(tmp_path / "feed-1", BOOKS)

    assert sessions([tmp_path / "books", tmp_path / "headless", tmp_path / "feed-1"]) == (
        Session(mode="import", instruments=NAMES),
        Session(mode="live"),
        Session(mode="feed"),
    )


def test_a_journal_that_lost_its_beginning_counts_as_live(tmp_path: Path) -> None:
    live_journal(tmp_path / "live")
    write_journal(tmp_path / "headless", live_records(tmp_path / "live")[1:])

    assert documents([tmp_path / "headless"]) == documents([tmp_path / "live"])


def test_an_empty_journal_replays_to_nothing(tmp_path: Path) -> None:
    segment = write_journal(tmp_path, BOOKS) / "00000000.segment"
    segment.write_bytes(segment.read_bytes()[:72])

    assert list(replay([tmp_path], build_pipeline)) == []


def test_frames_of_a_venue_that_is_not_configured_are_an_error(tmp_path: Path) -> None:
    import_journal(tmp_path, [BOOKS[1]._replace(channel="kraken")])

    with pytest.raises(ConfigError, match="frames of 'kraken', which is not configured"):
        list(replay([tmp_path], build_pipeline))


def test_instruments_that_are_not_configured_are_an_error(tmp_path: Path) -> None:
    import_journal(tmp_path, BOOKS, (*NAMES, "SOLUSDT.BINANCE"))

    with pytest.raises(ConfigError, match=r"'SOLUSDT\.BINANCE', which is not configured"):
        list(replay([tmp_path], build_pipeline))


def test_rows_of_another_order_are_an_error(tmp_path: Path) -> None:
    session = session_record(Session(mode="live", instruments=NAMES[::-1]), T0)
    write_journal(tmp_path, [session, *BOOKS])

    with pytest.raises(ConfigError, match="the journal's rows are of"):
        list(replay([tmp_path], build_pipeline))
