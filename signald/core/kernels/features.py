"""What a board row says of a book: touch and imbalance with every frame, depth and flow at a bounded cadence.

mid = (bid + ask) / 2; microprice = (bid * ask_size + ask * bid_size) / (bid_size + ask_size) (Gatheral & Oomen 2010);
imbalance = (bids - asks) / (bids + asks) of the sizes of ten levels a side; depth within n bps is the money resting
between the touch and mid * (1 ± n / 10^4). Undefined is NaN.
"""

import math
from typing import Final

from signald.core.kernels.flow import add_flow, flow_of
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, WORD_MASK, bits_of, ring_of
from signald.core.kernels.layout import (
    ASK_SIDE,
    BASE,
    BEST,
    BID_SIDE,
    COUNT,
    DEPTH_DUE,
    DEPTH_EVERY,
    KNOWN,
    LAST,
    NONE,
    OUTSIDE,
    PRICE_SCALE_REAL,
    PRICE_STEP_REAL,
    RING,
    RING_WORDS,
    ROW,
    SIZE_SCALE_REAL,
    SIZE_STEP_REAL,
    TICKER,
    TICKER_SEQUENCE,
    TICKER_TS,
    TOUCH,
)
from signald.core.kernels.machine import (
    Words,
    bit,
    bits_from,
    bits_up_to,
    leading_zeros,
    real,
    set_real,
    trailing_zeros,
)
from signald.core.kernels.money import money_between
from signald.core.kernels.outside import NEAR_LEVELS, near_anywhere
from signald.core.kernels.overflow import lots_outside
from signald.core.kernels.rows import (
    ASK,
    ASK_SIZE,
    BID,
    BID_DEPTH_5,
    BID_SIZE,
    FLAG_CROSSED,
    FLAG_LOCKED,
    FLAG_ONE_SIDED,
    FLAG_STALE,
    FLAG_UNSEQUENCED,
    FLAG_UNSUMMED,
    FLAGS,
    FLOW_1S,
    IMBALANCE,
    MICROPRICE,
    MID,
    SPREAD_BPS,
    TS_DEPTH,
    TS_TOUCH,
)
from signald.core.kernels.slippage import measure_slippage

BPS: Final = 1e4
BANDS: Final = 3
_OTHERS: Final = FLAG_STALE | FLAG_UNSEQUENCED | FLAG_UNSUMMED
"""Flags that say nothing of the touch."""


@inlined
def band_bps(band: int) -> float:
    """Width of depth band 0, 1, 2: within 5, 10, 25 basis points of mid."""
    if band == 0:
        return 5.0
    return 10.0 if band == 1 else 25.0


@inlined
def update_row(book: Words, now: int) -> None:
    """Bring the book's row up to date after a depth frame."""
    if book[TICKER_SEQUENCE] <= book[LAST]:
        bid, ask = book[BEST], book[BEST + 1]
        bid_lots = size_at(book, BID_SIDE, bid)
        ask_lots = size_at(book, ASK_SIDE, ask)
        write_touch(book, bid, ask, bid_lots, ask_lots, now)
    bids = _near(book, BID_SIDE)
    asks = _near(book, ASK_SIDE)
    set_real(book, ROW + IMBALANCE, (bids - asks) / (bids + asks) if bids + asks > 0 else math.nan)
    if now >= book[DEPTH_DUE]:
        measure(book, now)


@inlined
def write_ticker(book: Words) -> None:
    """Take the touch from the ticker."""
    write_touch(book, book[TICKER], book[TICKER + 1], book[TICKER + 2], book[TICKER + 3], book[TICKER_TS])


@inlined
def write_touch(book: Words, bid: int, ask: int, bid_lots: int, ask_lots: int, now: int) -> None:
    """Write a touch, in ticks and lots, NONE where a side is empty, and what follows from it."""
    add_flow(book, bid, ask, bid_lots, ask_lots, now)
    book[TOUCH] = bid
    book[TOUCH + 1] = ask
    book[TOUCH + 2] = bid_lots
    book[TOUCH + 3] = ask_lots
    book[ROW + TS_TOUCH] = now
    bid_price = _price(book, bid)
    ask_price = _price(book, ask)
    bid_size = _size(book, bid, bid_lots)
    ask_size = _size(book, ask, ask_lots)
    mid = (bid_price + ask_price) / 2.0
    weight = bid_size / (bid_size + ask_size) if bid_size + ask_size > 0.0 else math.nan
    micro = within(bid_price + (ask_price - bid_price) * weight, bid_price, ask_price)
    set_real(book, ROW + BID, bid_price)
    set_real(book, ROW + BID_SIZE, bid_size)
    set_real(book, ROW + ASK, ask_price)
    set_real(book, ROW + ASK_SIZE, ask_size)
    set_real(book, ROW + MID, mid)
    set_real(book, ROW + MICROPRICE, micro)
    set_real(book, ROW + SPREAD_BPS, (ask_price - bid_price) / mid * BPS)


@inlined
def within(number: float, one: float, other: float) -> float:
    """``number``, which rounding may have put beside what it lies between, put back; NaN stays NaN."""
    if number < min(one, other):
        return min(one, other)
    if number > max(one, other):
        return max(one, other)
    return number


@inlined
def mark_crossing(book: Words) -> None:
    """Flag a touch, the row's or the depth's own, that is crossed, locked or one-sided; keep what is no touch's."""
    flags = crossing(book[TOUCH], book[TOUCH + 1]) | crossing(book[BEST], book[BEST + 1])
    book[ROW + FLAGS] = (book[ROW + FLAGS] & _OTHERS) | flags


@inlined
def crossing(bid: int, ask: int) -> int:
    """The flags of a touch in ticks."""
    if NONE in (bid, ask):
        return FLAG_ONE_SIDED
    if bid > ask:
        return FLAG_CROSSED
    return FLAG_LOCKED if bid == ask else 0


@inlined
def size_at(book: Words, side: int, tick: int) -> int:
    """Lots at ``tick``, 0 for NONE."""
    if 0 <= tick - book[BASE] < RING:
        return ring_of(book, side)[tick & SLOT_MASK]
    return _size_outside(book, side, tick)


@inner
def _size_outside(book: Words, side: int, tick: int) -> int:
    return 0 if tick == NONE else lots_outside(book, side, tick)


@inlined
def _price(book: Words, tick: int) -> float:
    """The float nearest to the price, as reading its decimal text gives."""
    if tick == NONE:
        return math.nan
    return tick * real(book, PRICE_STEP_REAL) / real(book, PRICE_SCALE_REAL)


@inlined
def _size(book: Words, tick: int, lots: int) -> float:
    if tick == NONE:
        return math.nan
    return lots * real(book, SIZE_STEP_REAL) / real(book, SIZE_SCALE_REAL)


@inlined
def _near(book: Words, side: int) -> int:
    """Lots at the ten best levels."""
    tick = book[BEST + side]
    if not 0 <= tick - book[BASE] < RING:
        return near_anywhere(book, side)
    ring = ring_of(book, side)
    bits = bits_of(book, side)
    at = tick >> 6
    first = book[BASE] >> 6
    word = bits[at & WORD_MASK] & (bits_up_to(tick) if side == BID_SIDE else bits_from(tick))
    lots = 0
    for _ in range(min(NEAR_LEVELS, book[COUNT + side])):
        while word == 0:
            at += 1 if side == ASK_SIDE else -1
            if not first <= at < first + RING_WORDS:
                return near_anywhere(book, side) if book[OUTSIDE + side] > 0 else lots
            word = bits[at & WORD_MASK]
        place = 63 - leading_zeros(word) if side == BID_SIDE else trailing_zeros(word)
        word ^= bit(place)
        lots += ring[((at << 6) + place) & SLOT_MASK]
    return lots


@inner
def measure(book: Words, now: int) -> None:
    """Measure depth and flow, and say when to do so next."""
    book[DEPTH_DUE] = now + book[DEPTH_EVERY]
    book[ROW + TS_DEPTH] = now
    lots_to_size = real(book, SIZE_STEP_REAL) / real(book, SIZE_SCALE_REAL)
    to_money = real(book, PRICE_STEP_REAL) / real(book, PRICE_SCALE_REAL) * lots_to_size
    set_real(book, ROW + FLOW_1S, flow_of(book, now) * lots_to_size)
    measure_slippage(book, to_money)
    bid, ask = book[BEST], book[BEST + 1]
    mid = (bid + ask) / 2.0
    bids = 0.0
    asks = 0.0
    bid_end = bid
    ask_end = ask
    for band in range(BANDS):
        width = mid * band_bps(band) / BPS
        if NONE in (bid, ask):
            bids = math.nan
            asks = math.nan
        else:
            low = math.ceil(mid - width)
            high = math.floor(mid + width)
            bids += money_between(book, BID_SIDE, low, bid_end) if low >= book[KNOWN] else math.nan
            asks += money_between(book, ASK_SIDE, ask_end, high) if high <= book[KNOWN + 1] else math.nan
            bid_end = min(bid, low - 1)
            ask_end = max(ask, high + 1)
        set_real(book, ROW + BID_DEPTH_5 + 2 * band, bids * to_money)
        set_real(book, ROW + BID_DEPTH_5 + 2 * band + 1, asks * to_money)
