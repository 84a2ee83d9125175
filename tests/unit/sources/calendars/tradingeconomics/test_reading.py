import json
from typing import Any

import pytest

from signald.errors import MalformedFrameError
from signald.model.time import format_rfc3339, parse_rfc3339
from signald.sources.calendars.tradingeconomics import TradingEconomicsConfig, read_change, read_table, table_path
from signald.sources.feed_rows import FeedRow
from tests.support.feed_truth import INDICATORS

PAYROLLS = {
    "CalendarID": "87220",
    "Date": "2016-12-02T13:30:00",
    "Country": "United States",
    "Category": "Non Farm Payrolls",
    "Event": "Non Farm Payrolls",
    "Reference": "Nov",
    "ReferenceDate": "2016-11-30T00:00:00",
    "Actual": "178K",
    "Previous": "142K",
    "Forecast": "175K",
    "TEForecast": "180K",
    "DateSpan": "0",
    "Importance": 3,
    "Revised": "161K",
}


def only(**changes: Any) -> FeedRow:  # noqa: ANN401 - any field of the table
    (row,) = read_table(json.dumps([{**PAYROLLS, **changes}]).encode(), INDICATORS).rows
    return row


def test_a_row_is_read_as_documented() -> None:
    row = only()

    assert (row.release_id, format_rfc3339(row.ts_scheduled)) == ("us.nfp:2016-11", "2016-12-02T13:30:00Z")
    assert (row.actual, row.consensus, row.is_tentative) == (178.0, 175.0, False)


def test_previous_is_after_revision_and_revised_before() -> None:
    revised, plain = only(), only(Revised="", Previous="161K")

    assert (revised.prior, revised.revised_prior) == (161.0, 142.0)
    assert (plain.prior, plain.revised_prior) == (161.0, None)


def test_a_date_without_a_time_is_tentative() -> None:
    assert only(DateSpan="1", Actual="").is_tentative


@pytest.mark.parametrize(
    ("changes", "release_id"),
    [
        ({"Event": "Initial Jobless Claims", "ReferenceDate": "2016-11-26T00:00:00"}, "us.jobless_claims:2016-W47"),
        (
            {"Event": "GDP Growth Rate QoQ 2nd Est", "ReferenceDate": "2016-09-30T00:00:00", "Actual": "3.2%"}
            | dict.fromkeys(("Previous", "Forecast", "Revised"), ""),
            "us.gdp.qoq:2016-Q3:second",
        ),
        ({"ReferenceDate": None}, "us.nfp:2016-11"),
    ],
)
def test_the_reference_date_tells_the_period(changes: dict[str, Any], release_id: str) -> None:
    assert only(**changes).release_id == release_id


def test_figures_with_a_currency_are_read() -> None:
    row = only(Event="Balance of Trade", Actual="$-42.6B", Previous="-$36.2B", Forecast="", Revised="")

    assert (row.actual, row.prior, row.consensus) == (-42.6, -36.2, None)


def test_bad_rows_are_counted_and_the_rest_read() -> None:
    table = [
        PAYROLLS,
        {**PAYROLLS, "Actual": "n/a"},
        {**PAYROLLS, "Date": None},
        {**PAYROLLS, "Event": "Bill Auction"},
        {},
    ]

    read = read_table(json.dumps(table).encode(), INDICATORS)

    assert len(read.rows) == 1
    assert read.faults == {"unreadable_row": 2, "unknown_series": 2}


def test_the_stream_has_the_same_fields_in_lower_case() -> None:
    message = {name.lower(): value for name, value in PAYROLLS.items()} | {"topic": "calendar"}

    assert read_change(json.dumps(message).encode(), INDICATORS).rows == (only(),)


def test_a_keepalive_has_no_rows() -> None:
    assert read_change(b'{"topic":"keepalive"}', INDICATORS).rows == ()


@pytest.mark.parametrize("frame", [b"", b"[]", b"no access", b"\xff"])
def test_what_is_no_message_or_table_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        read_change(frame, INDICATORS)
    if frame != b"[]":
        with pytest.raises(MalformedFrameError):
            read_table(frame, INDICATORS)


def test_the_table_is_asked_for_around_today() -> None:
    config = TradingEconomicsConfig(countries=("united states", "japan"), days_ahead=2)

    path = table_path(config, "a:b&c", parse_rfc3339("2025-02-12T13:30:00Z"))

    assert path == "/calendar/country/united%20states,japan/2025-02-11/2025-02-14?c=a:b%26c&f=json"
