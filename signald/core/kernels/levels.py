"""A list of levels, `[["61737.63","0.5"],["61730.17","0"]]`, to (tick, lots) pairs.

A venue writes its numbers in one way: so many digits before the point of a price, so many after, so many after the
point of a size. Where the next number begins is then known before the last one is read. A level that is written
otherwise is read step by step, and teaches the habit.
"""

from typing import Final

from signald.core.kernels.digits import POINT, read_steps
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import (
    DECIMALS,
    PRICE,
    PRICE_PLACES,
    PRICE_WHOLE,
    SCALE,
    SIZE,
    SIZE_PLACES,
    STEP,
)
from signald.core.kernels.machine import Words, byte_at, half_at, word_at, words_from
from signald.core.kernels.outcomes import NOT_PLAIN, OFF_LOT, OFF_TICK, TOO_MANY
from signald.core.kernels.scan import CLOSE_BRACKET, COMMA, OPEN_BRACKET, QUOTE, peek
from signald.core.kernels.swar import all_digits, digit_run, fraction, left_over, whole

_BETWEEN_NUMBERS: Final = int.from_bytes(b'","', "little")
_BETWEEN_LEVELS: Final = int.from_bytes(b'"],[', "little")
_THREE_BYTES: Final = 0xFF_FFFF
_FEWEST_STEPS: Final = 8


@inner
def read_levels(frame: bytes, at: int, end: int, book: Words, pairs: Words, room: int) -> tuple[int, int]:
    """Read the list whose opening bracket is at ``at`` into ``pairs``: tick and lots of each.

    Returns:
        How many levels, and the place after the list; or an outcome, negative, and a place.
    """
    at += 1
    if peek(frame, at, end) == CLOSE_BRACKET:
        return 0, at + 1
    count = 0
    while count < room:
        if peek(frame, at, end) != OPEN_BRACKET or peek(frame, at + 1, end) != QUOTE:
            return -NOT_PLAIN, at
        read, at = _read_habitual(frame, at + 2, end, book, words_from(pairs, 2 * count), room - count)
        count += read
        if read == 0:
            at = _read_one(frame, at, end, book, words_from(pairs, 2 * count))
            if at < 0:
                return at, 0
            count += 1
        # Behind a size's last digit.
        if peek(frame, at, end) != QUOTE or peek(frame, at + 1, end) != CLOSE_BRACKET:
            return -NOT_PLAIN, at
        closing = peek(frame, at + 2, end)
        at += 3
        if closing == CLOSE_BRACKET:
            return count, at
        if closing != COMMA:
            return -NOT_PLAIN, at
    return -TOO_MANY, at


@inlined
def _read_habitual(frame: bytes, at: int, end: int, book: Words, pairs: Words, room: int) -> tuple[int, int]:
    """Read levels from a price's first digit on, while they are written as the last ones were.

    Returns:
        How many were read, and the place behind the last digit of the last of them; ``(0, at)`` if none was.
    """
    before, places, size_places = book[PRICE_WHOLE], book[PRICE_PLACES], book[SIZE_PLACES]
    decimals, scale, step = book[PRICE + DECIMALS], book[PRICE + SCALE], book[PRICE + STEP]
    size_decimals, size_scale, size_step = book[SIZE + DECIMALS], book[SIZE + SCALE], book[SIZE + STEP]
    count = 0
    stop = at
    while count < room and places > 0:
        size_at = at + before + places + 4  # the point, and `","`
        if size_at + 8 > end:
            break
        price_word = word_at(frame, at)
        part_word = word_at(frame, at + before + 1)
        size_word = word_at(frame, size_at)
        size_before = digit_run(size_word)
        size_end = size_at + size_before + 1 + size_places
        if size_at + size_before + 9 > end or size_end + 5 > end:
            break
        size_part_word = word_at(frame, size_at + size_before + 1)
        ticks = whole(price_word, before) * scale + fraction(part_word, places, decimals)
        lots = whole(size_word, size_before) * size_scale + fraction(size_part_word, size_places, size_decimals)
        regular = (
            all_digits(price_word, before)
            & all_digits(part_word, places)
            & all_digits(size_part_word, size_places)
            & (byte_at(frame, at + before) == POINT)
            & (byte_at(frame, size_at + size_before) == POINT)
            & (byte_at(frame, size_end) == QUOTE)
            & ((half_at(frame, size_at - 3) & _THREE_BYTES) == _BETWEEN_NUMBERS)
            & (byte_at(frame, size_end) == QUOTE)  # one more digit, and the habit would never end
            & (left_over(part_word, places, decimals) == 0)
            & (left_over(size_part_word, size_places, size_decimals) == 0)
            & (size_before > 0)
            & (size_before < _FEWEST_STEPS)
            & (ticks > 0)
        )
        if not regular:
            break
        if step != 1:
            if ticks % step != 0:
                break
            ticks //= step
        if size_step != 1:
            if lots % size_step != 0:
                break
            lots //= size_step
        pairs[2 * count] = ticks
        pairs[2 * count + 1] = lots
        count += 1
        stop = size_end
        if half_at(frame, size_end) != _BETWEEN_LEVELS or byte_at(frame, size_end + 4) != QUOTE:
            break
        at = size_end + 5
    return count, stop


@inner
def _read_one(frame: bytes, at: int, end: int, book: Words, pair: Words) -> int:
    """Read one level from its price's first digit on, however its numbers are written; negative: an outcome."""
    ticks, price_end = read_steps(frame, at, end, words_from(book, PRICE), OFF_TICK)
    if ticks <= 0:
        return ticks if ticks < 0 else -NOT_PLAIN
    if price_end + 3 > end:
        return -NOT_PLAIN
    if (
        byte_at(frame, price_end) != QUOTE
        or byte_at(frame, price_end + 1) != COMMA
        or byte_at(frame, price_end + 2) != QUOTE
    ):
        return -NOT_PLAIN
    lots, size_end = read_steps(frame, price_end + 3, end, words_from(book, SIZE), OFF_LOT)
    if lots < 0:
        return lots
    pair[0] = ticks
    pair[1] = lots
    _learn(frame, at, price_end, size_end, book)
    return size_end


@inner
def _learn(frame: bytes, at: int, price_end: int, size_end: int, book: Words) -> None:
    """Take the level just read as the venue's habit, if the short way can read such numbers."""
    book[PRICE_PLACES] = 0
    before = 0
    while byte_at(frame, at + before) != POINT and at + before < price_end:
        before += 1
    places = price_end - at - before - 1
    size_places = 0
    while byte_at(frame, size_end - 1 - size_places) != POINT and size_places <= 8:  # noqa: PLR2004
        size_places += 1
    short = before < 8 and 0 < places <= 8 and 0 < size_places <= 8  # noqa: PLR2004
    if short and book[PRICE + DECIMALS] <= 8 and book[SIZE + DECIMALS] <= 8:  # noqa: PLR2004
        book[PRICE_WHOLE] = before
        book[PRICE_PLACES] = places
        book[SIZE_PLACES] = size_places
