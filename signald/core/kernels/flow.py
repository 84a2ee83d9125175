"""Order-flow imbalance over one second, from changes of the touch (Cont, Kukanov & Stoikov 2014, equation 2).

A change from (b, q, a, r), prices and sizes of bid and ask, to (b', q', a', r') counts
``q' [b' >= b] - q [b' <= b] - r' [a' <= a] + r [a' >= a]`` lots. They are summed in tenths of a second of
``ts_ingest``; the second is the tenth that runs and the nine before. The sums are floats: whatever sizes a venue sends,
they lose digits rather than their sign.
"""

from typing import Final

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import FLOW, NONE, TOUCH
from signald.core.kernels.machine import Words, real, set_real

TENTHS: Final = 10
TENTH_NS: Final = 100_000_000
_CURRENT: Final = FLOW + TENTHS  # number, since the epoch, of the tenth that runs
_END: Final = FLOW + TENTHS + 1  # when it ends, ns
_PLACE: Final = FLOW + TENTHS + 2  # the word of its sum


@inlined
def add_flow(book: Words, bid: int, ask: int, bid_lots: int, ask_lots: int, now: int) -> None:
    """Count the change from the touch in ``book`` to this one; nothing if either has an empty side."""
    if now >= book[_END]:
        _begin(book, now)
    bid_before, ask_before = book[TOUCH], book[TOUCH + 1]
    if NONE in (bid, ask, bid_before, ask_before):
        return
    change = 0
    if bid >= bid_before:
        change += bid_lots
    if bid <= bid_before:
        change -= book[TOUCH + 2]
    if ask <= ask_before:
        change -= ask_lots
    if ask >= ask_before:
        change += book[TOUCH + 3]
    set_real(book, book[_PLACE], real(book, book[_PLACE]) + change)


@inner
def _begin(book: Words, now: int) -> None:
    """Begin a tenth, and forget those that are more than a second old by now."""
    tenth = now // TENTH_NS
    for old in range(max(book[_CURRENT] + 1, tenth - TENTHS + 1), tenth + 1):
        book[FLOW + old % TENTHS] = 0  # of floats, too, no bit is set in zero
    book[_CURRENT] = tenth
    book[_END] = (tenth + 1) * TENTH_NS
    book[_PLACE] = FLOW + tenth % TENTHS


@inner
def flow_of(book: Words, now: int) -> float:
    """Lots of the last second."""
    if now >= book[_END]:
        _begin(book, now)
    total = 0.0
    for i in range(TENTHS):
        total += real(book, FLOW + i)
    return total
