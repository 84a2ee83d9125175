"""The money resting between two ticks, from sums over blocks of 64 ticks that are brought up to date when asked for.

Whatever way a book came to be what it is, the sums are the same to the last bit: a block's is made from its levels,
never from the changes, and blocks are added in the order of their ticks.
"""

from typing import Final

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, WORD_MASK, bits_of, changed_of, ring_of
from signald.core.kernels.layout import BASE, CHANGED_WORDS, MONEY, OUTSIDE, RING, RING_WORDS
from signald.core.kernels.machine import Words, bit, bits_from, bits_up_to, real, set_real, trailing_zeros
from signald.core.kernels.outside import money_outside

_LANES: Final = 4
"""Sums that are made side by side: an addition takes four cycles, but four can be under way."""


@inner
def money_between(book: Words, side: int, low: int, high: int) -> float:
    """The sum of tick * lots of the levels of one side from ``low`` to ``high``."""
    if low > high:
        return 0.0
    _update_blocks(book, side)
    base = book[BASE]
    beyond = book[OUTSIDE + side] > 0 and (low < base or high >= base + RING)
    money = money_outside(book, side, low, high) if beyond else 0.0
    low = max(low, base)
    high = min(high, base + RING - 1)
    first, last = low >> 6, high >> 6
    if first > last:
        return money
    if first == last:
        return money + _sum_block(book, side, first, bits_from(low) & bits_up_to(high))
    money += _sum_block(book, side, first, bits_from(low)) + _sum_block(book, side, last, bits_up_to(high))
    return money + _sum_blocks(book, side, first + 1, last)


@inlined
def _sum_blocks(book: Words, side: int, first: int, stop: int) -> float:
    """The sum of whole blocks, which are up to date."""
    start = MONEY + side * RING_WORDS
    a = b = c = d = 0.0
    at = first
    while at + _LANES <= stop:
        a += real(book, start + (at & WORD_MASK))
        b += real(book, start + ((at + 1) & WORD_MASK))
        c += real(book, start + ((at + 2) & WORD_MASK))
        d += real(book, start + ((at + 3) & WORD_MASK))
        at += _LANES
    while at < stop:
        a += real(book, start + (at & WORD_MASK))
        at += 1
    return (a + b) + (c + d)


@inner
def _sum_block(book: Words, side: int, at: int, mask: int) -> float:
    """The sum over the levels of block ``at`` (tick >> 6) that are in ``mask``."""
    ring = ring_of(book, side)
    word = bits_of(book, side)[at & WORD_MASK] & mask
    money = 0.0
    while word != 0:
        tick = (at << 6) + trailing_zeros(word)
        word ^= bit(tick)
        money += float(tick) * float(ring[tick & SLOT_MASK])
    return money


@inner
def _update_blocks(book: Words, side: int) -> None:
    """Sum every block anew that has changed."""
    changed = changed_of(book, side)
    first = book[BASE] >> 6
    for i in range(CHANGED_WORDS):
        word = changed[i]
        changed[i] = 0
        while word != 0:
            place = (i << 6) + trailing_zeros(word)
            word ^= bit(place)
            at = first + ((place - first) & WORD_MASK)
            set_real(book, MONEY + side * RING_WORDS + place, _sum_block(book, side, at, -1))
