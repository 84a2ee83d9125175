"""Levels outside the window: a hash table of (key, lots) pairs with linear probing, key = 2 * tick + side.

It doubles as it fills, up to 2^14 slots; then the half farthest from the touch is forgotten, and what is known of the
book ends there. Deleting shifts back what would no longer be found (Knuth, The Art of Computer Programming, 6.4,
algorithm R), so that no tombstones gather.
"""

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import (
    BASE,
    BID_SIDE,
    COUNT,
    EVICTED,
    KNOWN,
    NONE,
    OUTSIDE,
    OVERFLOW,
    RING,
    TABLE_WIDTH,
    TABLE_WIDTH_FIRST,
    TABLE_WIDTH_LAST,
)
from signald.core.kernels.machine import Words, scatter, words_from


@inlined
def table_of(book: Words) -> Words:
    """The table in use: one of 2^w slots begins 2^w slots into the room for all of them."""
    return words_from(book, OVERFLOW + (2 << book[TABLE_WIDTH]))


@inlined
def slots_of(book: Words) -> int:
    """How many slots the table in use has."""
    return 1 << book[TABLE_WIDTH]


@inner
def clear_overflow(book: Words) -> None:
    """Forget every level outside the window."""
    book[TABLE_WIDTH] = TABLE_WIDTH_FIRST
    book[OUTSIDE] = 0
    book[OUTSIDE + 1] = 0
    table = table_of(book)
    for i in range(2 * slots_of(book)):
        table[i] = 0


@inner
def set_outside(book: Words, side: int, tick: int, lots: int) -> int:
    """Set the size at ``tick``; returns the size before. Does not touch COUNT."""
    if lots == 0:
        return remove_outside(book, side, tick)
    key = 2 * tick + side
    table = table_of(book)
    slot = _find(table, book[TABLE_WIDTH], key)
    if table[2 * slot] == key:
        before = table[2 * slot + 1]
        table[2 * slot + 1] = lots
        return before
    table[2 * slot] = key
    table[2 * slot + 1] = lots
    book[OUTSIDE + side] += 1
    if 4 * (book[OUTSIDE] + book[OUTSIDE + 1]) > 3 * slots_of(book):
        if book[TABLE_WIDTH] < TABLE_WIDTH_LAST:
            _grow(book)
        else:
            _forget_farthest(book)
    return 0


@inner
def remove_outside(book: Words, side: int, tick: int) -> int:
    """Take the level at ``tick`` away; returns its size, 0 if there was none. Does not touch COUNT."""
    table = table_of(book)
    slot = _find(table, book[TABLE_WIDTH], 2 * tick + side)
    before = table[2 * slot + 1]
    if table[2 * slot] != 0:
        remove_slot(table, book[TABLE_WIDTH], slot)
        book[OUTSIDE + side] -= 1
    return before


@inner
def lots_outside(book: Words, side: int, tick: int) -> int:
    """The size at ``tick``, 0 if there is no such level outside the window."""
    table = table_of(book)
    return table[2 * _find(table, book[TABLE_WIDTH], 2 * tick + side) + 1]


@inner
def best_outside(book: Words, side: int) -> int:
    """The best tick of ``side`` outside the window, NONE if there is none."""
    best = NONE
    if book[OUTSIDE + side] > 0:
        table = table_of(book)
        for slot in range(slots_of(book)):
            key = table[2 * slot]
            if key != 0 and (key & 1) == side:
                tick = key >> 1
                if best == NONE or (tick > best if side == BID_SIDE else tick < best):
                    best = tick
    return best


@inner
def _find(table: Words, width: int, key: int) -> int:
    """The slot of ``key``, or the free one where it belongs."""
    mask = (1 << width) - 1
    slot = scatter(key, width)
    while table[2 * slot] != key and table[2 * slot] != 0:
        slot = (slot + 1) & mask
    return slot


@inner
def remove_slot(table: Words, width: int, slot: int) -> None:
    """Empty ``slot``, and close the hole it leaves in the chain of those behind it."""
    mask = (1 << width) - 1
    hole = slot
    probe = (hole + 1) & mask
    while table[2 * probe] != 0:
        home = scatter(table[2 * probe], width)
        if ((probe - home) & mask) >= ((probe - hole) & mask):
            table[2 * hole] = table[2 * probe]
            table[2 * hole + 1] = table[2 * probe + 1]
            hole = probe
        probe = (probe + 1) & mask
    table[2 * hole] = 0
    table[2 * hole + 1] = 0


@inner
def _grow(book: Words) -> None:
    """Move every level to a table of twice the slots."""
    old = table_of(book)
    old_slots = slots_of(book)
    book[TABLE_WIDTH] += 1
    table = table_of(book)
    for i in range(2 * slots_of(book)):
        table[i] = 0
    for slot in range(old_slots):
        if old[2 * slot] != 0:
            place = _find(table, book[TABLE_WIDTH], old[2 * slot])
            table[2 * place] = old[2 * slot]
            table[2 * place + 1] = old[2 * slot + 1]


@inner
def _forget_farthest(book: Words) -> None:
    """Forget the half of all levels that is farthest from the middle of the window, and mark how far we know."""
    middle = book[BASE] + RING // 2
    kept, reach = 0, _farthest(book, middle)
    wanted = slots_of(book) // 2
    while reach - kept > 1:  # more than wanted lie within reach, no more than that within kept
        between = kept + (reach - kept) // 2
        if _within(book, middle, between) > wanted:
            reach = between
        else:
            kept = between
    table = table_of(book)
    slot = 0
    while slot < slots_of(book):
        key = table[2 * slot]
        if key != 0 and abs((key >> 1) - middle) > kept:
            remove_slot(table, book[TABLE_WIDTH], slot)  # may bring another here
            book[OUTSIDE + (key & 1)] -= 1
            book[COUNT + (key & 1)] -= 1
            book[EVICTED] += 1
        else:
            slot += 1
    book[KNOWN] = max(book[KNOWN], middle - kept)
    book[KNOWN + 1] = min(book[KNOWN + 1], middle + kept)


@inner
def _farthest(book: Words, middle: int) -> int:
    """The largest distance from ``middle`` of any level outside the window, in ticks."""
    table = table_of(book)
    farthest = 0
    for slot in range(slots_of(book)):
        if table[2 * slot] != 0:
            farthest = max(farthest, abs((table[2 * slot] >> 1) - middle))
    return farthest


@inner
def _within(book: Words, middle: int, distance: int) -> int:
    """How many levels outside the window lie no more than ``distance`` ticks from ``middle``."""
    table = table_of(book)
    count = 0
    for slot in range(slots_of(book)):
        count += table[2 * slot] != 0 and abs((table[2 * slot] >> 1) - middle) <= distance
    return count
