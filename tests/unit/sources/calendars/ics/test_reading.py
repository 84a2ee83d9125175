import pytest

from signald.errors import MalformedFrameError
from signald.model.time import format_rfc3339
from signald.sources.calendars.ics import read_schedule
from signald.sources.calendars.ics.config import REPORTS
from signald.sources.feed_rows import FeedRows
from tests.support.feed_truth import INDICATORS


def read(*events: str) -> FeedRows:
    body = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(
        f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events
    )
    return read_schedule((body + "END:VCALENDAR\r\n").encode(), INDICATORS, REPORTS)


def test_a_publication_schedules_each_of_its_series() -> None:
    found = read("DTSTART;TZID=US-Eastern:20250212T083000\r\nSUMMARY:Consumer Price Index")

    assert {row.release_id: format_rfc3339(row.ts_scheduled) for row in found.rows} == {
        f"us.{name}:2025-01": "2025-02-12T13:30:00Z" for name in ("cpi.mom", "cpi.yoy", "core_cpi.mom", "core_cpi.yoy")
    }


def test_the_clocks_change_in_new_york() -> None:
    before = read("DTSTART;TZID=America/New_York:20250307T083000\r\nSUMMARY:Employment Situation")
    after = read("DTSTART;TZID=America/New_York:20250404T083000\r\nSUMMARY:Employment Situation")

    assert {format_rfc3339(row.ts_scheduled)[11:] for row in before.rows} == {"13:30:00Z"}
    assert {format_rfc3339(row.ts_scheduled)[11:] for row in after.rows} == {"12:30:00Z"}


def test_a_named_month_tells_the_period_of_a_late_publication() -> None:
    found = read("DTSTART:20251120T133000Z\r\nSUMMARY:Employment Situation for September 2025")

    assert {row.period for row in found.rows} == {"2025-09"}


def test_a_day_without_a_time_is_tentative_at_the_regular_time() -> None:
    (row,) = read("DTSTART;VALUE=DATE:20250306\r\nSUMMARY:Job Openings and Labor Turnover Survey").rows

    assert (row.is_tentative, format_rfc3339(row.ts_scheduled)) == (True, "2025-03-06T15:00:00Z")


def test_folded_and_escaped_titles_are_read() -> None:
    found = read("DTSTART:20250226T133000Z\r\nSUMMARY:GDP\\, 4th Quarter and Ye\r\n ar 2024 (Second Estimate)")

    assert {row.release_id for row in found.rows} == {
        "us.gdp.qoq:2024-Q4:second",
        "us.gdp_price_index.qoq:2024-Q4:second",
    }


def test_bad_events_are_counted_and_the_rest_read() -> None:
    found = read(
        "DTSTART:20250212T133000Z\r\nSUMMARY:Producer Price Index",
        "DTSTART;TZID=Nowhere/City:20250212T083000\r\nSUMMARY:Producer Price Index",
        "DTSTART:soon\r\nSUMMARY:Producer Price Index",
        "SUMMARY:Producer Price Index",
        "DTSTART:20250212T133000Z\r\nSUMMARY:State Employment",
    )

    assert len(found.rows) == 4
    assert found.faults == {"unreadable_row": 3, "unknown_series": 1}


@pytest.mark.parametrize("zone", ["America", "9" * 5_000, "../etc/passwd", "/etc/localtime", "No/Where", "."])
def test_a_time_zone_that_is_none_costs_its_row_alone(zone: str) -> None:
    found = read(
        f"DTSTART;TZID={zone}:20250212T083000\r\nSUMMARY:Consumer Price Index",
        "DTSTART;TZID=US-Eastern:20250307T083000\r\nSUMMARY:Employment Situation",
    )

    assert found.faults == {"unreadable_row": 1}
    assert found.rows


@pytest.mark.parametrize("body", [b"", b"<html>", b"BEGIN:VCARD", b"\xff"])
def test_what_is_no_schedule_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        read_schedule(body, INDICATORS, REPORTS)
