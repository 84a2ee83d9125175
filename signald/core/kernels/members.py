"""Members of a frame's objects into the desk's wire words, each at most once.

The first wire word, SEEN, has a bit for each of the others: bit n says that the member whose word is WIRE + n has come.
A member that comes twice is legal JSON, and for the slow path to read.
"""

from collections.abc import Callable
from typing import Final, ParamSpec, TypeAlias

from signald.core.kernels.desk import CURRENT, WIRE, route
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner, plain
from signald.core.kernels.machine import Words
from signald.core.kernels.outcomes import NOT_PLAIN, UNKNOWN_SYMBOL
from signald.core.kernels.scan import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COLON,
    COMMA,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    read_counter,
    skip_key,
    skip_value,
)
from signald.core.kernels.times import read_time

SEEN: Final = WIRE

ReadMember: TypeAlias = Callable[[bytes, int, int, Words], int]
"""Reads one member from its key's opening quote on; the place behind its value, an outcome, negative, or STRANGE.

A venue's own: from it, what reads the object around it is made. That is compiled for each, and so costs nothing.
"""
ReadFrame: TypeAlias = Callable[[bytes, int, Words], int]
P = ParamSpec("P")

SNAPSHOT: Final = 1
UPDATE: Final = 2

NS_PER_MS: Final = 1_000_000
LATEST_MS: Final = ((1 << 63) - 1) // NS_PER_MS
"""The last time, in milliseconds, whose nanoseconds a word can hold: in 2262."""

_MINUS: Final = ord("-")
_SNAPSHOT: Final = int.from_bytes(b"snapshot", "little")
_UPDATE: Final = int.from_bytes(b'update"', "little")
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


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


def object_of(read_one: ReadMember) -> ReadMember:
    """Make what reads an object from its first key to behind its closing brace: its members one by one, likewise."""

    def read_object(frame: bytes, at: int, end: int, desk: Words) -> int:
        while True:
            at = read_one(frame, at, end, desk)
            if at < 0:
                return at
            byte = peek(frame, at, end)
            at += 1
            if byte == CLOSE_BRACE:
                return at
            if byte != COMMA:
                return STRANGE

    return inner(_named(read_object, read_one))


def rest_of(read_object: ReadMember) -> ReadMember:
    """Make what reads an object from behind one of its members on, likewise; given a negative place, it gives that."""

    def read_rest(frame: bytes, at: int, end: int, desk: Words) -> int:
        if at < 0 or peek(frame, at, end) == CLOSE_BRACE:
            return at if at < 0 else at + 1
        return read_object(frame, at + 1, end, desk) if peek(frame, at, end) == COMMA else STRANGE

    return inner(_named(read_rest, read_object))


def single_of(read_object: ReadMember) -> ReadMember:
    """Make what reads a colon and a list of one such object, likewise."""

    def read_single(frame: bytes, at: int, end: int, desk: Words) -> int:
        if not is_next(frame, at, end, OPEN_BRACKET) or peek(frame, at + 2, end) != OPEN_BRACE:
            return STRANGE
        return end_single(frame, read_object(frame, at + 3, end, desk), end)

    return inner(_named(read_single, read_object))


def frame_of(read_object: ReadMember) -> ReadFrame:
    """Make what reads a frame that is one such object: to its end, or an outcome, negative."""

    def read_frame(frame: bytes, end: int, desk: Words) -> int:
        if peek(frame, 0, end) != OPEN_BRACE:
            return -NOT_PLAIN
        return end_frame(read_object(frame, 1, end, desk), end)

    return inner(_named(read_frame, read_object))


def _named(function: Callable[P, int], whose: ReadMember) -> Callable[P, int]:
    """Name a part after that which it calls: compiled parts are told apart by their names."""
    called = plain(whose)
    function.__module__ = called.__module__
    function.__qualname__ = f"{called.__qualname__}.{function.__name__}"
    return function


@inlined
def end_frame(at: int, end: int) -> int:
    """What reading a frame came to that ought to end at ``at``: its end, or an outcome, negative."""
    return at if at == end or (at < 0 and at != STRANGE) else -NOT_PLAIN


@inlined
def end_single(frame: bytes, at: int, end: int) -> int:
    """The place behind the closing bracket that ought to stand at ``at``, an outcome, negative, or STRANGE."""
    if at < 0:
        return at
    return at + 1 if peek(frame, at, end) == CLOSE_BRACKET else STRANGE


@inner
def read_action(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read `:"snapshot"` or `:"update"` into a wire word; STRANGE if it is neither."""
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, place):
        return STRANGE
    word = safe_word(frame, at + 2, end)
    if word & _SEVEN_BYTES == _UPDATE:
        desk[place] = UPDATE
        return at + 9
    if word == _SNAPSHOT and peek(frame, at + 10, end) == QUOTE:
        desk[place] = SNAPSHOT
        return at + 11
    return STRANGE


@inlined
def read_time_member(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read a colon and a time as RFC 3339 has it into a wire word, ns; the place after it, or STRANGE."""
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, place):
        return STRANGE
    ts, at = read_time(frame, at + 2, end)
    if ts < 0:
        return STRANGE
    desk[place] = ts
    return at


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


@inlined
def read_symbol_member(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read a colon and a symbol, as :func:`read_symbol`."""
    return read_symbol(frame, at + 2, end, desk, place) if is_next(frame, at, end, QUOTE) else STRANGE


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
