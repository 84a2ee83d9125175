"""The text that Kraken's checksums are made of, written again from a book's numbers.

The best ten asks, then the best ten bids, best first: of each the digits of its price and of its size, without point
and leading zeros. How many digits stand after a point is the same for all of a book's prices, and for all its sizes.
"""

from typing import Final

from signald.core.kernels.digits import LARGEST, POWERS
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, next_worse, ring_of
from signald.core.kernels.layout import APART, ASK_SIDE, BEST, BID_SIDE, COUNT, DECIMALS, NONE, PRICE, SIZE, STEP, VENUE
from signald.core.kernels.machine import Words, trailing_zeros
from signald.core.kernels.text import crc32, write_whole

LEVELS: Final = 10
UNKNOWN: Final = -1
"""No checksum: a level that it needs lies outside the window, or a number is too long."""

# What a book's VENUE words say, of the snapshot it began with.
FLAGS: Final = VENUE
PRICE_PLACES: Final = VENUE + 1  # a bit for each number of digits after the point of its prices
SIZE_PLACES: Final = VENUE + 2  # likewise of its sizes
DEPTH: Final = VENUE + 3  # levels a side

WRITTEN: Final = 1  # FLAGS: it is kept as text besides, for its digits vary
COMPARED: Final = 2  # FLAGS: its snapshot's checksum is right

_LARGEST_SCALE: Final = 18


@inner
def checksum_of(book: Words, text: Words) -> int:
    """The checksum of a book, or UNKNOWN; ``text`` is room for 1,024 bytes."""
    if book[APART] != 0:
        return UNKNOWN
    at = _write_side(book, ASK_SIDE, text, 0)
    if at >= 0:
        at = _write_side(book, BID_SIDE, text, at)
    return crc32(text, at) if at >= 0 else UNKNOWN


@inlined
def _write_side(book: Words, side: int, text: Words, at: int) -> int:
    tick = book[BEST + side]
    price_shift = trailing_zeros(book[PRICE_PLACES]) - book[PRICE + DECIMALS]
    size_shift = trailing_zeros(book[SIZE_PLACES]) - book[SIZE + DECIMALS]
    for number in range(min(book[COUNT + side], LEVELS)):
        if number > 0:
            tick = next_worse(book, side, tick)
        if tick == NONE:
            return UNKNOWN
        price = _shifted(tick * book[PRICE + STEP], price_shift)
        size = _shifted(ring_of(book, side)[tick & SLOT_MASK] * book[SIZE + STEP], size_shift)
        if price < 0 or size < 0:
            return UNKNOWN
        at = write_whole(text, at, price)
        at = write_whole(text, at, size)
    return at


@inlined
def _shifted(units: int, places: int) -> int:
    """``units`` with so many more digits, or fewer, which are zeros then; -1 if that is too long."""
    if places > _LARGEST_SCALE - 2 or places < 2 - _LARGEST_SCALE:
        return -1
    if places >= 0:
        return units * POWERS[places] if units <= LARGEST // POWERS[places] else -1
    return units // POWERS[-places]
