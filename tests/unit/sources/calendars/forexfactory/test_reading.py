import json

import pytest

from signald.errors import MalformedFrameError
from signald.model.time import format_rfc3339
from signald.sources.calendars.forexfactory import read_week
from tests.support.feed_truth import INDICATORS

CPI = {
    "title": "CPI y/y",
    "country": "USD",
    "date": "2024-05-15T08:30:00-04:00",
    "impact": "High",
    "forecast": "3.4%",
    "previous": "3.5%",
}


def test_an_event_is_a_schedule_with_its_forecast() -> None:
    (row,) = read_week(json.dumps([CPI]).encode(), INDICATORS).rows

    assert (row.release_id, format_rfc3339(row.ts_scheduled)) == ("us.cpi.yoy:2024-04", "2024-05-15T12:30:00Z")
    assert (row.consensus, row.prior, row.actual) == (3.4, 3.5, None)


def test_one_title_is_another_series_in_another_country() -> None:
    british = {**CPI, "country": "GBP", "date": "2024-05-22T02:00:00-04:00"}

    (row,) = read_week(json.dumps([british]).encode(), INDICATORS).rows

    assert row.release_id == "gb.cpi.yoy:2024-04"


def test_titles_tell_stages() -> None:
    second = {**CPI, "title": "Prelim GDP q/q", "date": "2024-05-30T08:30:00-04:00"}

    (row,) = read_week(json.dumps([second]).encode(), INDICATORS).rows

    assert row.release_id == "us.gdp.qoq:2024-Q1:second"


def test_bad_events_are_counted_and_the_rest_read() -> None:
    week = [CPI, {**CPI, "date": "Tentative"}, {**CPI, "forecast": "<0.1%"}, {**CPI, "title": "Bank Holiday"}, 7]

    read = read_week(json.dumps(week).encode(), INDICATORS)

    assert len(read.rows) == 1
    assert read.faults == {"unreadable_row": 3, "unknown_series": 1}


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>Request Denied</html>", b"\xff"])
def test_what_is_no_export_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        read_week(body, INDICATORS)
