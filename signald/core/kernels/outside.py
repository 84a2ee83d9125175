"""Features for which the window is not enough, as the book is sparse or its sides are apart: walks over the table."""

from typing import Final

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, next_inside, next_worse, ring_of
from signald.core.kernels.layout import BASE, BID_SIDE, NEAR, NONE, RING
from signald.core.kernels.machine import Words
from signald.core.kernels.overflow import slots_of, table_of

NEAR_LEVELS: Final = 10


@inner
def near_anywhere(book: Words, side: int) -> int:
    """Lots at the ten best levels of one side, inside the window or not."""
    table = table_of(book)
    found = 0
    for slot in range(slots_of(book)):
        key = table[2 * slot]
        if key != 0 and (key & 1) == side:
            found = _insert(book, found, side, key >> 1, table[2 * slot + 1])
    tick = next_inside(book, side, book[BASE] + RING - 1 if side == BID_SIDE else book[BASE])
    for _ in range(NEAR_LEVELS):
        if tick == NONE:
            break
        found = _insert(book, found, side, tick, ring_of(book, side)[tick & SLOT_MASK])
        tick = next_worse(book, side, tick)
    lots = 0
    for i in range(found):
        lots += book[NEAR + 2 * i + 1]
    return lots


@inlined
def _insert(book: Words, found: int, side: int, tick: int, lots: int) -> int:
    """Put a level among the ``found`` best in the words from NEAR, if it belongs there; returns how many there are."""
    rank = tick if side == BID_SIDE else -tick
    if found == NEAR_LEVELS and rank <= book[NEAR + 2 * (found - 1)]:
        return found
    place = min(found, NEAR_LEVELS - 1)
    while place > 0 and book[NEAR + 2 * (place - 1)] < rank:
        book[NEAR + 2 * place] = book[NEAR + 2 * (place - 1)]
        book[NEAR + 2 * place + 1] = book[NEAR + 2 * (place - 1) + 1]
        place -= 1
    book[NEAR + 2 * place] = rank
    book[NEAR + 2 * place + 1] = lots
    return min(found + 1, NEAR_LEVELS)


@inner
def money_outside(book: Words, side: int, low: int, high: int) -> float:
    """The sum of tick * lots of the levels in the table from ``low`` to ``high``, in the table's order."""
    table = table_of(book)
    total = 0.0
    for slot in range(slots_of(book)):
        key = table[2 * slot]
        tick = key >> 1
        if key != 0 and (key & 1) == side and low <= tick <= high:
            total += float(tick) * float(table[2 * slot + 1])
    return total
