"""A list of levels whose numbers are as long as they need to be, `[["30243.6","0.059","0","1"],["30244","0.08",…]]`.

Where the next number begins shows only when this one has been read: so each is read by words of eight digits, the same
few steps whatever its length, and only what does not fit into them is read step by step.
"""

from typing import Final

from signald.core.kernels.digits import POINT, read_steps
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import DECIMALS, PRICE, SCALE, SIZE, STEP
from signald.core.kernels.machine import Words, byte_at, half_at, word_at, words_from
from signald.core.kernels.outcomes import NOT_PLAIN, OFF_LOT, OFF_TICK, TOO_MANY
from signald.core.kernels.scan import CLOSE_BRACKET, COMMA, OPEN_BRACKET, QUOTE, STRANGE, peek, skip_text
from signald.core.kernels.swar import digit_run, fraction, left_over, whole

_BEFORE_PRICE: Final = int.from_bytes(b'["', "little")
_TWO_BYTES: Final = 0xFFFF
_BETWEEN_NUMBERS: Final = int.from_bytes(b'","', "little")
_THREE_BYTES: Final = 0xFF_FFFF
_ZERO_COLUMN: Final = int.from_bytes(b'","0","', "little")
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF
_MOST_QUICK_DECIMALS: Final = 8
_TWO_COLUMNS: Final = 2
_LONGEST_LEVEL: Final = 64
"""The bytes that the quick steps may look at from a level's opening bracket on."""


@inner
def read_ragged(frame: bytes, at: int, end: int, book: Words, pairs: Words, room: int, columns: int) -> tuple[int, int]:
    """Read the list whose opening bracket is at ``at`` into ``pairs``: tick and lots of each level.

    Args:
        frame: The frame.
        at: Place in it.
        end: Its length.
        book: Whose forms of numbers count.
        pairs: Where to.
        room: Levels that fit there.
        columns: Texts that a level has, 2 or 4: price and size, and others that are not looked at.

    Returns:
        How many levels, and the place after the list; or an outcome, negative, and a place.
    """
    at += 1
    if peek(frame, at, end) == CLOSE_BRACKET:
        return 0, at + 1
    quick = (book[PRICE + DECIMALS] <= _MOST_QUICK_DECIMALS) & (book[SIZE + DECIMALS] <= _MOST_QUICK_DECIMALS)
    count = 0
    while count < room:
        stop = STRANGE
        if quick and at + _LONGEST_LEVEL <= end:
            stop = _read_quickly(frame, at, book, words_from(pairs, 2 * count), columns)
        if stop < 0:
            stop = _read_slowly(frame, at, end, book, words_from(pairs, 2 * count), columns)
            if stop < 0:
                return stop, at
        count += 1
        # Behind a level's closing bracket.
        closing = peek(frame, stop, end)
        at = stop + 1
        if closing == CLOSE_BRACKET:
            return count, at
        if closing != COMMA:
            return -NOT_PLAIN, at
    return -TOO_MANY, at


@inlined
def _read_quickly(frame: bytes, at: int, book: Words, pair: Words, columns: int) -> int:
    """Read one level that is followed by enough of the frame; the place behind it, or STRANGE."""
    word = word_at(frame, at + 2)
    before = digit_run(word)
    pointed = byte_at(frame, at + 2 + before) == POINT
    part = word_at(frame, at + 3 + before)
    places = digit_run(part) * pointed
    price_end = at + 2 + before + places + pointed
    size_at = price_end + 3
    size_word = word_at(frame, size_at)
    size_before = digit_run(size_word)
    size_pointed = byte_at(frame, size_at + size_before) == POINT
    size_part = word_at(frame, size_at + size_before + 1)
    size_places = digit_run(size_part) * size_pointed
    size_end = size_at + size_before + size_places + size_pointed
    ticks = whole(word, before) * book[PRICE + SCALE] + fraction(part, places, book[PRICE + DECIMALS])
    lots = whole(size_word, size_before) * book[SIZE + SCALE] + fraction(size_part, size_places, book[SIZE + DECIMALS])
    regular = (
        ((half_at(frame, at) & _TWO_BYTES) == _BEFORE_PRICE)
        & ((half_at(frame, price_end) & _THREE_BYTES) == _BETWEEN_NUMBERS)
        & (before > 0)
        & (size_before > 0)
        & (places >= pointed)
        & (size_places >= size_pointed)
        & (left_over(part, places, book[PRICE + DECIMALS]) == 0)
        & (left_over(size_part, size_places, book[SIZE + DECIMALS]) == 0)
        & (ticks > 0)
    )
    if not regular:
        return STRANGE
    if book[PRICE + STEP] != 1:
        if ticks % book[PRICE + STEP] != 0:
            return STRANGE
        ticks //= book[PRICE + STEP]
    if book[SIZE + STEP] != 1:
        if lots % book[SIZE + STEP] != 0:
            return STRANGE
        lots //= book[SIZE + STEP]
    stop = size_end
    if columns != _TWO_COLUMNS:
        if word_at(frame, size_end) & _SEVEN_BYTES != _ZERO_COLUMN:
            return STRANGE
        stop = size_end + 7 + digit_run(word_at(frame, size_end + 7))
    if byte_at(frame, stop) != QUOTE or byte_at(frame, stop + 1) != CLOSE_BRACKET:
        return STRANGE
    pair[0] = ticks
    pair[1] = lots
    return stop + 2


@inner
def _read_slowly(frame: bytes, at: int, end: int, book: Words, pair: Words, columns: int) -> int:
    """Read one level however its numbers are written; the place behind it, or an outcome, negative."""
    if peek(frame, at, end) != OPEN_BRACKET or peek(frame, at + 1, end) != QUOTE:
        return -NOT_PLAIN
    ticks, at = read_steps(frame, at + 2, end, words_from(book, PRICE), OFF_TICK)
    if ticks <= 0:
        return ticks if ticks < 0 else -NOT_PLAIN
    if peek(frame, at, end) != QUOTE or peek(frame, at + 1, end) != COMMA or peek(frame, at + 2, end) != QUOTE:
        return -NOT_PLAIN
    lots, at = read_steps(frame, at + 3, end, words_from(book, SIZE), OFF_LOT)
    if lots < 0:
        return lots
    for _ in range(columns - _TWO_COLUMNS):
        if peek(frame, at, end) != QUOTE or peek(frame, at + 1, end) != COMMA or peek(frame, at + 2, end) != QUOTE:
            return -NOT_PLAIN
        at = skip_text(frame, at + 3, end)
        if at < 0:
            return -NOT_PLAIN
    if peek(frame, at, end) != QUOTE or peek(frame, at + 1, end) != CLOSE_BRACKET:
        return -NOT_PLAIN
    pair[0] = ticks
    pair[1] = lots
    return at + 2
