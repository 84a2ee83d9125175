"""Times on the wire are RFC 3339 in any offset; inside they are nanoseconds, UTC."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from signald.model.time import LAST_NANOS, NS_PER_S, format_rfc3339, parse_rfc3339


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2025-02-12T13:30:00Z", 1_739_367_000 * NS_PER_S),
        ("2025-02-12t13:30:00z", 1_739_367_000 * NS_PER_S),
        ("2025-02-12 08:30:00-05:00", 1_739_367_000 * NS_PER_S),
        ("2025-02-12T19:00:00+05:30", 1_739_367_000 * NS_PER_S),
        ("2025-02-12T13:30:00.5Z", 1_739_367_000 * NS_PER_S + 500_000_000),
        ("2025-02-12T13:30:00.184000001Z", 1_739_367_000 * NS_PER_S + 184_000_001),
        ("2025-02-12T13:30:00.1840000019Z", 1_739_367_000 * NS_PER_S + 184_000_001),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * NS_PER_S),
    ],
)
def test_each_spelling_of_a_time_is_read(text: str, expected: int) -> None:
    assert parse_rfc3339(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "2025-02-12", "2025-02-12T13:30:00", "2025-02-12T13:30Z", "12/02/2025 13:30", "44 min", "1739367000"),
        *("2025-02-30T13:30:00Z", "2025-13-01T00:00:00Z", "2025-02-12T24:00:00Z", "2025-02-12T13:30:61Z"),
        *("2025-02-12T13:30:00+25:00", "0000-01-01T00:00:00Z", "٢٠٢٥-02-12T13:30:00Z", "2025-02-12T13:30:00Z\n"),
        *("1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "2262-04-11T23:47:17Z", "2025-02-12T13:30:60Z"),
        "2025-02-12T13:30:00." + "0" * 10_000 + "Z",
    ],
)
def test_what_is_no_time_is_refused_and_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|outside") as refused:
        parse_rfc3339(text)

    assert repr(text)[:20] in str(refused.value)
    assert len(str(refused.value)) < 200


def test_the_last_time_is_read() -> None:
    assert parse_rfc3339("2262-04-11T23:47:16.854775807Z") == LAST_NANOS


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_739_367_000_184_000_000, "2025-02-12T13:30:00.184Z"),
        (1_739_367_000_000_001_000, "2025-02-12T13:30:00.000001Z"),
        (1_739_367_000_000_000_001, "2025-02-12T13:30:00.000000001Z"),
        (LAST_NANOS, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_a_time_is_written_with_the_digits_it_needs(ts: int, expected: str) -> None:
    assert format_rfc3339(ts) == expected
    assert parse_rfc3339(expected) == ts


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 3, 7), "2025-03-07T13:30:00Z"),
        (date(2025, 3, 12), "2025-03-12T12:30:00Z"),
        (date(2025, 10, 31), "2025-10-31T12:30:00Z"),
        (date(2025, 11, 3), "2025-11-03T13:30:00Z"),
    ],
)
def test_half_past_eight_in_new_york_moves_with_its_clocks(day: date, expected: str) -> None:
    local = datetime.combine(day, time(8, 30), tzinfo=ZoneInfo("America/New_York"))

    assert parse_rfc3339(local.isoformat()) == parse_rfc3339(expected)
    assert format_rfc3339(parse_rfc3339(local.isoformat())) == expected
    assert local.astimezone(UTC).strftime("%H:%M") == expected[11:16]
