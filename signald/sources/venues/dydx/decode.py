"""dYdX's frames into books, by the number that each frame of any kind has; reading.py reads them."""

from typing import Final

from signald.core.kernels.commit import show_depth
from signald.core.kernels.counting import count_frame
from signald.core.kernels.desk import CURRENT, ask_pairs, bid_pairs, current_book
from signald.core.kernels.jit import inlined, kernel
from signald.core.kernels.layout import PHASE, PHASE_LIVE, PHASE_OFF
from signald.core.kernels.machine import WordArray, Words, length_of, words_from, words_held
from signald.core.kernels.members import (
    SEEN,
    seen_bits,
)
from signald.core.kernels.outcomes import APPLIED, MISSING_FIELD, OTHER_KIND, QUIET, UNKNOWN_SYMBOL
from signald.core.kernels.window import apply_settled, seed_levels
from signald.sources.venues.dydx.reading import (
    ASKS,
    BIDS,
    CHANNEL,
    CHANNEL_BOOKS,
    CONTENTS,
    NUMBER,
    PAIR,
    SAW_KIND,
    SYMBOL,
    TYPE,
    TYPE_OTHER,
    TYPE_SNAPSHOT,
    read_frame,
)
from signald.sources.venues.dydx.uncross import uncross

_SAW_BOOK: Final = seen_bits(CHANNEL, SYMBOL, CONTENTS)
_SAW_NUMBER: Final = seen_bits(NUMBER)


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    at = read_frame(frame, length_of(frame), desk)
    seen = desk[SEEN]
    if at < 0:
        if at == -UNKNOWN_SYMBOL and seen & _SAW_NUMBER != 0:
            return count_frame(desk, desk[NUMBER], UNKNOWN_SYMBOL)
        return -at
    if seen & SAW_KIND != SAW_KIND:
        return MISSING_FIELD
    is_book = desk[TYPE] != TYPE_OTHER and desk[CHANNEL] == CHANNEL_BOOKS
    if is_book and seen & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    counted = count_frame(desk, desk[NUMBER], APPLIED)
    if counted != APPLIED:
        return counted
    return _take_book(desk, now) if is_book else OTHER_KIND


@inlined
def _take_book(desk: Words, now: int) -> int:
    """Replace a book, or change one that is live; uncross it either way."""
    book = current_book(desk)
    bids, asks = bid_pairs(desk), ask_pairs(desk)
    if desk[TYPE] == TYPE_SNAPSHOT:
        if book[PHASE] == PHASE_OFF:
            return QUIET
        seed_levels(book, bids, desk[BIDS], asks, desk[ASKS])
    elif book[PHASE] != PHASE_LIVE:
        return QUIET  # from before the snapshot that was asked for
    else:
        apply_settled(book, bids, desk[BIDS], asks, desk[ASKS])
    uncross(book, bids, desk[BIDS], asks, desk[ASKS], words_from(desk, PAIR))
    return show_depth(book, desk[NUMBER], 0, now)


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one frame: count it, apply it to its book, and write the book's board row.

    Args:
        frame: The websocket's message.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. No book is changed unless it is APPLIED, WENT_LIVE or CROSSED.
    """
    return _take(frame, now, words_held(desk))
