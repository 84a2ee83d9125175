import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import Session, read_session
from signald.model.events import Event
from signald.model.indicators import load_indicators
from signald.model.macro import Heartbeat, Indicator, Release, ScheduledRelease
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.replay.importers.calendar_csv import CalendarImport, import_calendar_csv
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.shared_data import shared_data

T0 = 1_739_367_000_000_000_000
DAY_NS = 86_400 * NS_PER_S

CALENDAR = """ts_scheduled,indicator,period,actual,consensus,prior,consensus_std
2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9,0.1
2025-02-12T13:30:00Z,us.core_cpi.mom,2025-01,0.4,0.3,0.2,
2025-02-13T13:30:00Z,us.ppi.yoy,2025-01,,3.2,3.3,
"""


@pytest.fixture(scope="module")
def indicators() -> dict[str, Indicator]:
    return load_indicators((Path(__file__).parents[4] / "configs" / "indicators.toml").read_bytes())


def imported(tmp_path: Path, indicators: Mapping[str, Indicator], how: CalendarImport | None = None) -> list[Record]:
    (tmp_path / "calendar.csv").write_text(CALENDAR)
    import_calendar_csv([tmp_path / "calendar.csv"], tmp_path / "journal", indicators, how=how)
    return list(read(tmp_path / "journal"))


def events(records: list[Record], indicators: Mapping[str, Indicator]) -> list[Event]:
    calendar = MqttCalendar(indicators)
    found: list[Event] = []
    for record in records:
        if record.kind is RecordKind.MESSAGE:
            step = calendar.on_message(record.key, record.payload, record.ts_ingest)
            found.extend(event for event in step.events if isinstance(event, Event))
            assert len(step.events) == 1
    return found


def test_the_calendar_source_understands_every_message(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    records = imported(tmp_path, indicators)

    understood = events(records, indicators)

    assert len(understood) == len(records) - 1


def test_a_journal_of_messages_is_an_import_without_instruments(
    tmp_path: Path, indicators: Mapping[str, Indicator]
) -> None:
    session, *messages = imported(tmp_path, indicators)

    assert read_session(session) == Session(mode="import")
    assert session.ts_ingest == messages[0].ts_ingest
    assert {(message.kind, message.channel) for message in messages} == {(RecordKind.MESSAGE, "mqtt")}
    assert all(one.ts_ingest <= other.ts_ingest for one, other in pairwise(messages))


def test_a_release_is_scheduled_ahead_and_comes_out_with_a_delay(
    tmp_path: Path, indicators: Mapping[str, Indicator]
) -> None:
    how = CalendarImport(source="desk", ahead_ns=2 * DAY_NS, delay_ns=7 * NS_PER_MS)

    heard = events(imported(tmp_path, indicators, how), indicators)

    scheduled = [event for event in heard if isinstance(event, ScheduledRelease)]
    cpi = next(event for event in scheduled if event.release_id == "us.cpi.yoy:2025-01")
    assert (cpi.ts_scheduled, cpi.ts_ingest, cpi.source) == (T0, T0 - 2 * DAY_NS, "desk")
    assert (cpi.consensus, cpi.prior, cpi.consensus_std) == (2.9, 2.9, 0.1)
    released = [event for event in heard if isinstance(event, Release)]
    assert [(event.release_id, event.actual) for event in released] == [
        ("us.core_cpi.mom:2025-01", 0.4),
        ("us.cpi.yoy:2025-01", 3.0),
    ]
    assert {(event.ts_event, event.ts_ingest) for event in released} == {(T0, T0 + 7 * NS_PER_MS)}


def test_sequences_rise_strictly_within_each_kind(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    sequences: dict[str, list[int]] = {}
    for record in imported(tmp_path, indicators)[1:]:
        kind = record.key.rpartition("/")[0].split("/")[-2:][0]
        sequences.setdefault(kind, []).append(json.loads(record.payload)["sequence"])

    assert len(sequences) == 3
    assert all(one < other for numbers in sequences.values() for one, other in pairwise(numbers))


def test_the_source_is_heard_of_around_each_release(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    heard = events(imported(tmp_path, indicators), indicators)

    beats = [event.ts_ingest for event in heard if isinstance(event, Heartbeat)]
    for moment in (T0, T0 + DAY_NS):
        around = [beat for beat in beats if moment - 15 * NS_PER_S <= beat <= moment + 75 * NS_PER_S]
        assert max(later - earlier for earlier, later in pairwise(around)) == 5 * NS_PER_S
        assert len(around) == 19
    assert len(beats) == 38


def test_what_would_split_a_topic_is_encoded(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    records = imported(tmp_path, indicators, CalendarImport(source="a/b#c+d%e"))

    assert records[1].key.endswith("/a%2Fb%23c%2Bd%25e")
    assert len(events(records, indicators)) == len(records) - 1


def test_two_files_say_each_release_once(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(CALENDAR)

    result = import_calendar_csv([tmp_path / "one.csv", tmp_path / "two.csv"], tmp_path / "journal", indicators)

    assert result.skipped == {"repeated": 3}
    assert result.records == 3 + 2 + 38


def test_a_faulty_line_is_named(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    (tmp_path / "calendar.csv").write_text(CALENDAR.replace("2.9,2.9", "about 3,2.9"))

    with pytest.raises(ImportFormatError, match=r"calendar\.csv:2: 'about 3' is not a figure in percent"):
        import_calendar_csv([tmp_path / "calendar.csv"], tmp_path / "journal", indicators)


def test_a_missing_file_is_named(tmp_path: Path, indicators: Mapping[str, Indicator]) -> None:
    with pytest.raises(ImportFormatError, match=r"nothing\.csv: No such file"):
        import_calendar_csv([tmp_path / "nothing.csv"], tmp_path / "journal", indicators)


@pytest.mark.parametrize("name", ["calendar_us_ff.csv", "calendar_us_investing.csv"])
def test_a_sites_export_becomes_messages_that_are_understood(
    tmp_path: Path, indicators: Mapping[str, Indicator], name: str
) -> None:
    result = import_calendar_csv([shared_data("macro", "calendar", name)], tmp_path / "journal", indicators)

    heard = events(list(read(tmp_path / "journal")), indicators)

    assert len(heard) == result.records
    assert sum(isinstance(event, Release) for event in heard) > 200
