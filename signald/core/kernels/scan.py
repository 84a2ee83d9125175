"""Steps over compact JSON (RFC 8259): every function takes a place in a frame and returns the place after.

Only the plainest JSON is read: no white space, no escapes, ASCII. A negative place says that it is not that; whether it
is JSON all the same is for the slow path to find out, so that nothing is ever taken here that a full parser refuses.
"""

from typing import Final

from signald.core.kernels.digits import POWERS, safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import byte_at
from signald.core.kernels.swar import digit_run, plain_run, whole

QUOTE: Final = ord('"')
COLON: Final = ord(":")
COMMA: Final = ord(",")
OPEN_BRACE: Final = ord("{")
CLOSE_BRACE: Final = ord("}")
OPEN_BRACKET: Final = ord("[")
CLOSE_BRACKET: Final = ord("]")
STRANGE: Final = -1
"""Not in the form that is read here."""

_MINUS: Final = ord("-")
_POINT: Final = ord(".")
_ZERO: Final = ord("0")
_NULL: Final = int.from_bytes(b"null", "little")
_TRUE: Final = int.from_bytes(b"true", "little")
_FALSE: Final = int.from_bytes(b"false", "little")
_DEEPEST: Final = 60
_LONGEST_NUMBER: Final = 17


@inlined
def peek(frame: bytes, at: int, end: int) -> int:
    """The byte at ``at``; 0, which no JSON has, if the frame ends there."""
    if at < end:
        return byte_at(frame, at)
    return 0


@inlined
def skip_text(frame: bytes, at: int, end: int) -> int:
    """From after a string's opening quote to its closing quote."""
    while True:
        run = plain_run(safe_word(frame, at, end))
        at += run
        if run < 8:  # noqa: PLR2004  # a word is full
            break
    if peek(frame, at, end) != QUOTE:
        return STRANGE
    return at


@inlined
def read_counter(frame: bytes, at: int, end: int) -> tuple[int, int]:
    """Read a whole number of 1 … 15 digits; ``(-1, …)`` if it is none, or if it begins with a needless zero."""
    word = safe_word(frame, at, end)
    run = digit_run(word)
    number = whole(word, run)
    if run == 0 or ((word & 0xFF) == _ZERO and run > 1):
        return STRANGE, at
    at += run
    if run == 8:  # noqa: PLR2004
        word = safe_word(frame, at, end)
        run = digit_run(word)
        if run == 8:  # noqa: PLR2004
            return STRANGE, at
        number = number * POWERS[run] + whole(word, run)
        at += run
    return number, at


@inner
def skip_value(frame: bytes, at: int, end: int) -> int:
    """From a value's first byte to the byte after it, whatever it holds."""
    depth = 0
    braces = 0  # bit d: what is open at depth d is an object
    while True:
        byte = peek(frame, at, end)
        if byte in (OPEN_BRACE, OPEN_BRACKET):
            depth += 1
            braces = (braces << 1) | (byte == OPEN_BRACE)
            at += 1
            if depth > _DEEPEST:
                return STRANGE
            closed = peek(frame, at, end) == (CLOSE_BRACE if braces & 1 else CLOSE_BRACKET)
            if not closed:
                if braces & 1:
                    at = skip_key(frame, at, end)
                    if at < 0:
                        return STRANGE
                continue
        else:
            at = _skip_scalar(frame, at, end)
            if at < 0:
                return STRANGE
        at, depth, braces = _close(frame, at, end, depth, braces)
        if at < 0 or depth == 0:
            return at


@inner
def _close(frame: bytes, at: int, end: int, depth: int, braces: int) -> tuple[int, int, int]:
    """From after a value to the next one, out of everything that ends there."""
    while depth > 0:
        byte = peek(frame, at, end)
        at += 1
        if byte == COMMA:
            if braces & 1:
                at = skip_key(frame, at, end)
            return at, depth, braces
        if byte != (CLOSE_BRACE if braces & 1 else CLOSE_BRACKET):
            return STRANGE, depth, braces
        depth -= 1
        braces >>= 1
    return at, depth, braces


@inner
def skip_key(frame: bytes, at: int, end: int) -> int:
    """From a key's opening quote to its value."""
    if peek(frame, at, end) != QUOTE:
        return STRANGE
    at = skip_text(frame, at + 1, end)
    if at < 0 or peek(frame, at + 1, end) != COLON:
        return STRANGE
    return at + 2


@inner
def _skip_scalar(frame: bytes, at: int, end: int) -> int:
    byte = peek(frame, at, end)
    if byte == QUOTE:
        at = skip_text(frame, at + 1, end)
        return at + 1 if at >= 0 else STRANGE
    word = safe_word(frame, at, end)
    if (word & 0xFFFF_FFFF) in (_NULL, _TRUE):
        return at + 4
    if (word & 0xFF_FFFF_FFFF) == _FALSE:
        return at + 5
    return _skip_number(frame, at + (byte == _MINUS), end)


@inner
def _skip_number(frame: bytes, at: int, end: int) -> int:
    """A number without exponent, of no more digits than every parser reads."""
    first = at
    while 0 <= peek(frame, at, end) - _ZERO <= 9:  # noqa: PLR2004
        at += 1
    if at == first or (at > first + 1 and byte_at(frame, first) == _ZERO):
        return STRANGE
    if peek(frame, at, end) == _POINT:
        point = at
        at += 1
        while 0 <= peek(frame, at, end) - _ZERO <= 9:  # noqa: PLR2004
            at += 1
        if at == point + 1:
            return STRANGE
    if at > first + _LONGEST_NUMBER:
        return STRANGE
    return at
