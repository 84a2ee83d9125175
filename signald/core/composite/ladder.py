"""One ladder in dollars over all venues: what rests within some distance of their common price, as far as is known."""

from typing import Final

from signald.core.composite.shares import BANDS, MEMBER_DEX, MEMBER_ROW, SHARE, Table
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import WordArray, Words, real, words_from
from signald.core.kernels.rows import ASK, ASK_SIZE, BID, BID_DEPTH_5, BID_SIZE, MID, ROW_WORDS

_BPS: Final = 1e4


@inner
def write_ladder(rows: Words, members: WordArray, dollars: Table, seen: Table, ladder: Table, price: float) -> None:
    """Add up what rests within each band of the price, of those who are believed."""
    ladder[:, :] = 0.0
    for i in range(len(members)):
        if seen[i, SHARE] > 0.0:
            one = words_from(rows, members[i, MEMBER_ROW] * ROW_WORDS)
            rate = float(dollars[members[i, MEMBER_ROW]])
            mid = real(one, MID) * rate
            for band in range(BANDS):
                width = _width(band) / _BPS
                for side in range(2):
                    edge = price * (1.0 + width) - mid if side else mid - price * (1.0 - width)
                    usd = _resting(one, side, edge / mid * _BPS) * rate
                    ladder[band, side] += usd
                    ladder[band, 2] += usd * members[i, MEMBER_DEX]


@inlined
def _width(band: int) -> float:
    if band == 0:
        return 5.0
    return 10.0 if band == 1 else 25.0


@inner
def _resting(one: Words, side: int, bps: float) -> float:
    """Money on one side of a member's book up to ``bps`` from its own mid, as far as its row tells.

    The touch and the bands of the row are points of a curve, straight between them; beyond what is known there is no
    more than that.
    """
    at = (real(one, ASK) - real(one, BID)) / real(one, MID) / 2.0 * _BPS
    if bps < at:
        return 0.0
    money = real(one, ASK) * real(one, ASK_SIZE) if side else real(one, BID) * real(one, BID_SIZE)
    for band in range(BANDS):
        width = _width(band)
        resting = real(one, BID_DEPTH_5 + 2 * band + side)
        if width <= at or not resting >= money:
            continue
        if bps <= width:
            return money + (resting - money) * (bps - at) / (width - at)
        at = width
        money = resting
    return money
