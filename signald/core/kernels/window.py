"""Books that a venue sends in band: a snapshot, then what changes among the best so many levels of each side.

The venue itself takes away what leaves those levels. So a side that has fewer is complete, and of one that has as many
nothing is known beyond its worst level, which moves with the market.
"""

from typing import Final

from signald.core.kernels.commit import commit_depth, show_depth
from signald.core.kernels.digits import LARGEST
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import WORD_MASK, apply_levels, bits_of, drifted, fill_levels, settle
from signald.core.kernels.layout import (
    APART,
    ASK_SIDE,
    BASE,
    BEST,
    BID_SIDE,
    COUNT,
    CROSSED_RUN,
    DEPTH_DUE,
    KNOWN,
    LAST,
    NONE,
    OUTSIDE,
    PHASE,
    PHASE_LIVE,
    PHASE_SEEDED,
    RING,
    RING_WORDS,
    TABLE_WIDTH_LAST,
    TICKER_SEQUENCE,
)
from signald.core.kernels.machine import Words, bit, bits_set, leading_zeros, trailing_zeros
from signald.core.kernels.overflow import slots_of, table_of

_MOST_FAR_LEVELS: Final = 1 << (TABLE_WIDTH_LAST - 1)
"""Levels beyond the window that a snapshot may bring: the table has room for half as many again."""


@inner
def replace_window(
    book: Words,
    bid_pairs: Words,
    bids: int,
    ask_pairs: Words,
    asks: int,
    limit: int,
    last: int,
    ts_event: int,
    now: int,
) -> int:
    """Replace a book by a snapshot of the best ``limit`` levels a side; the rest as :func:`commit_depth`.

    Returns:
        WENT_LIVE, or APPLIED if the book was live and so is refreshed.
    """
    if last < book[LAST]:
        book[TICKER_SEQUENCE] = 0  # the venue counts anew
    fill_levels(book, bid_pairs, bids, ask_pairs, asks)
    bound_window(book, limit)
    book[CROSSED_RUN] = 0
    if book[PHASE] != PHASE_LIVE:
        book[PHASE] = PHASE_SEEDED
    return show_depth(book, last, ts_event, now)


@inner
def replace_book(
    book: Words, bid_pairs: Words, bids: int, ask_pairs: Words, asks: int, last: int, ts_event: int, now: int
) -> int:
    """Replace a book by a snapshot of all its levels, in whatever order; the rest as :func:`replace_window`."""
    seed_levels(book, bid_pairs, bids, ask_pairs, asks)
    return show_depth(book, last, ts_event, now)


@inner
def seed_levels(book: Words, bid_pairs: Words, bids: int, ask_pairs: Words, asks: int) -> None:
    """Replace every level by those of a snapshot of all there are, in whatever order, before anything is shown."""
    _best_first(BID_SIDE, bid_pairs, bids)
    _best_first(ASK_SIDE, ask_pairs, asks)
    book[KNOWN] = 0
    book[KNOWN + 1] = LARGEST
    if bids + asks > _MOST_FAR_LEVELS and bids > 0 and asks > 0:
        middle = (bid_pairs[0] + ask_pairs[0]) >> 1
        reach = _reach(bid_pairs, bids, ask_pairs, asks, middle)
        book[KNOWN] = max(middle - reach, 0)
        book[KNOWN + 1] = middle + reach
        bids = _keep_near(bid_pairs, bids, middle, reach)
        asks = _keep_near(ask_pairs, asks, middle, reach)
    fill_levels(book, bid_pairs, bids, ask_pairs, asks)
    book[CROSSED_RUN] = 0
    if book[PHASE] != PHASE_LIVE:
        book[PHASE] = PHASE_SEEDED


@inlined
def _reach(bid_pairs: Words, bids: int, ask_pairs: Words, asks: int, middle: int) -> int:
    """A distance from ``middle`` beyond which so many levels lie that there would be no room for them, in ticks."""
    far = RING // 2
    kept, reach = far, far
    while _beyond(bid_pairs, bids, middle, reach) + _beyond(ask_pairs, asks, middle, reach) > 0:
        reach *= 2
    wanted = _beyond(bid_pairs, bids, middle, far) + _beyond(ask_pairs, asks, middle, far) - _MOST_FAR_LEVELS
    while reach - kept > 1:  # enough lie beyond kept, and perhaps beyond reach
        between = (kept + reach) >> 1
        if _beyond(bid_pairs, bids, middle, between) + _beyond(ask_pairs, asks, middle, between) >= wanted:
            kept = between
        else:
            reach = between
    return kept if wanted > 0 else LARGEST - middle


@inner
def _beyond(pairs: Words, count: int, middle: int, distance: int) -> int:
    """How many levels are farther from ``middle`` than so many ticks."""
    found = 0
    for i in range(count):
        found += int(abs(pairs[2 * i] - middle) > distance)
    return found


@inner
def _keep_near(pairs: Words, count: int, middle: int, reach: int) -> int:
    """Let those levels stand first, in their order, that are near enough; how many."""
    kept = 0
    for i in range(count):
        pairs[2 * kept] = pairs[2 * i]
        pairs[2 * kept + 1] = pairs[2 * i + 1]
        kept += int(abs(pairs[2 * kept] - middle) <= reach)
    return kept


@inlined
def _best_first(side: int, pairs: Words, count: int) -> None:
    """Let the best level stand where the window is taken from: first."""
    best = 0
    for i in range(1, count):
        better = pairs[2 * i] > pairs[2 * best] if side == BID_SIDE else pairs[2 * i] < pairs[2 * best]
        if better and pairs[2 * i + 1] > 0:
            best = i
    if count > 0:
        for word in range(2):
            kept = pairs[word]
            pairs[word] = pairs[2 * best + word]
            pairs[2 * best + word] = kept


@inner
def truncate(book: Words, side: int, limit: int, pair: Words) -> None:
    """Take away the worst levels of a side that has more than ``limit``; ``pair`` is two words of scratch."""
    pair[1] = 0
    while book[COUNT + side] > limit and book[OUTSIDE + side] > 0:
        pair[0] = _worst(book, side)
        apply_levels(book, side, pair, 1)
    if book[COUNT + side] <= limit:
        return
    bits = bits_of(book, side)
    at = book[BEST + side] >> 6
    kept = 0
    while book[COUNT + side] > limit:
        word = bits[at & WORD_MASK]
        over = kept + bits_set(word) - limit
        kept += bits_set(word) - max(over, 0)
        for _ in range(over):
            worst = trailing_zeros(word) if side == BID_SIDE else 63 - leading_zeros(word)
            word ^= bit(worst)
            pair[0] = (at << 6) + worst
            apply_levels(book, side, pair, 1)
        at += 1 if side == ASK_SIDE else -1


@inner
def apply_settled(book: Words, bid_pairs: Words, bids: int, ask_pairs: Words, asks: int) -> None:
    """Apply changes of both sides, and find the touch, before anything is shown of it."""
    settled = apply_levels(book, BID_SIDE, bid_pairs, bids)
    settled &= apply_levels(book, ASK_SIDE, ask_pairs, asks)
    if not settled or book[APART] != 0 or drifted(book):
        settle(book)


@inner
def commit_window(
    book: Words,
    bid_pairs: Words,
    bids: int,
    ask_pairs: Words,
    asks: int,
    limit: int,
    last: int,
    ts_event: int,
    now: int,
) -> int:
    """Apply changes to a live book of the best ``limit`` levels a side; the rest as :func:`commit_depth`."""
    if now >= book[DEPTH_DUE]:  # depth is measured with this frame, and how far it is known must be right for it
        apply_settled(book, bid_pairs, bids, ask_pairs, asks)
        bound_window(book, limit)
        return show_depth(book, last, ts_event, now)
    return commit_depth(book, bid_pairs, bids, ask_pairs, asks, last, ts_event, now)


@inner
def bound_window(book: Words, limit: int) -> None:
    """Say how far each side is known."""
    book[KNOWN] = _worst(book, BID_SIDE) if book[COUNT] >= limit else 0
    book[KNOWN + 1] = _worst(book, ASK_SIDE) if book[COUNT + 1] >= limit else LARGEST


@inner
def _worst(book: Words, side: int) -> int:
    """The tick of a side's worst level; NONE if it is empty."""
    worst = _worst_inside(book, side)
    if book[OUTSIDE + side] > 0:
        table = table_of(book)
        for slot in range(slots_of(book)):
            key = table[2 * slot]
            tick = key >> 1
            if key != 0 and (key & 1) == side:
                worse = tick < worst if side == BID_SIDE else tick > worst
                worst = tick if worse or worst == NONE else worst
    return worst


@inner
def _worst_inside(book: Words, side: int) -> int:
    bits = bits_of(book, side)
    first = book[BASE] >> 6
    for i in range(RING_WORDS):
        at = first + i if side == BID_SIDE else first + RING_WORDS - 1 - i
        word = bits[at & WORD_MASK]
        if word != 0:
            return (at << 6) + (trailing_zeros(word) if side == BID_SIDE else 63 - leading_zeros(word))
    return NONE
