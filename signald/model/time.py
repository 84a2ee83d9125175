"""Wall time as integer nanoseconds since the Unix epoch, UTC; RFC 3339 on the wire."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, TypeAlias

Nanos: TypeAlias = int
"""Nanoseconds since 1970-01-01T00:00:00Z for a ``ts_…``; a plain count where the name ends in ``_ns``."""

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

LAST_NANOS: Final = 2**63 - 1
"""The latest time there is, in April 2262: documents, journals and board rows keep times as signed 64-bit integers."""

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))",
    re.ASCII,
)
_SECONDS = re.compile(r"([0-5]\d)(?:\.(\d+))?[Zz]", re.ASCII)
_TO_MINUTE: Final = 17  # characters of "2025-02-12T13:30:"
_MOST_MINUTES: Final = 64
_minutes: dict[
    str, int
] = {}  # such a beginning of a time in UTC → its seconds since the epoch: figures come by the minute
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST: Final = 64  # characters; a time has two dozen


def parse_rfc3339(text: str) -> Nanos:
    """Read an RFC 3339 time with any number of fractional digits; digits past the ninth are cut.

    A leap second, ``23:59:60``, is read as the second that follows it: Unix time does not know it.

    Raises:
        ValueError: ``text`` is not an RFC 3339 time with an offset, or lies outside 1970 … 2262.
    """
    minute_s = _minutes.get(text[:_TO_MINUTE])
    if minute_s is not None:
        found = _SECONDS.fullmatch(text, _TO_MINUTE) if len(text) <= _LONGEST else None
        if found is not None:
            second, fraction = found.groups()
            return (minute_s + int(second)) * NS_PER_S + int((fraction or "")[:9].ljust(9, "0"))
    return _parse_slowly(text)


def _parse_slowly(text: str) -> Nanos:
    found = _RFC3339.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise _refusal(text, "is not an RFC 3339 time with an offset")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = found.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    is_leap = (minute, second) == (59, 60)
    try:
        zone = timezone(-offset if sign == "-" else offset)
        whole = datetime(year, month, day, hour, minute, second - is_leap, tzinfo=zone) - _EPOCH
    except ValueError as error:
        raise _refusal(text, f"is no time: {error}") from error
    seconds = whole.days * 86_400 + whole.seconds + is_leap
    ts = seconds * NS_PER_S + int((fraction or "")[:9].ljust(9, "0"))
    if not 0 <= ts <= LAST_NANOS:
        raise _refusal(text, "lies outside 1970 to 2262")
    if sign is None and seconds - second >= 0 and ts < LAST_NANOS - 60 * NS_PER_S:
        if len(_minutes) >= _MOST_MINUTES:
            _minutes.clear()
        _minutes[text[:_TO_MINUTE]] = seconds - second
    return ts


def format_rfc3339(ts: Nanos) -> str:
    """Write ``ts`` in UTC with as few fractional digits (0, 3, 6 or 9) as lose nothing."""
    seconds, nanos = divmod(ts, NS_PER_S)
    whole = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    if nanos == 0:
        return f"{whole}Z"
    digits = f"{nanos:09d}"
    for width in (3, 6):
        if not digits[width:].strip("0"):
            return f"{whole}.{digits[:width]}Z"
    return f"{whole}.{digits}Z"


def _refusal(text: str, problem: str) -> ValueError:
    shown = repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"
    return ValueError(f"{shown} {problem}")
