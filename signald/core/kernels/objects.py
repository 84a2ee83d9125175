"""A list of levels that are objects: `[{"px":"105055.0","sz":"3.03622","n":5},…]`, `[{"price":78871.5,"qty":0.01},…]`.

Members may come in any order and with others besides; a member that comes twice is for the slow path.
"""

from typing import Final

from signald.core.kernels.digits import POINT, read_steps, safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import PRICE, SIZE
from signald.core.kernels.machine import Words, bits_up_to, byte_at, words_from
from signald.core.kernels.members import skip_member
from signald.core.kernels.outcomes import NOT_PLAIN, OFF_LOT, OFF_TICK, TOO_MANY
from signald.core.kernels.scan import CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, QUOTE, peek

_ZERO: Final = ord("0")
_MOST_PLACES: Final = 40


def key_of(name: str) -> tuple[int, int]:
    """A key with its quotes as a word, and how many bytes that are; at most eight."""
    text = f'"{name}"'.encode()
    return int.from_bytes(text, "little"), len(text)


@inlined
def is_key(word: int, key: tuple[int, int]) -> bool:
    """Whether a word begins with a key."""
    text, length = key
    return (word ^ text) & (bits_up_to(8 * length - 1)) == 0


@inner
def read_objects(
    frame: bytes,
    at: int,
    end: int,
    book: Words,
    pairs: Words,
    room: int,
    price: tuple[int, int],
    size: tuple[int, int],
    quoted: bool,  # kernels have no keyword arguments  # noqa: FBT001
    places: Words,
) -> tuple[int, int]:
    """Read the list whose opening bracket is at ``at`` into ``pairs``: tick and lots of each level.

    Args:
        frame: The frame.
        at: Place in it.
        end: Its length.
        book: Whose forms of numbers count.
        pairs: Where to.
        room: Levels that fit there.
        price: Key of the price, see :func:`key_of`.
        size: Key of the size.
        quoted: Whether numbers are written as texts.
        places: Of numbers that are not: gets, of prices and then of sizes, a bit for each number of digits after the
            point that occurs.

    Returns:
        How many levels, and the place after the list; or an outcome, negative, and a place.
    """
    at += 1
    if peek(frame, at, end) == CLOSE_BRACKET:
        return 0, at + 1
    count = 0
    while count < room:
        at = read_object(frame, at, end, book, words_from(pairs, 2 * count), price, size, quoted, places)
        if at < 0:
            return at, 0
        count += 1
        closing = peek(frame, at, end)
        at += 1
        if closing == CLOSE_BRACKET:
            return count, at
        if closing != COMMA:
            return -NOT_PLAIN, at
    return -TOO_MANY, at


@inner
def read_object(
    frame: bytes,
    at: int,
    end: int,
    book: Words,
    pair: Words,
    price: tuple[int, int],
    size: tuple[int, int],
    quoted: bool,  # kernels have no keyword arguments  # noqa: FBT001
    places: Words,
) -> int:
    """Read one level, likewise; the place behind it, or an outcome, negative."""
    if peek(frame, at, end) != OPEN_BRACE:
        return -NOT_PLAIN
    at += 1
    ticks = 0
    lots = -1
    while True:
        key = safe_word(frame, at, end)
        if is_key(key, price):
            if ticks != 0:
                return -NOT_PLAIN
            ticks, at = read_number(frame, at + price[1], end, words_from(book, PRICE), OFF_TICK, quoted, places)
            if ticks <= 0:
                return ticks if ticks < 0 else -NOT_PLAIN
        elif is_key(key, size):
            if lots >= 0:
                return -NOT_PLAIN
            places_of_size = words_from(places, 1)
            lots, at = read_number(frame, at + size[1], end, words_from(book, SIZE), OFF_LOT, quoted, places_of_size)
            if lots < 0:
                return lots
        else:
            at = skip_member(frame, at, end)
            if at < 0:
                return -NOT_PLAIN
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            break
        if byte != COMMA:
            return -NOT_PLAIN
    if ticks == 0 or lots < 0:
        return -NOT_PLAIN
    pair[0] = ticks
    pair[1] = lots
    return at


@inner
def read_number(
    frame: bytes,
    at: int,
    end: int,
    form: Words,
    off_step: int,
    quoted: bool,  # noqa: FBT001
    places: Words,
) -> tuple[int, int]:
    """Read a colon and a number as steps of ``form``.

    Returns:
        Its steps, and the place after it; or an outcome, negative, and a place.
    """
    if peek(frame, at, end) != COLON:
        return -NOT_PLAIN, at
    first = at + 1
    if quoted:
        if peek(frame, first, end) != QUOTE:
            return -NOT_PLAIN, at
        steps, at = read_steps(frame, first + 1, end, form, off_step)
        if steps < 0 or peek(frame, at, end) == QUOTE:
            return steps, at + 1
        return -NOT_PLAIN, at
    steps, at = read_steps(frame, first, end, form, off_step)
    if steps < 0:
        return steps, at
    if byte_at(frame, first) == _ZERO and at > first + 1 and byte_at(frame, first + 1) != POINT:
        return -NOT_PLAIN, at
    places[0] |= 1 << _places(frame, first, at)
    return steps, at


@inlined
def _places(frame: bytes, first: int, at: int) -> int:
    """How many digits stand behind the point of the number that ends at ``at``."""
    count = 0
    while count < at - first and byte_at(frame, at - 1 - count) != POINT:
        count += 1
    return min(count, _MOST_PLACES) if count < at - first else 0
