from pathlib import Path

import pytest

from signald.errors import ImportFormatError
from signald.model.indicators import load_indicators
from signald.model.macro import Indicator
from signald.model.time import format_rfc3339
from signald.sources.calendars.files import CalendarRow, Reading, read_calendar
from tests.support.shared_data import shared_data

_INDICATORS: dict[str, Indicator] = load_indicators(
    (Path(__file__).parents[5] / "configs" / "indicators.toml").read_bytes()
)
_FF = "DateTime,Currency,Impact,Event,Actual,Forecast,Previous,Detail\n"
_INVESTING = "release_utc,event,importance,actual_first,actual_final,forecast_before,previous_before,previous_final\n"
_CONTRACT = "ts_scheduled,indicator,period,actual,consensus,prior\n"


def _read(text: str) -> Reading:
    return read_calendar(text.encode(), _INDICATORS, name="calendar.csv")


def _brief(row: CalendarRow) -> tuple[str, str, float | None, float | None, float | None, float | None]:
    time = format_rfc3339(row.ts_scheduled)
    return row.release_id, time, row.actual, row.consensus, row.prior, row.revised_prior


def test_forexfactory_rows_become_releases_with_the_prior_as_it_was_first_published() -> None:
    reading = _read(
        _FF
        + "2024-01-05T13:30:00+00:00,USD,High Impact Expected,Non-Farm Employment Change,216K,168K,173K,\n"
        + "2024-02-02T13:30:00+00:00,USD,High Impact Expected,Non-Farm Employment Change,353K,187K,333K,\n"
        + "2024-04-05T13:30:00+01:00,USD,High Impact Expected,Non-Farm Employment Change,303K,212K,270K,\n"
    )

    assert [_brief(row) for row in reading.rows] == [
        ("us.nfp:2023-12", "2024-01-05T13:30:00Z", 216.0, 168.0, None, 173.0),
        ("us.nfp:2024-01", "2024-02-02T13:30:00Z", 353.0, 187.0, 216.0, 333.0),
        ("us.nfp:2024-03", "2024-04-05T12:30:00Z", 303.0, 212.0, None, 270.0),
    ]
    assert reading.faults == {}


def test_investing_rows_become_releases_as_known_before() -> None:
    reading = _read(
        _INVESTING
        + "2024-01-11T13:30:00Z,CPI (MoM) (Dec),High,0.3%,0.3%,0.2%,0.1%,0.1%\n"
        + "2024-01-25T13:30:00Z,GDP (QoQ) (Q4),High,3.3%,3.3%,2.0%,4.9%,4.9%\n"
        + "2024-01-18T13:30:00Z,Initial Jobless Claims,High,187K,187K,207K,202K,203K\n"
        + '2024-01-18T13:30:00Z,Continuing Jobless Claims,Low,"1,806K","1,806K","1,845K","1,834K","1,832K"\n'
    )

    assert [_brief(row) for row in reading.rows] == [
        ("us.cpi.mom:2023-12", "2024-01-11T13:30:00Z", 0.3, 0.2, 0.1, 0.1),
        ("us.continuing_claims:2024-W01", "2024-01-18T13:30:00Z", 1806.0, 1845.0, 1834.0, 1832.0),
        ("us.jobless_claims:2024-W02", "2024-01-18T13:30:00Z", 187.0, 207.0, 202.0, 203.0),
        ("us.gdp.qoq:2023-Q4:advance", "2024-01-25T13:30:00Z", 3.3, 2.0, 4.9, 4.9),
    ]


def test_contracted_rows_are_read_with_their_optional_fields() -> None:
    reading = _read(
        "ts_scheduled,indicator,period,actual,consensus,prior,consensus_low,consensus_n\n"
        "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9,2.7,71\n"
        "2025-02-28T13:30:00Z,us.core_pce.yoy,2025-01,2.6,,2.8,,\n"
        "2025-04-30T08:30:00-04:00,us.gdp.qoq,2025-Q1:advance,-0.3,0.2%,2.4,,\n"
    )

    assert [_brief(row) for row in reading.rows] == [
        ("us.cpi.yoy:2025-01", "2025-02-12T13:30:00Z", 3.0, 2.9, 2.9, None),
        ("us.core_pce.yoy:2025-01", "2025-02-28T13:30:00Z", 2.6, None, 2.8, None),
        ("us.gdp.qoq:2025-Q1:advance", "2025-04-30T12:30:00Z", -0.3, 0.2, 2.4, None),
    ]
    assert (reading.rows[0].consensus_low, reading.rows[0].consensus_n) == (2.7, 71)
    assert reading.rows[2].period == "2025-Q1"


def test_a_time_off_by_exactly_an_hour_is_put_right_and_any_other_is_kept() -> None:
    reading = _read(
        _FF
        + "2021-03-10T12:30:00+00:00,USD,High Impact Expected,CPI y/y,1.7%,1.7%,1.4%,\n"
        + "2021-11-24T15:00:00+00:00,USD,High Impact Expected,Core PCE Price Index m/m,0.4%,0.4%,0.2%,\n"
    )

    assert [format_rfc3339(row.ts_scheduled) for row in reading.rows] == [
        "2021-03-10T13:30:00Z",
        "2021-11-24T15:00:00Z",
    ]
    assert reading.faults == {"wrong_hour": 1}


def test_a_release_that_stands_twice_is_kept_where_it_is_whole() -> None:
    reading = _read(
        _INVESTING
        + "2023-07-20T12:30:00Z,Initial Jobless Claims,High,228K,228K,242K,237K,237K\n"
        + "2023-07-21T12:30:00Z,Initial Jobless Claims,High,228K,228K,,,237K\n"
    )

    assert [_brief(row)[:2] for row in reading.rows] == [("us.jobless_claims:2023-W28", "2023-07-20T12:30:00Z")]
    assert reading.faults == {"repeated": 1}


def test_figures_that_are_none_and_series_not_known_are_counted_and_the_rest_is_read() -> None:
    reading = _read(
        _FF
        + "2021-06-16T18:00:00+00:00,USD,High Impact Expected,Federal Funds Rate,<0.25%,<0.25%,<0.25%,\n"
        + "2021-06-16T18:30:00+00:00,USD,High Impact Expected,FOMC Press Conference,,,,\n"
        + "2022-06-15T18:00:00+00:00,USD,High Impact Expected,Federal Funds Rate,1.75%,1.50%,1.00%,\n"
    )

    assert [_brief(row) for row in reading.rows] == [
        ("us.fomc.rate:2021-06-16", "2021-06-16T18:00:00Z", None, None, None, None),
        ("us.fomc.rate:2022-06-15", "2022-06-15T18:00:00Z", 1.75, 1.5, None, 1.0),
    ]
    assert reading.faults == {"unknown_series": 1, "unreadable_figure": 3}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the header"),
        ("a,b,c\n1,2,3\n", "the header"),
        (_CONTRACT + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9\n", "not 6 fields"),
        (_CONTRACT + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9,1\n", "not 6 fields"),
        (_CONTRACT + "2025-02-12 at noon,us.cpi.yoy,2025-01,3.0,2.9,2.9\n", "at noon"),
        (_CONTRACT + "2025-02-12T13:30:00Z,us.cpj.yoy,2025-01,3.0,2.9,2.9\n", "us.cpj.yoy"),
        (_CONTRACT + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,n/a,2.9\n", "'n/a'"),
        (_CONTRACT + "2025-02-12T13:30:00Z,us.cpi.yoy,,3.0,2.9,2.9\n", "no period"),
        (_FF + "2021-03-10T12:30:00,USD,High,CPI y/y,1.7%,1.7%,1.4%,\n", "offset"),
        (_FF + "yesterday,USD,High,CPI y/y,1.7%,1.7%,1.4%,\n", "yesterday"),
        (_FF + '2021-03-10T12:30:00+00:00,USD,"High,CPI y/y\n', "calendar.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(text: str, problem: str) -> None:
    with pytest.raises(ImportFormatError, match=problem) as refused:
        _read(text)

    assert refused.value.path == "calendar.csv"


@pytest.mark.parametrize(
    "content",
    [
        _CONTRACT.encode() + b"2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n2025-02-12,us.cpi.yoy,2025-01,,,\n",
        _FF.encode()
        + b"2021-03-10T12:30:00+00:00,USD,High,CPI y/y,1.7%,1.7%,1.4%,\nyesterday,USD,High,CPI y/y,1.7%,1.7%,1.4%,\n",
        _CONTRACT.encode()
        + b"2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n\xff,us.cpi.yoy,2025-01,3.0,2.9,2.9\n",
    ],
    ids=["of the contract", "of a site", "no text"],
)
def test_a_fault_is_named_with_its_line(content: bytes) -> None:
    with pytest.raises(ImportFormatError) as refused:
        read_calendar(content, _INDICATORS, name="calendar.csv")

    assert refused.value.line == 3


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(ImportFormatError):
        read_calendar(b"\xff\xfe\x00", _INDICATORS, name="calendar.csv")


def test_a_byte_order_mark_is_skipped() -> None:
    text = "\ufeff" + _CONTRACT + "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n"

    assert [row.release_id for row in _read(text).rows] == ["us.cpi.yoy:2025-01"]


def test_the_two_exports_agree_on_when_and_what_was_released() -> None:
    folder = shared_data("macro", "calendar")
    one, other = (
        read_calendar((folder / name).read_bytes(), _INDICATORS, name=name)
        for name in ("calendar_us_ff.csv", "calendar_us_investing.csv")
    )

    first = {row.release_id: row for row in one.rows if row.actual is not None}
    both = [(first[row.release_id], row) for row in other.rows if row.release_id in first and row.actual is not None]
    assert len(both) > 280
    assert [a.release_id for a, b in both if a.ts_scheduled != b.ts_scheduled] in (
        [],
        ["us.empire_state:2023-07"],  # investing.com had it on the Sunday before
    )
    differing = {a.indicator for a, b in both if a.actual != b.actual}
    assert differing <= {"us.jolts", "us.housing_starts"}  # shown with fewer digits by ForexFactory
    assert one.faults["wrong_hour"] == 2
    assert one.faults["unreadable_figure"] == 15
