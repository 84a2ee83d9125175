"""What a Retry-After header asks for."""

import pytest

from signald.transports.http_client import read_retry_after

NOW = 1_739_367_000_000_000_000
"""Wed, 12 Feb 2025 13:30:00 GMT."""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Wed, 12 Feb 2025 13:31:30 GMT", 90.0),
        ("Wed, 12 Feb 2025 13:29:00 GMT", 0.0),
        ("soon", 0.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0.0),
        ("Fri, 31 Dec 999999999999 23:59:59 GMT", 0.0),
        ("Fri, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("-5", 0.0),
        ("9" * 30, 259_200.0),
    ],
)
def test_it_is_read_as_seconds_or_as_a_date_and_bounded(text: str | None, seconds: float) -> None:
    assert read_retry_after(text, NOW) == seconds
