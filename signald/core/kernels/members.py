"""Members of a frame's objects into the desk's wire words, each at most once.

The first wire word, SEEN, has a bit for each of the others: bit n says that the member whose word is WIRE + n has come.
A member that comes twice is legal JSON, and for the slow path to read.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, WIRE, route
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import Words
from signald.core.kernels.outcomes import UNKNOWN_SYMBOL
from signald.core.kernels.scan import COLON, QUOTE, STRANGE, peek, read_counter, skip_key, skip_value

SEEN: Final = WIRE

NS_PER_MS: Final = 1_000_000
LATEST_MS: Final = ((1 << 63) - 1) // NS_PER_MS
"""The last time, in milliseconds, whose nanoseconds a word can hold: in 2262."""

_MINUS: Final = ord("-")


def seen_bits(*places: int) -> int:
    """SEEN when the members of these wire words have come."""
    return sum(1 << (place - WIRE) for place in places)


@inlined
def seen_before(desk: Words, place: int) -> bool:
    """Note that the member of the wire word ``place`` has come; whether it came before."""
    before = desk[SEEN]
    desk[SEEN] = before | (1 << (place - WIRE))
    return before >> (place - WIRE) & 1 != 0


@inlined
def is_next(frame: bytes, at: int, end: int, opening: int) -> bool:
    """Whether a colon and the byte ``opening`` stand at ``at``."""
    return (peek(frame, at, end) == COLON) & (peek(frame, at + 1, end) == opening)


@inner
def read_member(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read a colon and a whole number, perhaps below zero, into a wire word; the place after it, or STRANGE."""
    if peek(frame, at, end) != COLON:
        return STRANGE
    minus = peek(frame, at + 1, end) == _MINUS
    at = _read_number(frame, at + 1 + minus, end, desk, place)
    if minus:
        desk[place] = -desk[place]
    return at


@inlined
def _read_number(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    number, at = read_counter(frame, at, end)
    if number < 0 or seen_before(desk, place):
        return STRANGE
    desk[place] = number
    return at


@inner
def read_quoted_member(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read a colon and a counter that is written as a text, likewise."""
    if not is_next(frame, at, end, QUOTE):
        return STRANGE
    at = _read_number(frame, at + 2, end, desk, place)
    if at < 0 or peek(frame, at, end) != QUOTE:
        return STRANGE
    return at + 1


@inner
def read_symbol(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read a symbol from behind its opening quote on, make its book the current one; the place after the closing one.

    Returns:
        The place, STRANGE, or an outcome, negative: UNKNOWN_SYMBOL if we keep no such book.
    """
    if seen_before(desk, place):
        return STRANGE
    at = route(desk, frame, at, end)
    if at < 0 or peek(frame, at, end) != QUOTE:
        desk[CURRENT] = 0
        return STRANGE
    return at + 1 if desk[CURRENT] != 0 else -UNKNOWN_SYMBOL


@inner
def skip_member(frame: bytes, at: int, end: int) -> int:
    """From a key's opening quote to behind its value; STRANGE if that is not of the plainest form."""
    at = skip_key(frame, at, end)
    return skip_value(frame, at, end) if at >= 0 else STRANGE
