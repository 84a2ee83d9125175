"""One dollar row out of the rows of many venues, such that no single venue decides what it says.

A book's weight is the root of its depth, less for age and for spread: sqrt(depth) 0.5^(age / 5 s) / (1 + spread_bps).
Ages are behind the newest of all, and halving leaves the others' weights in proportion whoever is the newest.
No venue's share is above :data:`.shares.CAP`, however it came by it. The price is the mean of the venues'
microprices over the middle of those shares, from four venues on the midmean (Huber & Ronchetti 2009, "Robust
Statistics", chapter 3): what one venue holds is never enough to reach beyond the middle, wherever its price lies.

By how far it could: a venue that vanishes, or comes back with another price, moves all shares by at most its cap. So
the price stays between the means of the lower and of the upper shares of the same width, and bid and ask are set as far
away as the farther one of these, and half a usual spread more. **The row's spread says how far one venue, dead or
lying, can move it.** It takes three venues; of two that disagree nobody can say which one lies.
"""

import math
from typing import Final

from signald.core.composite.ladder import write_ladder
from signald.core.composite.shares import (
    BANDS,
    BASIS,
    CAP,
    DEPTH,
    FARTHEST_BPS,
    HALF,
    MEMBER_ROW,
    OLDEST_NS,
    PRICE,
    QUALITY,
    SHARE,
    Table,
    doubt_the_far,
    mean_between,
    rank,
)
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.machine import WordArray, Words, real, set_real, words_from, words_of
from signald.core.kernels.publish import blank_row
from signald.core.kernels.rows import (
    APPLIED,
    ASK,
    ASK_SIZE,
    BID,
    BID_DEPTH_5,
    BID_SIZE,
    FLAG_CROSSED,
    FLAG_ONE_SIDED,
    FLAG_STALE,
    FLAG_UNREAD,
    FLAGS,
    FLOW_1S,
    IMBALANCE,
    MICROPRICE,
    MID,
    ROW_WORDS,
    SEQUENCE,
    SPREAD_BPS,
    STATE,
    STATE_DISCONNECTED,
    STATE_GAP,
    STATE_LIVE,
    TS_DEPTH,
    TS_EVENT,
    TS_INGEST,
    TS_TOUCH,
)

_UNSOUND: Final = FLAG_CROSSED | FLAG_ONE_SIDED | FLAG_STALE | FLAG_UNREAD
_BPS: Final = 1e4
_HALF_LIFE_NS: Final = 5e9
_WITNESSES: Final = 3  # venues among whom a liar is found out


@inner
def _take_over(rows: Words, members: WordArray, row: Words) -> None:
    """Write what is known whoever is believed: the newest times, frames, and what the best of the books is."""
    best = STATE_DISCONNECTED
    for i in range(len(members)):
        one = words_from(rows, members[i, MEMBER_ROW] * ROW_WORDS)
        row[APPLIED] += one[APPLIED]
        best = max(best, STATE_GAP if one[STATE] == STATE_LIVE else one[STATE])
        row[TS_EVENT] = max(row[TS_EVENT], one[TS_EVENT])
        row[TS_INGEST] = max(row[TS_INGEST], one[TS_INGEST])
        row[TS_TOUCH] = max(row[TS_TOUCH], one[TS_TOUCH])
        row[TS_DEPTH] = max(row[TS_DEPTH], one[TS_DEPTH])
    row[STATE] = best


@inner
def _judge(one: Words, dollars: float, row: Words, seen: Table) -> None:
    """Weigh a member by what it says of itself; 0 if it cannot be believed. ``row`` has the newest times."""
    bid, ask = real(one, BID), real(one, ASK)
    micro = real(one, MICROPRICE)
    spread = (ask - bid) / (bid + ask) * 2.0 * _BPS
    depth = _smaller_side(one, bid * real(one, BID_SIZE), ask * real(one, ASK_SIZE)) * dollars
    age = max(row[TS_INGEST], row[TS_TOUCH]) - max(one[TS_INGEST], one[TS_TOUCH])
    seen[DEPTH] = depth
    seen[HALF] = (ask - bid) / 2.0 * dollars
    seen[BASIS] = math.nan
    seen[SHARE] = 0.0
    seen[QUALITY] = 0.0
    sound = one[STATE] == STATE_LIVE and one[FLAGS] & _UNSOUND == 0 and age <= OLDEST_NS
    # Comparisons with NaN are false.
    sound = sound and 0.0 < bid <= micro <= ask and 0.0 <= spread <= FARTHEST_BPS
    seen[PRICE] = micro * dollars if sound else math.nan
    if sound and 0.0 < depth < math.inf and 0.0 < seen[PRICE] < math.inf:
        seen[QUALITY] = math.sqrt(depth) * 0.5 ** (age / _HALF_LIFE_NS) / (1.0 + spread)


@inlined
def _smaller_side(one: Words, bid_touch: float, ask_touch: float) -> float:
    """Money on the smaller side within 5 basis points of mid, at least at the touch; NaN if a touch is unknown."""
    if not (bid_touch >= 0.0 and ask_touch >= 0.0):
        return math.nan
    bids = real(one, BID_DEPTH_5)
    asks = real(one, BID_DEPTH_5 + 1)
    if not bids > bid_touch:
        bids = bid_touch
    if not asks > ask_touch:
        asks = ask_touch
    return min(bids, asks)


@inner
def _price(seen: Table, venues: int, row: Words) -> float:
    """Write the price, and around it the touch; returns the price."""
    rank(seen, PRICE)
    cap = max(CAP, 1.0 / venues)
    if venues < _WITNESSES:
        price = mean_between(seen, PRICE, 0.0, 1.0)
        reach = 0.0
        for i in range(len(seen)):
            if seen[i, SHARE] > 0.0:
                reach = max(reach, abs(seen[i, PRICE] - price))
    else:
        price = mean_between(seen, PRICE, cap, 1.0 - cap)
        low = mean_between(seen, PRICE, 0.0, 1.0 - 2.0 * cap)
        high = mean_between(seen, PRICE, 2.0 * cap, 1.0)
        reach = max(price - low, high - price, 0.0)
    rank(seen, HALF)
    reach += mean_between(seen, HALF, 0.5 - 1e-9, 0.5 + 1e-9)
    set_real(row, BID, price - reach)
    set_real(row, ASK, price + reach)
    set_real(row, MID, price)
    set_real(row, MICROPRICE, price)
    set_real(row, SPREAD_BPS, 2.0 * reach / price * _BPS)
    return price


@inner
def _write_sizes(rows: Words, members: WordArray, seen: Table, row: Words) -> None:
    """Write what rests at the touches of those who are believed, which way it leans, and what flows."""
    bids = asks = flow = lean = known = 0.0
    for i in range(len(members)):
        if seen[i, SHARE] > 0.0:
            one = words_from(rows, members[i, MEMBER_ROW] * ROW_WORDS)
            bids += real(one, BID_SIZE)
            asks += real(one, ASK_SIZE)
            if math.isfinite(real(one, FLOW_1S)):
                flow += real(one, FLOW_1S)
            if math.isfinite(real(one, IMBALANCE)):
                lean += seen[i, SHARE] * real(one, IMBALANCE)
                known += seen[i, SHARE]
    set_real(row, BID_SIZE, bids)
    set_real(row, ASK_SIZE, asks)
    set_real(row, FLOW_1S, flow)
    set_real(row, IMBALANCE, lean / known if known > 0.0 else math.nan)


@inner
def _blend(rows: Words, members: WordArray, dollars: Table, seen: Table, ladder: Table, row: Words) -> None:
    """Blend the members' rows into ``row``."""
    blank_row(row)
    ladder[:, :] = math.nan
    _take_over(rows, members, row)
    for i in range(len(members)):
        _judge(
            words_from(rows, members[i, MEMBER_ROW] * ROW_WORDS), float(dollars[members[i, MEMBER_ROW]]), row, seen[i]
        )
    venues = doubt_the_far(members, seen)
    row[SEQUENCE] = venues
    if venues == 0:
        return
    row[STATE] = STATE_LIVE
    row[FLAGS] = FLAG_STALE if venues == 1 else 0
    price = _price(seen, venues, row)
    for i in range(len(members)):
        seen[i, BASIS] = (seen[i, PRICE] / price - 1.0) * _BPS
    _write_sizes(rows, members, seen, row)
    write_ladder(rows, members, dollars, seen, ladder, price)
    for band in range(BANDS):
        set_real(row, BID_DEPTH_5 + 2 * band, ladder[band, 0])
        set_real(row, BID_DEPTH_5 + 2 * band + 1, ladder[band, 1])


@kernel("void(i8[::1], i8[::1], i8[:,::1], f8[::1], f8[:,::1], f8[:,::1])")
def blend(rows: WordArray, ends: WordArray, members: WordArray, dollars: Table, seen: Table, ladder: Table) -> None:
    """Fill the composite rows of a board.

    Prices of a row are NaN, and its state says why, where no venue is believed; its sequence is how many are.

    Args:
        rows: All rows of the board, one behind the other, the composite ones last.
        ends: For each composite, the end of its members in ``members``.
        members: Whose rows are blended, ``MEMBER_`` columns; venues are counted anew for each composite.
        dollars: For each row that is not composite, US dollars for a unit of its quote currency; NaN where unknown.
        seen: Filled with what was seen of each member, the columns above.
        ladder: Filled with the dollars that rest within 5, 10, 25 basis points of each composite's price.
    """
    words = words_of(rows)
    first = 0
    for number in range(len(ends)):
        last = ends[number]
        _blend(
            words,
            members[first:last],
            dollars,
            seen[first:last],
            ladder[number * BANDS : (number + 1) * BANDS],
            words_from(words, (len(dollars) + number) * ROW_WORDS),
        )
        first = last
