from pathlib import Path

import pytest

from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import read_session
from signald.model.events import Event
from signald.model.macro import Heartbeat, Release, ReleaseKind, ScheduledRelease
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S, parse_rfc3339
from signald.replay.importers.investing_updates import UpdatesImport, import_investing_updates
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.feed_truth import INDICATORS

UPDATES = """commit_utc,commit,page_date,time_shown,tz_label,currency,importance,event,actual,forecast,previous
2024-06-11T23:06:03Z,a,2024-06-12,13:30,GMT,USD,High,CPI (YoY) (May),,3.3%,3.4%
2024-06-12T05:06:03Z,b,2024-06-12,13:30,GMT,USD,High,CPI (YoY) (May),,3.4%,3.4%
2024-06-12T12:09:01Z,c,2024-06-12,22 min,GMT,USD,High,CPI (YoY) (May),,3.4%,3.4%
2024-06-12T13:07:35Z,d,2024-06-12,13:30,GMT,USD,High,CPI (YoY) (May),3.3%,3.4%,3.4%
2024-06-12T15:07:35Z,e,2024-06-12,13:30,GMT,USD,High,CPI (YoY) (May),3.2%,3.4%,3.4%
2024-06-12T13:07:35Z,d,2024-06-12,13:30,GMT,USD,High,CPI (MoM) (May),0.0%,0.1%,0.3%
2024-06-12T13:07:35Z,d,2024-06-12,15:30,GMT,USD,High,Crude Oil Inventories,3.730M,-1.200M,1.233M
"""
T0 = parse_rfc3339("2024-06-12T12:30:00Z")


def imported(tmp_path: Path) -> list[Record]:
    (tmp_path / "updates.csv").write_text(UPDATES)
    import_investing_updates([tmp_path / "updates.csv"], tmp_path / "journal", INDICATORS)
    return list(read(tmp_path / "journal"))


def events(records: list[Record]) -> list[Event]:
    calendar = MqttCalendar(INDICATORS)
    messages = [record for record in records if record.kind is RecordKind.MESSAGE]
    steps = [calendar.on_message(one.key, one.payload, one.ts_ingest) for one in messages]
    found = [event for step in steps for event in step.events]
    assert len(found) == len(messages)
    return [event for event in found if isinstance(event, Event)]


def test_schedules_come_when_they_were_seen_and_the_first_figure_at_its_minute(tmp_path: Path) -> None:
    found = events(imported(tmp_path))

    cpi = [one for one in found if not isinstance(one, Heartbeat) and one.release_id == "us.cpi.yoy:2024-05"]
    schedules = [one for one in cpi if isinstance(one, ScheduledRelease)]
    figures = [one for one in cpi if isinstance(one, Release)]
    assert [(one.ts_ingest, one.ts_scheduled, one.consensus) for one in schedules] == [
        (parse_rfc3339("2024-06-11T23:06:03Z"), T0, 3.3),
        (parse_rfc3339("2024-06-12T05:06:03Z"), T0, 3.4),
    ]
    assert [(one.ts_ingest, one.kind, one.actual) for one in figures] == [
        (T0 + 40 * NS_PER_MS, ReleaseKind.FIRST, 3.3),
        (parse_rfc3339("2024-06-12T15:07:35Z"), ReleaseKind.CORRECTION, 3.2),
    ]


def test_a_release_first_seen_after_its_figure_is_scheduled_without_a_consensus(tmp_path: Path) -> None:
    found = events(imported(tmp_path))

    (schedule,) = [one for one in found if isinstance(one, ScheduledRelease) and one.release_id == "us.cpi.mom:2024-05"]
    assert (schedule.ts_ingest, schedule.ts_scheduled) == (T0 - 60 * NS_PER_S, T0)
    assert (schedule.consensus, schedule.prior) == (None, None)


def test_sequences_and_times_never_fall(tmp_path: Path) -> None:
    records = imported(tmp_path)

    found = events(records)
    times = [record.ts_ingest for record in records]
    assert times == sorted(times)
    for kind in (ScheduledRelease, Release, Heartbeat):
        sequences = [one.sequence for one in found if isinstance(one, kind)]
        assert sequences == sorted(set(sequences))


def test_the_session_says_what_was_wrong(tmp_path: Path) -> None:
    first = imported(tmp_path)[0]

    faults = read_session(first).faults

    assert faults == {"corrected": 1, "first_seen_late": 1, "relative_time": 1, "unknown_series": 1, "wrong_zone": 5}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"nothing\.csv"):
        import_investing_updates([tmp_path / "nothing.csv"], tmp_path / "journal", INDICATORS, how=UpdatesImport())
