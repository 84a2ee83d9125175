"""Features of levels outside the window: a walk over the whole overflow table, for books that are sparse or apart."""

from signald.core.kernels.jit import inner
from signald.core.kernels.layout import BID_SIDE, NEAR, NONE
from signald.core.kernels.machine import Words
from signald.core.kernels.overflow import slots_of, table_of


@inner
def near_outside(book: Words, side: int, behind: int, wanted: int) -> int:
    """Lots at the ``wanted`` (up to 10) best levels in the table that are worse than ``behind`` (NONE: at all).

    The best ticks found so far stand sorted in the words from NEAR, best first, their lots behind them.
    """
    table = table_of(book)
    sign = 1 - 2 * side
    found = 0
    for slot in range(slots_of(book)):
        key = table[2 * slot]
        rank = sign * (key >> 1)
        if key == 0 or (key & 1) != side or (behind != NONE and rank >= sign * behind):
            continue
        if found == wanted and rank <= book[NEAR + 2 * (found - 1)]:
            continue
        place = found if found < wanted else found - 1
        while place > 0 and book[NEAR + 2 * (place - 1)] < rank:
            book[NEAR + 2 * place] = book[NEAR + 2 * (place - 1)]
            book[NEAR + 2 * place + 1] = book[NEAR + 2 * (place - 1) + 1]
            place -= 1
        book[NEAR + 2 * place] = rank
        book[NEAR + 2 * place + 1] = table[2 * slot + 1]
        found = min(found + 1, wanted)
    lots = 0
    for i in range(found):
        lots += book[NEAR + 2 * i + 1]
    return lots


@inner
def depth_outside(book: Words, side: int, last: int) -> float:
    """Ticks times lots of the levels in the table up to ``last``, in the order of the table."""
    table = table_of(book)
    total = 0.0
    for slot in range(slots_of(book)):
        key = table[2 * slot]
        tick = key >> 1
        if key != 0 and (key & 1) == side and (tick >= last if side == BID_SIDE else tick <= last):
            total += float(tick) * float(table[2 * slot + 1])
    return total
