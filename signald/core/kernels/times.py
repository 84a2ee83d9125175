"""Times as RFC 3339 writes them, in UTC: `2026-08-24T22:34:13.813164957Z`."""

from typing import Final

from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inner
from signald.core.kernels.machine import byte_at
from signald.core.kernels.scan import QUOTE, STRANGE, peek
from signald.core.kernels.swar import digit_run, fraction

_SHORTEST: Final = 20
_POINT: Final = ord(".")
_UTC: Final = ord("Z")
_DASH: Final = ord("-")
_COLON: Final = ord(":")
_TIME: Final = ord("T")
_NS_PER_S: Final = 1_000_000_000


@inner
def read_time(frame: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a time from behind its opening quote on, of the years 1970 to 2199.

    Returns:
        Nanoseconds since the epoch and the place after the closing quote; ``(STRANGE, …)`` if it is none of that form.
    """
    if at + _SHORTEST > end:
        return STRANGE, at
    year, month, day = _number(frame, at, 4), _number(frame, at + 5, 2), _number(frame, at + 8, 2)
    hour, minute, second = _number(frame, at + 11, 2), _number(frame, at + 14, 2), _number(frame, at + 17, 2)
    formed = (byte_at(frame, at + 4) == _DASH) & (byte_at(frame, at + 7) == _DASH) & (byte_at(frame, at + 10) == _TIME)
    formed &= (byte_at(frame, at + 13) == _COLON) & (byte_at(frame, at + 16) == _COLON)
    formed &= (1970 <= year < 2200) & (1 <= month <= 12) & (1 <= day <= _days_in(year, month))  # a calendar's  # noqa: PLR2004
    if not formed or not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):  # noqa: PLR2004
        return STRANGE, at
    at += 19
    part = 0
    if peek(frame, at, end) == _POINT:
        word = safe_word(frame, at + 1, end)
        run = digit_run(word)
        part = fraction(word, run, 8) * 10
        at += 1 + run
        if run == 0:
            return STRANGE, at
        if run == 8 and 0 <= peek(frame, at, end) - 48 <= 9:  # noqa: PLR2004
            part += peek(frame, at, end) - 48
            at += 1
    if peek(frame, at, end) != _UTC or peek(frame, at + 1, end) != QUOTE:
        return STRANGE, at
    seconds = ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * _NS_PER_S + part, at + 2


@inner
def _number(frame: bytes, at: int, digits: int) -> int:
    """The number of so many digits, -1 if they are none; eight bytes are there."""
    number = 0
    for place in range(digits):
        digit = byte_at(frame, at + place) - 48
        if not 0 <= digit <= 9:  # noqa: PLR2004
            return -1
        number = 10 * number + digit
    return number


@inner
def _days_in(year: int, month: int) -> int:
    if month == 2:  # noqa: PLR2004
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@inner
def _days(year: int, month: int, day: int) -> int:
    """Days since the epoch (Hinnant, "chrono-compatible low-level date algorithms", days_from_civil)."""
    shifted = year - (1 if month <= 2 else 0)  # noqa: PLR2004
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1  # noqa: PLR2004
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
