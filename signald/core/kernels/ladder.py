"""The levels of one book: sizes at the 2^16 ticks around the touch, and a table of those farther out.

Slot of a tick is the tick modulo 2^16, so the window moves without moving what stays in it. A bit for each slot that is
taken finds the next level in a few steps. The two sides are apart: a venue may say that a tick is bid before it says
that it is no longer asked.
"""

from typing import Final

from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.layout import (
    APART,
    ASK_SIDE,
    BASE,
    BEST,
    BID_SIDE,
    BITS,
    CHANGED,
    CHANGED_WORDS,
    COUNT,
    NONE,
    OUTSIDE,
    RING,
    RING_WORDS,
    RINGS,
    SIDES,
    TABLE_WIDTH,
)
from signald.core.kernels.machine import (
    WordArray,
    Words,
    bit,
    bits_from,
    bits_up_to,
    leading_zeros,
    trailing_zeros,
    words_from,
    words_of,
)
from signald.core.kernels.overflow import (
    best_outside,
    clear_overflow,
    remove_slot,
    set_outside,
    slots_of,
    table_of,
)

SLOT_MASK: Final = RING - 1
WORD_MASK: Final = RING_WORDS - 1
_FARTHEST_DRIFT: Final = RING // 4
_SMALLEST_MOVE: Final = RING // 8
_WORST: Final = -(1 << 62)


@inlined
def ring_of(book: Words, side: int) -> Words:
    """The sizes of one side within the window."""
    return words_from(book, RINGS + side * RING)


@inlined
def bits_of(book: Words, side: int) -> Words:
    """A bit for each slot of one side that is taken."""
    return words_from(book, BITS + side * RING_WORDS)


@inlined
def changed_of(book: Words, side: int) -> Words:
    """A bit for each block of 64 slots of one side whose money is out of date."""
    return words_from(book, CHANGED + side * CHANGED_WORDS)


@inlined
def inside(book: Words, tick: int) -> bool:
    """Whether ``tick`` lies within the window."""
    return 0 <= tick - book[BASE] < RING


@inlined
def apply_levels(book: Words, side: int, pairs: Words, count: int) -> bool:
    """Set the sizes of ``count`` (tick, lots) pairs, in order; 0 lots take a level away.

    Returns:
        Whether BEST is right. If not, :func:`settle` must follow.
    """
    base = book[BASE]
    ring = ring_of(book, side)
    bits = bits_of(book, side)
    changed = changed_of(book, side)
    sign = 1 - 2 * side  # the better price is the greater one, times sign
    reach = sign * book[BEST + side] if book[BEST + side] != NONE else _WORST
    added = 0
    for i in range(count):
        tick = pairs[2 * i]
        lots = pairs[2 * i + 1]
        if 0 <= tick - base < RING:
            slot = tick & SLOT_MASK
            before = ring[slot]
            ring[slot] = lots
            word = bits[slot >> 6]
            bits[slot >> 6] = (word | bit(slot)) if lots != 0 else (word & ~bit(slot))
            changed[slot >> 12] |= bit(slot >> 6)
        else:
            before = set_outside(book, side, tick, lots)
        added += int(lots != 0) - int(before != 0)
        if lots != 0:
            reach = max(reach, sign * tick)
    book[COUNT + side] += added
    if reach == _WORST:
        return True
    tick = sign * reach
    if not 0 <= tick - base < RING:
        return False
    book[BEST + side] = tick if ring[tick & SLOT_MASK] != 0 else next_inside(book, side, tick)
    return book[BEST + side] != NONE or book[COUNT + side] == 0


@inlined
def next_inside(book: Words, side: int, tick: int) -> int:
    """The best level within the window that is at ``tick`` (inside) or worse, NONE if there is none."""
    bits = bits_of(book, side)
    at = tick >> 6
    first = book[BASE] >> 6
    if side == BID_SIDE:
        word = bits[at & WORD_MASK] & bits_up_to(tick)
        while word == 0:
            at -= 1
            if at < first:
                return NONE
            word = bits[at & WORD_MASK]
        return (at << 6) + 63 - leading_zeros(word)
    word = bits[at & WORD_MASK] & bits_from(tick)
    while word == 0:
        at += 1
        if at >= first + RING_WORDS:
            return NONE
        word = bits[at & WORD_MASK]
    return (at << 6) + trailing_zeros(word)


@inlined
def next_worse(book: Words, side: int, tick: int) -> int:
    """The next level within the window that is worse than ``tick`` (inside), NONE if there is none."""
    worse = tick - 1 if side == BID_SIDE else tick + 1
    return next_inside(book, side, worse) if inside(book, worse) else NONE


@inlined
def drifted(book: Words) -> bool:
    """Whether the touch is so far from the middle of the window that :func:`settle` should move it."""
    drift = _wanted_base(book[BEST], book[BEST + 1], book[BASE]) - book[BASE]
    return not -_FARTHEST_DRIFT <= drift <= _FARTHEST_DRIFT


@inlined
def _wanted_base(bid: int, ask: int, base: int) -> int:
    """The base that puts the touch in the middle of the window."""
    if NONE not in (bid, ask):
        middle = (bid + ask) >> 1
    elif bid != NONE:
        middle = bid
    elif ask != NONE:
        middle = ask
    else:
        return base
    return max(0, middle - RING // 2) & ~63


@inner
def settle(book: Words) -> None:
    """Find both bests wherever they are, and move the window to them if they have left its middle."""
    for side in range(SIDES):
        book[BEST + side] = _best_anywhere(book, side)
    bid, ask = book[BEST], book[BEST + 1]
    base = _wanted_base(bid, ask, book[BASE])
    left = (bid != NONE and not inside(book, bid)) or (ask != NONE and not inside(book, ask))
    if left or abs(base - book[BASE]) > _SMALLEST_MOVE:
        _move_window(book, base)
    apart = (bid != NONE and not inside(book, bid)) or (ask != NONE and not inside(book, ask))
    book[APART] = 1 if apart else 0


@inner
def _best_anywhere(book: Words, side: int) -> int:
    inner_end = book[BASE] + RING - 1 if side == BID_SIDE else book[BASE]
    here = next_inside(book, side, inner_end)
    there = best_outside(book, side)
    if NONE in (here, there):
        return max(here, there)
    return max(here, there) if side == BID_SIDE else min(here, there)


@inner
def _move_window(book: Words, base: int) -> None:
    """Let the window begin at ``base``: levels that leave it go to the table, others come out of it."""
    old = book[BASE]
    if base == old:
        return
    book[BASE] = base
    if base > old:
        first, last = old >> 6, min(base, old + RING) >> 6
    else:
        first, last = max(base + RING, old) >> 6, (old + RING) >> 6
    for side in range(SIDES):
        ring = ring_of(book, side)
        bits = bits_of(book, side)
        for at in range(first, last):
            word = bits[at & WORD_MASK]
            bits[at & WORD_MASK] = 0
            changed_of(book, side)[(at & WORD_MASK) >> 6] |= bit(at)
            while word != 0:
                tick = (at << 6) + trailing_zeros(word)
                word ^= bit(tick)
                set_outside(book, side, tick, ring[tick & SLOT_MASK])
                ring[tick & SLOT_MASK] = 0
    _take_inside(book)


@inner
def _take_inside(book: Words) -> None:
    """Move every level that lies within the window out of the table."""
    table = table_of(book)
    slot = 0
    while slot < slots_of(book):
        key = table[2 * slot]
        if key != 0 and inside(book, key >> 1):
            side = key & 1
            tick = key >> 1
            ring_of(book, side)[tick & SLOT_MASK] = table[2 * slot + 1]
            bits_of(book, side)[(tick & SLOT_MASK) >> 6] |= bit(tick)
            changed_of(book, side)[(tick & SLOT_MASK) >> 12] |= bit(tick >> 6)
            remove_slot(table, book[TABLE_WIDTH], slot)  # may bring another here
            book[OUTSIDE + side] -= 1
        else:
            slot += 1


@inner
def clear_levels(book: Words) -> None:
    """Take every level away."""
    for side in range(SIDES):
        ring = ring_of(book, side)
        bits = bits_of(book, side)
        for at in range(RING_WORDS):
            word = bits[at]
            bits[at] = 0
            while word != 0:
                slot = (at << 6) + trailing_zeros(word)
                word ^= bit(slot)
                ring[slot] = 0
        for at in range(CHANGED_WORDS):
            changed_of(book, side)[at] = -1
        book[BEST + side] = NONE
        book[COUNT + side] = 0
    book[APART] = 0
    clear_overflow(book)


@inner
def fill_levels(book: Words, bid_pairs: Words, bids: int, ask_pairs: Words, asks: int) -> None:
    """Replace every level by these (tick, lots) pairs, each side best first."""
    clear_levels(book)
    bid = bid_pairs[0] if bids > 0 else NONE
    ask = ask_pairs[0] if asks > 0 else NONE
    book[BASE] = _wanted_base(bid, ask, 0)
    settled = apply_levels(book, BID_SIDE, bid_pairs, bids)
    settled &= apply_levels(book, ASK_SIDE, ask_pairs, asks)
    if not settled:
        settle(book)


@kernel("void(i8[::1], i8[::1], i8, i8)")
def refill(book: WordArray, pairs: WordArray, bids: int, asks: int) -> None:
    """Replace every level of ``book`` by ``bids`` (tick, lots) pairs and the ``asks`` pairs behind them."""
    fill_levels(words_of(book), words_of(pairs), bids, words_from(words_of(pairs), 2 * bids), asks)
