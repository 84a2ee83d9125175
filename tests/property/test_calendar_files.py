from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from signald.errors import ImportFormatError
from signald.model.indicators import load_indicators
from signald.sources.calendars.files import Reading, read_calendar

_INDICATORS = load_indicators((Path(__file__).parents[2] / "configs" / "indicators.toml").read_bytes())
_HEADERS = (
    "DateTime,Currency,Impact,Event,Actual,Forecast,Previous,Detail",
    "release_utc,event,actual_first,forecast_before,previous_before",
    "ts_scheduled,indicator,period,actual,consensus,prior",
)
_fields = st.one_of(
    st.sampled_from(
        ["2024-01-11T13:30:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00", "USD", "us.nfp"]
    ),
    st.sampled_from(["CPI y/y", "GDP (QoQ) (Q4)", "Nonfarm Payrolls (Dec)", "2023-12", "0.3%", "216K", "<0.1%", ""]),
    st.text(max_size=8),
)


@given(st.sampled_from(_HEADERS), st.lists(st.lists(_fields, min_size=4, max_size=9), max_size=6))
def test_any_rows_give_each_release_once_or_an_error_that_names_the_file(header: str, rows: list[list[str]]) -> None:
    content = "\n".join([header, *(",".join(row) for row in rows)]).encode("utf-8", "surrogatepass")

    reading = _read_or_none(content)

    if reading is not None:
        ids = [row.release_id for row in reading.rows]
        assert len(set(ids)) == len(ids)
        assert sorted(reading.rows, key=lambda row: (row.ts_scheduled, row.release_id)) == list(reading.rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_calendar_or_an_error_that_names_the_file(content: bytes) -> None:
    assert _read_or_none(content) is None


def _read_or_none(content: bytes) -> Reading | None:
    try:
        return read_calendar(content, _INDICATORS, name="calendar.csv")
    except ImportFormatError as error:
        assert error.path == "calendar.csv"  # noqa: PT017 - that it is raised is one of two right answers
        return None
