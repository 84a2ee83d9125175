"""Kraken's frames into books: applied, cut to the depth, compared with their checksum, shown; reading.py reads them."""

from typing import Final

from signald.core.kernels.commit import show_depth
from signald.core.kernels.desk import CURRENT, ask_pairs, bid_pairs, current_book
from signald.core.kernels.jit import inlined, kernel
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, DEPTH_DUE, PHASE, PHASE_LIVE, PHASE_OFF
from signald.core.kernels.machine import WordArray, Words, length_of, words_held
from signald.core.kernels.members import (
    SEEN,
    SNAPSHOT,
    seen_bits,
)
from signald.core.kernels.outcomes import (
    APPLIED,
    MISMATCH,
    MISSING_FIELD,
    OTHER_KIND,
    QUIET,
    TOO_LARGE,
    VERIFY,
)
from signald.core.kernels.window import apply_settled, bound_window, replace_window, truncate
from signald.sources.venues.kraken.reading import (
    ASKS,
    BIDS,
    CHECKSUM,
    DATA,
    EVENT,
    PLACES,
    SYMBOL,
    TYPE,
    read_frame,
)
from signald.sources.venues.kraken.written import (
    COMPARED,
    DEPTH,
    FLAGS,
    PRICE_PLACES,
    SIZE_PLACES,
    UNKNOWN,
    WRITTEN,
    checksum_of,
)

_SAW_BOOK: Final = seen_bits(TYPE, SYMBOL, BIDS, ASKS, CHECKSUM)
_SAW_DATA: Final = seen_bits(DATA)
_SAW_EVENT: Final = seen_bits(EVENT)
_NS_PER_US: Final = 1_000
_LARGEST_CHECKSUM: Final = (1 << 32) - 1


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    desk[PLACES] = 0
    desk[PLACES + 1] = 0
    desk[EVENT] = 0
    at = read_frame(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if seen & _SAW_DATA == 0:
        return OTHER_KIND  # an acknowledgement
    if seen & _SAW_BOOK != _SAW_BOOK or (seen & _SAW_EVENT == 0 and desk[TYPE] != SNAPSHOT):
        return MISSING_FIELD
    if not 0 <= desk[CHECKSUM] <= _LARGEST_CHECKSUM:
        return TOO_LARGE
    book = current_book(desk)
    if desk[TYPE] == SNAPSHOT:
        return QUIET if book[PHASE] == PHASE_OFF else _replace(book, desk, now)
    return _change(book, desk, now) if book[PHASE] == PHASE_LIVE else QUIET


@inlined
def _replace(book: Words, desk: Words, now: int) -> int:
    """Begin with a snapshot; whoever is told that it is live compares its checksum, unless that is right already."""
    book[FLAGS] = 0
    book[PRICE_PLACES] = desk[PLACES]
    book[SIZE_PLACES] = desk[PLACES + 1]
    last, ts_event, depth = desk[EVENT] // _NS_PER_US, desk[EVENT], book[DEPTH]
    bids, asks = desk[BIDS], desk[ASKS]
    outcome = replace_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, depth, last, ts_event, now)
    if _is_uniform(book, desk) and checksum_of(book, bid_pairs(desk)) == desk[CHECKSUM]:
        book[FLAGS] = COMPARED
    return VERIFY if outcome == APPLIED else outcome


@inlined
def _change(book: Words, desk: Words, now: int) -> int:
    """Apply an update, cut both sides to the depth, compare the checksum; and only then show it."""
    bids, asks = bid_pairs(desk), ask_pairs(desk)
    apply_settled(book, bids, desk[BIDS], asks, desk[ASKS])
    truncate(book, BID_SIDE, book[DEPTH], bids)
    truncate(book, ASK_SIDE, book[DEPTH], asks)
    if now >= book[DEPTH_DUE]:
        bound_window(book, book[DEPTH])  # depth is measured with this frame
    known = UNKNOWN
    if book[FLAGS] & WRITTEN == 0 and _is_uniform(book, desk):
        known = checksum_of(book, bids)
        if known not in (UNKNOWN, desk[CHECKSUM]):
            return MISMATCH
    outcome = show_depth(book, desk[EVENT] // _NS_PER_US, desk[EVENT], now)
    return VERIFY if outcome == APPLIED and known == UNKNOWN else outcome


@inlined
def _is_uniform(book: Words, desk: Words) -> bool:
    """Whether all prices, and all sizes, have as many digits after the point as those before."""
    same = True
    for kind in range(2):
        before, here = book[PRICE_PLACES + kind], desk[PLACES + kind]
        if before == 0:
            book[PRICE_PLACES + kind] = here  # the snapshot had no level
            before = here
        same &= (here == 0) | (here == before)
        same &= before & (before - 1) == 0
    return same


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one frame: apply it to its book, and write the book's board row.

    Args:
        frame: The websocket's message.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. APPLIED, VERIFY, MISMATCH, WENT_LIVE and CROSSED have changed something.
    """
    return _take(frame, now, words_held(desk))
