"""Coinbase's frames into books: `level2`, by the number that each frame of any channel has; reading.py reads them."""

from typing import Final

from signald.core.kernels.commit import commit_depth
from signald.core.kernels.counting import count_frame
from signald.core.kernels.desk import COUNTED, CURRENT, ask_pairs, bid_pairs, current_book
from signald.core.kernels.jit import inlined, kernel
from signald.core.kernels.layout import NONE, PHASE, PHASE_LIVE, PHASE_OFF
from signald.core.kernels.machine import WordArray, Words, length_of, words_held, words_of
from signald.core.kernels.members import (
    SEEN,
    SNAPSHOT,
    seen_bits,
)
from signald.core.kernels.outcomes import (
    APPLIED,
    MISSING_FIELD,
    OTHER_KIND,
    QUIET,
    UNKNOWN_SYMBOL,
)
from signald.core.kernels.window import replace_book
from signald.sources.venues.coinbase.reading import SAW_FRAME, read_frame, read_on
from signald.sources.venues.coinbase.words import (
    ASKS,
    BIDS,
    CHANNEL,
    CHANNEL_BOOK,
    EVENT,
    EVENTS,
    GOES_ON,
    LEAVE_AT,
    LEFT,
    LEFT_AT,
    NUMBER,
    SYMBOL,
    TAKEN,
    TYPE,
    UPDATES,
)

_SAW_BOOK: Final = seen_bits(EVENT, EVENTS, TYPE, SYMBOL, UPDATES)
_SAW_NUMBER: Final = seen_bits(NUMBER)
_SAW_GOES_ON: Final = seen_bits(GOES_ON)


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    desk[LEAVE_AT] = length_of(frame)
    at = read_frame(frame, length_of(frame), desk)
    seen = desk[SEEN]
    if seen & _SAW_GOES_ON == 0:
        desk[TAKEN] = NONE
    elif desk[TAKEN] != desk[NUMBER]:
        return QUIET  # of a frame that was refused, or came before
    if at < 0:
        if at == -UNKNOWN_SYMBOL and seen & _SAW_NUMBER != 0:
            return _count(desk, UNKNOWN_SYMBOL)
        return -at
    if seen & SAW_FRAME != SAW_FRAME:
        return MISSING_FIELD
    is_book = desk[CHANNEL] == CHANNEL_BOOK
    if is_book and seen & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    if seen & _SAW_GOES_ON == 0:
        counted = _count(desk, APPLIED)
        if counted != APPLIED:
            return counted
    return _take_book(desk, now) if is_book else OTHER_KIND


@inlined
def _count(desk: Words, outcome: int) -> int:
    """Count a frame by its first part; the others may be taken if it is new."""
    last = desk[COUNTED]
    counted = count_frame(desk, desk[NUMBER], outcome)
    if desk[COUNTED] != last:
        desk[TAKEN] = desk[NUMBER]
    return counted


@inlined
def _take_book(desk: Words, now: int) -> int:
    """Replace a book, or change one that is live."""
    book = current_book(desk)
    bids, asks = bid_pairs(desk), ask_pairs(desk)
    if desk[TYPE] == SNAPSHOT:
        if book[PHASE] == PHASE_OFF:
            return QUIET
        return replace_book(book, bids, desk[BIDS], asks, desk[ASKS], desk[NUMBER], desk[EVENT], now)
    if book[PHASE] != PHASE_LIVE:
        return QUIET  # from before the snapshot that was asked for
    return commit_depth(book, bids, desk[BIDS], asks, desk[ASKS], desk[NUMBER], desk[EVENT], now)


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


@kernel("i8(frame, i8, held)")
def read_slice(frame: bytes, size: int, desk: WordArray) -> int:
    """Read about ``size`` bytes more of a frame, from its beginning where LEFT_AT is 0; no book is changed.

    Returns:
        LEFT while there is more to read; APPLIED once a snapshot of a book of ours is read whole, its levels in the
        desk; QUIET if it is no snapshot; else what is wrong with it.
    """
    words = words_held(desk)
    end = length_of(frame)
    words[LEAVE_AT] = words[LEFT_AT] + size
    if words[LEFT_AT] == 0:
        words[CURRENT] = 0
        words[SEEN] = 0
        at = read_frame(frame, end, words)
    else:
        at = read_on(frame, end, words)
    if at == -LEFT and words[TYPE] != SNAPSHOT:
        return QUIET
    if at < 0:
        return -at
    if words[SEEN] & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    return APPLIED if words[TYPE] == SNAPSHOT else QUIET


@kernel("i8(i8, i8[::1])")
def take_snapshot(now: int, desk: WordArray) -> int:
    """Replace the book of a snapshot that :func:`read_slice` has read whole, and write its board row.

    Returns:
        WENT_LIVE or APPLIED; QUIET if the book waits for none.
    """
    return _take_book(words_of(desk), now)
