"""Binance's frames into books: depth by the chain of its ids, the ticker beside it; reading.py reads them.

Spot and USD-M futures speak one dialect, except that futures chain their frames by `pu`.
"""

from typing import Final

from signald.core.kernels.commit import commit_depth, commit_ticker
from signald.core.kernels.desk import CURRENT, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import LARGEST
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.ladder import fill_levels
from signald.core.kernels.layout import CROSSED_RUN, KNOWN, LAST, NONE, PHASE, PHASE_SEEDED
from signald.core.kernels.machine import WordArray, Words, length_of, words_held
from signald.core.kernels.members import LATEST_MS, NS_PER_MS, SEEN, seen_bits
from signald.core.kernels.outcomes import (
    APPLIED,
    BAD_SEQUENCE,
    GAP,
    KEEP,
    MISSING_FIELD,
    OTHER_KIND,
    QUIET,
    TOO_LARGE,
)
from signald.sources.venues.binance.reading import (
    ASKS,
    BEFORE,
    BIDS,
    CHAINED,
    EVENT,
    FINAL,
    FIRST,
    KIND,
    KIND_DEPTH,
    KIND_UNSAID,
    SYMBOL,
    TICKER,
    read_envelope,
    read_snapshot,
)

_SAW_DEPTH: Final = seen_bits(KIND, SYMBOL, EVENT, FIRST, FINAL, BIDS, ASKS)
_SAW_BEFORE: Final = seen_bits(BEFORE)
_SAW_TICKER: Final = seen_bits(SYMBOL, FINAL, *range(TICKER, TICKER + 4))
_SAW_SNAPSHOT: Final = seen_bits(FINAL, BIDS, ASKS)


@inlined
def take(frame: bytes, now: int, desk: Words) -> int:
    """What :func:`apply_frame` does, for kernels."""
    desk[CURRENT] = 0
    desk[SEEN] = 0
    desk[KIND] = KIND_UNSAID
    at = read_envelope(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if desk[KIND] == KIND_DEPTH:
        return _take_depth(desk, seen, now)
    if seen & _SAW_TICKER == _SAW_TICKER:
        return _take_ticker(desk, now)
    return OTHER_KIND if desk[KIND] == KIND_UNSAID else MISSING_FIELD


@inlined
def _take_depth(desk: Words, seen: int, now: int) -> int:
    """Join a depth frame to its book.

    Spot: the first frame after the snapshot has U <= lastUpdateId + 1 <= u, each further one U = the last u + 1. Frames
    that overlap are taken: they carry sizes, not differences.

    Futures: frames of u < lastUpdateId are dropped, the first taken has pu <= lastUpdateId <= u, each further one
    pu = the last u. (Binance asks U <= lastUpdateId of the first, where nothing happened between pu and U.)
    """
    if seen & _SAW_DEPTH != _SAW_DEPTH or (desk[CHAINED] != 0 and seen & _SAW_BEFORE == 0):
        return MISSING_FIELD
    first, final = desk[FIRST], desk[FINAL]
    if first > final:
        return BAD_SEQUENCE
    if desk[EVENT] > LATEST_MS:
        return TOO_LARGE
    book = current_book(desk)
    phase = book[PHASE]
    if phase < PHASE_SEEDED:
        return KEEP
    last = book[LAST]
    if desk[CHAINED] != 0:
        if final < last or (final == last and phase != PHASE_SEEDED):
            return QUIET
        joined = desk[BEFORE] <= last if phase == PHASE_SEEDED else desk[BEFORE] == last
    else:
        if final <= last:
            return QUIET
        joined = first <= last + 1
    if not joined:
        return GAP
    ts_event = desk[EVENT] * NS_PER_MS
    return commit_depth(book, bid_pairs(desk), desk[BIDS], ask_pairs(desk), desk[ASKS], final, ts_event, now)


@inlined
def _take_ticker(desk: Words, now: int) -> int:
    bid, ask = desk[TICKER], desk[TICKER + 1]
    bid = bid if bid > 0 else NONE  # an empty side is sent as zeros
    ask = ask if ask > 0 else NONE
    return commit_ticker(current_book(desk), bid, ask, desk[TICKER + 2], desk[TICKER + 3], desk[FINAL], now)


@inner
def _known(pairs: Words, count: int, limit: int, complete: int) -> int:
    """The tick of a snapshot's worst level; ``complete`` if it holds fewer than were asked for."""
    return pairs[2 * (count - 1)] if count >= limit else complete


@kernel("i8(frame, i8, i8, held)")
def seed_book(body: bytes, address: int, limit: int, desk: WordArray) -> int:
    """Replace the levels of one book by a REST snapshot; frames must join it before it is live.

    Args:
        body: The answer's body.
        address: The book's.
        limit: Levels a side that were asked for: a side that has as many goes on beyond them.
        desk: The connection's.

    Returns:
        APPLIED, or why nothing was changed.
    """
    words = words_held(desk)
    words[SEEN] = 0
    words[CURRENT] = address
    at = read_snapshot(body, length_of(body), words)
    if at < 0:
        return -at
    if words[SEEN] != _SAW_SNAPSHOT:
        return MISSING_FIELD
    book = current_book(words)
    bids, asks = bid_pairs(words), ask_pairs(words)
    fill_levels(book, bids, words[BIDS], asks, words[ASKS])
    book[KNOWN] = _known(bids, words[BIDS], limit, 0)
    book[KNOWN + 1] = _known(asks, words[ASKS], limit, LARGEST)
    book[LAST] = words[FINAL]
    book[PHASE] = PHASE_SEEDED
    book[CROSSED_RUN] = 0
    return APPLIED


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one frame: apply it to its book, and write the book's board row.

    Args:
        frame: The websocket's message.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. Nothing is changed unless it is APPLIED, TOUCHED, WENT_LIVE or CROSSED.
    """
    return take(frame, now, words_held(desk))
