"""What filling an order of some US dollars costs beyond the touch: a walk over the ladder, at a bounded cadence.

Slippage is the distance of the average price from the best one, in basis points of mid. NaN: the book is not known, or
has not enough, as far as the order would reach.
"""

import math
from typing import Final

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, WORD_MASK, bits_of, inside, ring_of
from signald.core.kernels.layout import (
    ASK_SIDE,
    BASE,
    BEST,
    BID_SIDE,
    KNOWN,
    NONE,
    OUTSIDE,
    RING,
    RING_WORDS,
    ROW,
    SLIPPAGE_SIZES,
)
from signald.core.kernels.machine import (
    Words,
    bit,
    bits_from,
    bits_up_to,
    leading_zeros,
    real,
    set_real,
    trailing_zeros,
)
from signald.core.kernels.money import money_between
from signald.core.kernels.overflow import slots_of, table_of
from signald.core.kernels.rows import SLIPPAGE, SLIPPAGE_FIELDS, SLIPPAGES

_BPS: Final = 1e4


@inner
def measure_slippage(book: Words, to_money: float) -> None:
    """Write the slippage of every configured size to the row.

    Args:
        book: The book.
        to_money: Quote units, taken as US dollars, for one tick of one lot.
    """
    mid = (book[BEST] + book[BEST + 1]) / 2.0
    known = NONE not in (book[BEST], book[BEST + 1]) and mid > 0.0
    for size in range(SLIPPAGES):
        usd = real(book, SLIPPAGE_SIZES + size)
        at = ROW + SLIPPAGE + SLIPPAGE_FIELDS * size
        set_real(book, at, usd if usd > 0.0 else math.nan)
        for side in (BID_SIDE, ASK_SIDE):
            bps = math.nan
            if known and usd > 0.0:
                bps = abs(average_tick(book, side, usd / to_money) - book[BEST + side]) / mid * _BPS
            set_real(book, at + 1 + side, bps)


@inner
def average_tick(book: Words, side: int, money: float) -> float:
    """The average price, in ticks, of taking ``money`` (ticks times lots) off one side; NaN if that is not there.

    Whoever takes m of money fills all levels but the last, and so much of that as is left: the average is m over the
    lots filled.
    """
    left = money
    lots = 0.0
    tick = book[BEST + side]
    if tick == NONE:
        return math.nan
    if not inside(book, tick):
        return _average_anywhere(book, side, money)
    ring = ring_of(book, side)
    bits = bits_of(book, side)
    at = tick >> 6
    first = book[BASE] >> 6
    word = bits[at & WORD_MASK] & (bits_up_to(tick) if side == BID_SIDE else bits_from(tick))
    while True:
        while word == 0:
            at += 1 if side == ASK_SIDE else -1
            if not first <= at < first + RING_WORDS:
                return _average_anywhere(book, side, money) if book[OUTSIDE + side] > 0 else math.nan
            word = bits[at & WORD_MASK]
        place = 63 - leading_zeros(word) if side == BID_SIDE else trailing_zeros(word)
        word ^= bit(place)
        tick = (at << 6) + place
        if _beyond(book, side, tick):
            return math.nan
        resting = float(ring[tick & SLOT_MASK])
        if float(tick) * resting >= left:
            return money / (lots + left / float(tick))
        left -= float(tick) * resting
        lots += resting


@inlined
def _beyond(book: Words, side: int, tick: int) -> bool:
    """Whether ``tick`` lies where not every level is known."""
    return tick < book[KNOWN] if side == BID_SIDE else tick > book[KNOWN + 1]


@inner
def _average_anywhere(book: Words, side: int, money: float) -> float:
    """The same where the window is not enough: finds the last level by halving the ticks it may be at. Seldom."""
    best = book[BEST + side]
    sign = 1 if side == ASK_SIDE else -1
    near = 0
    far = _span(book, side)
    if far < 0 or _taken(book, side, best, best + sign * far) < money:
        return math.nan
    while near < far:
        middle = (near + far) >> 1
        if _taken(book, side, best, best + sign * middle) >= money:
            far = middle
        else:
            near = middle + 1
    last = best + sign * near
    over = _taken(book, side, best, last) - money
    return money / (_lots_between(book, side, min(best, last), max(best, last)) - over / float(last))


@inlined
def _taken(book: Words, side: int, best: int, last: int) -> float:
    return money_between(book, side, min(best, last), max(best, last))


@inner
def _span(book: Words, side: int) -> int:
    """How many ticks from the best the worst level lies, or the end of what is known; -1 if there is none."""
    best = book[BEST + side]
    base = book[BASE]
    farthest = max(abs(base - best), abs(base + RING - 1 - best))
    table = table_of(book)
    for slot in range(slots_of(book)):
        key = table[2 * slot]
        if key != 0 and (key & 1) == side:
            farthest = max(farthest, abs((key >> 1) - best))
    end = best - book[KNOWN] if side == BID_SIDE else book[KNOWN + 1] - best
    return min(farthest, end)


@inner
def _lots_between(book: Words, side: int, low: int, high: int) -> float:
    """All that rests from ``low`` to ``high``, in lots."""
    lots = 0.0
    table = table_of(book)
    for slot in range(slots_of(book)):
        key = table[2 * slot]
        if key != 0 and (key & 1) == side and low <= key >> 1 <= high:
            lots += float(table[2 * slot + 1])
    ring = ring_of(book, side)
    bits = bits_of(book, side)
    first = book[BASE] >> 6
    for at in range(max(low >> 6, first), min(high >> 6, first + RING_WORDS - 1) + 1):
        word = bits[at & WORD_MASK]
        while word != 0:
            tick = (at << 6) + trailing_zeros(word)
            word ^= bit(tick)
            if low <= tick <= high:
                lots += float(ring[tick & SLOT_MASK])
    return lots
