"""OKX's frames into books: `books` by the chain of its ids, `bbo-tbt` beside it; reading.py reads them."""

from typing import Final

from signald.core.kernels.commit import commit_ticker
from signald.core.kernels.desk import CURRENT, ask_pairs, bid_pairs, current_book
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.layout import LAST, NONE, PHASE, PHASE_LIVE, PHASE_OFF, TICKER_SEQUENCE, VENUE
from signald.core.kernels.machine import WordArray, Words, length_of, words_held
from signald.core.kernels.members import (
    LATEST_MS,
    NS_PER_MS,
    SEEN,
    SNAPSHOT,
    seen_bits,
)
from signald.core.kernels.outcomes import (
    APPLIED,
    BAD_SEQUENCE,
    GAP,
    MISSING_FIELD,
    OTHER_KIND,
    QUIET,
    TOO_LARGE,
    TOO_MANY,
    VERIFY,
)
from signald.core.kernels.window import commit_window, replace_window
from signald.sources.venues.okx.reading import (
    ACTION,
    ASKS,
    BEFORE,
    BIDS,
    CHANNEL,
    CHANNEL_TOUCH,
    CHECKSUM,
    DATA,
    EVENT,
    FINAL,
    SYMBOL,
    read_frame,
)
from signald.sources.venues.okx.written import checksum_of

DEPTH: Final = 400
CHAINED: Final = 1  # it has a seqId, so every update must join its predecessor
WRITTEN: Final = 2  # it is kept as text besides, for it has needless digits
_CHECKSUM_BITS: Final = 0xFFFF_FFFF
_SAW_BOOK: Final = seen_bits(SYMBOL, ACTION, EVENT, BIDS, ASKS)
_SAW_TOUCH: Final = seen_bits(SYMBOL, FINAL, BIDS, ASKS)
_SAW_CHAIN: Final = seen_bits(FINAL, BEFORE)
_SAW_FINAL: Final = seen_bits(FINAL)
_SAW_DATA: Final = seen_bits(DATA)


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    at = read_frame(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if seen & _SAW_DATA == 0:
        return OTHER_KIND  # an acknowledgement, an error, a notice
    if seen & _SAW_FINAL != 0 and desk[FINAL] < 0:
        return BAD_SEQUENCE
    if desk[CHANNEL] == CHANNEL_TOUCH:
        return _take_touch(desk, seen, now)
    if seen & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    if desk[EVENT] > LATEST_MS:
        return TOO_LARGE
    return _take_book(desk, seen, now)


@inlined
def _take_book(desk: Words, seen: int, now: int) -> int:
    """Join a frame of `books` to its book.

    A snapshot replaces the book at any time. Each update's prevSeqId is the seqId before it; one that brings the last
    seqId again is a repetition. seqId may step back (maintenance): the chain holds through that. An update without
    levels and with equal ids says that nothing happened. Frames of 2021 and 2022 have no ids; only their checksum tells
    that none is missing, and they are put in order by their time.
    """
    book = current_book(desk)
    phase = book[PHASE]
    sequenced = seen & _SAW_FINAL != 0
    last = desk[FINAL] if sequenced else desk[EVENT]
    bids, asks = desk[BIDS], desk[ASKS]
    ts_event = desk[EVENT] * NS_PER_MS
    if desk[ACTION] == SNAPSHOT:
        return QUIET if phase == PHASE_OFF else _replace(book, desk, sequenced, last, now)
    if phase != PHASE_LIVE:
        return QUIET  # from before the snapshot that was asked for
    if book[VENUE] & CHAINED == 0:
        if last < book[LAST] or sequenced:
            return GAP
    else:
        if seen & _SAW_CHAIN != _SAW_CHAIN:
            return MISSING_FIELD
        if desk[BEFORE] != book[LAST]:
            return QUIET if last == book[LAST] else GAP
        if last < book[LAST]:
            book[TICKER_SEQUENCE] = 0
    outcome = commit_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, DEPTH, last, ts_event, now)
    concerned = (desk[CHECKSUM] != 0) | (book[VENUE] & WRITTEN != 0)
    return _verified(book, desk, outcome) if concerned else outcome


@inlined
def _replace(book: Words, desk: Words, sequenced: bool, last: int, now: int) -> int:  # noqa: FBT001
    """Replace a book by a snapshot, whose checksum is for whoever is told of it to compare."""
    book[VENUE] = CHAINED if sequenced else 0
    bids, asks, ts_event = desk[BIDS], desk[ASKS], desk[EVENT] * NS_PER_MS
    outcome = replace_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, DEPTH, last, ts_event, now)
    return VERIFY if outcome == APPLIED and desk[CHECKSUM] != 0 else outcome


@inner
def _verified(book: Words, desk: Words, outcome: int) -> int:
    """``outcome``, or VERIFY if the frame's checksum must be compared in the very digits that were sent."""
    if outcome != APPLIED:
        return outcome
    if book[VENUE] & WRITTEN != 0:
        return VERIFY
    wanted = desk[CHECKSUM]
    return APPLIED if wanted == 0 or checksum_of(book, bid_pairs(desk)) == wanted & _CHECKSUM_BITS else VERIFY


@inlined
def _take_touch(desk: Words, seen: int, now: int) -> int:
    """Take the best level of each side, which is all that `bbo-tbt` brings; its seqId counts what the books' counts."""
    if seen & _SAW_TOUCH != _SAW_TOUCH:
        return MISSING_FIELD
    if desk[BIDS] > 1 or desk[ASKS] > 1:
        return TOO_MANY
    bids, asks = bid_pairs(desk), ask_pairs(desk)
    bid = bids[0] if desk[BIDS] > 0 and bids[1] > 0 else NONE
    ask = asks[0] if desk[ASKS] > 0 and asks[1] > 0 else NONE
    bid_lots = bids[1] if bid != NONE else 0
    ask_lots = asks[1] if ask != NONE else 0
    return commit_ticker(current_book(desk), bid, ask, bid_lots, ask_lots, desk[FINAL], now)


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one frame: apply it to its book, and write the book's board row.

    Args:
        frame: The websocket's message.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. APPLIED, VERIFY, TOUCHED, WENT_LIVE and CROSSED have changed something.
    """
    return _take(frame, now, words_held(desk))
