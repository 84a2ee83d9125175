"""One depth frame, checked by its venue's rule, into the book, its features and its board row."""

from signald.core.kernels.features import crossing, mark_crossing, update_row, write_ticker
from signald.core.kernels.jit import inlined
from signald.core.kernels.ladder import apply_levels, drifted, settle
from signald.core.kernels.layout import (
    APART,
    ASK_SIDE,
    BEST,
    BID_SIDE,
    CROSSED_LIMIT,
    CROSSED_RUN,
    HELD,
    LAST,
    PHASE,
    PHASE_LIVE,
    ROW,
    ROW_ADDRESS,
    TICKER,
    TICKER_SEQUENCE,
    TICKER_TS,
)
from signald.core.kernels.machine import Words, words_at, words_from
from signald.core.kernels.outcomes import APPLIED, CROSSED, QUIET, TOUCHED, WENT_LIVE
from signald.core.kernels.publish import CELL_WORDS, write_row
from signald.core.kernels.rows import APPLIED as ROW_APPLIED
from signald.core.kernels.rows import FLAG_CROSSED, FLAGS, SEQUENCE, STATE, STATE_LIVE, TS_EVENT, TS_INGEST


@inlined
def commit_depth(
    book: Words, bid_pairs: Words, bids: int, ask_pairs: Words, asks: int, last: int, ts_event: int, now: int
) -> int:
    """Apply the changes of one frame to a book that is seeded or live.

    Args:
        book: The book.
        bid_pairs: Changes of the bids, (tick, lots).
        bids: How many.
        ask_pairs: Likewise of the asks.
        asks: How many.
        last: The venue's sequence after this frame.
        ts_event: The venue's time of it, ns.
        now: Our time of it, ns.

    Returns:
        APPLIED, WENT_LIVE or CROSSED.
    """
    settled = apply_levels(book, BID_SIDE, bid_pairs, bids)
    settled &= apply_levels(book, ASK_SIDE, ask_pairs, asks)
    if not settled or book[APART] != 0 or drifted(book):
        settle(book)
    return show_depth(book, last, ts_event, now)


@inlined
def show_depth(book: Words, last: int, ts_event: int, now: int) -> int:
    """What :func:`commit_depth` does once a frame's changes are in the book and its touch is found."""
    book[LAST] = last
    row = words_from(book, ROW)
    row[TS_EVENT] = ts_event
    row[TS_INGEST] = now
    row[SEQUENCE] = last
    row[ROW_APPLIED] += 1
    outcome = APPLIED
    if book[PHASE] != PHASE_LIVE:
        book[PHASE] = PHASE_LIVE
        row[STATE] = STATE_LIVE
        if book[TICKER_SEQUENCE] > last:
            write_ticker(book)
        outcome = WENT_LIVE
    update_row(book, now)
    row[FLAGS] = book[HELD]
    mark_crossing(book)
    if crossing(book[BEST], book[BEST + 1]) == FLAG_CROSSED:
        book[CROSSED_RUN] += 1
        if book[CROSSED_RUN] >= book[CROSSED_LIMIT]:
            outcome = CROSSED
    else:
        book[CROSSED_RUN] = 0
    write_row(words_at(book[ROW_ADDRESS], CELL_WORDS), row)
    return outcome


@inlined
def commit_ticker(book: Words, bid: int, ask: int, bid_lots: int, ask_lots: int, sequence: int, now: int) -> int:
    """Take a best bid and ask that the venue sends beside its depth.

    Returns:
        TOUCHED if the row shows it; QUIET if the depth is as new, or the book is not live: it is kept for then.
    """
    if sequence <= book[TICKER_SEQUENCE]:
        return QUIET
    book[TICKER_SEQUENCE] = sequence
    book[TICKER_TS] = now
    book[TICKER] = bid
    book[TICKER + 1] = ask
    book[TICKER + 2] = bid_lots
    book[TICKER + 3] = ask_lots
    if book[PHASE] != PHASE_LIVE or sequence <= book[LAST]:
        return QUIET
    write_ticker(book)
    mark_crossing(book)
    write_row(words_at(book[ROW_ADDRESS], CELL_WORDS), words_from(book, ROW))
    return TOUCHED
