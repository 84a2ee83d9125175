"""A board row as the documents show it, and every reason not to believe it."""

import math
import struct
from functools import lru_cache
from typing import Final, TypeAlias

from signald.core.board import BoardRows
from signald.core.kernels.rows import (
    ASK,
    ASK_DEPTH_5,
    ASK_DEPTH_10,
    ASK_DEPTH_25,
    BID,
    BID_DEPTH_5,
    BID_DEPTH_10,
    BID_DEPTH_25,
    FIRST_REAL,
    FLAG_CROSSED,
    FLAG_STALE,
    FLAG_UNSEQUENCED,
    FLAG_UNSUMMED,
    FLAGS,
    IMBALANCE,
    MICROPRICE,
    MID,
    ROW_USED,
    ROW_WORDS,
    SLIPPAGE,
    SLIPPAGE_FIELDS,
    SLIPPAGES,
    SPREAD_BPS,
    STATE,
    STATE_LIVE,
    TS_INGEST,
)
from signald.model.signals import BookView, DepthSides, Flag, SlippageSides
from signald.model.time import NS_PER_MS, Nanos

Row: TypeAlias = tuple[int | float, ...]
"""One board row as Python numbers (``rows[i].item()``), indexed by the words of ``kernels/rows.py``."""

_SIZES_AT: Final = tuple(SLIPPAGE + SLIPPAGE_FIELDS * size for size in range(SLIPPAGES))
_ROW: Final = struct.Struct(f"<{FIRST_REAL}q{ROW_USED - FIRST_REAL}d{8 * (ROW_WORDS - ROW_USED)}x")


def as_numbers(rows: BoardRows) -> list[Row]:
    """All rows as Python numbers, at a fifth of what asking each for them costs."""
    return [*_ROW.iter_unpack(rows.tobytes())]


def book_view(row: Row, now: Nanos, usd: float = 1.0) -> BookView | None:
    """The book at ``now``; ``None`` if it cannot be believed. A unit of its quote currency is worth ``usd`` dollars."""
    if not is_believable(row):
        return None
    return BookView(
        bid=row[BID],
        ask=row[ASK],
        mid=row[MID],
        microprice=row[MICROPRICE],
        spread_bps=row[SPREAD_BPS],
        imbalance=row[IMBALANCE],
        depth_usd={
            "5": _depth_sides(row[BID_DEPTH_5] * usd, row[ASK_DEPTH_5] * usd),
            "10": _depth_sides(row[BID_DEPTH_10] * usd, row[ASK_DEPTH_10] * usd),
            "25": _depth_sides(row[BID_DEPTH_25] * usd, row[ASK_DEPTH_25] * usd),
        },
        slippage_bps=_slippage_bps(row),
        age_ms=(now - row[TS_INGEST]) / NS_PER_MS,
    )


def book_flags(row: Row) -> tuple[Flag, ...]:
    """What is wrong with the book, in the contract's order."""
    flags: list[Flag] = []
    bits = int(row[FLAGS])
    if bits & FLAG_STALE:
        flags.append("stale_book")
    if not is_believable(row):
        flags.append("no_book")
    if bits & FLAG_CROSSED:
        flags.append("crossed_book")
    if bits & FLAG_UNSEQUENCED:
        flags.append("unsequenced_book")
    if bits & FLAG_UNSUMMED:
        flags.append("unsummed_book")
    return tuple(flags)


def half_spread_bps(row: Row) -> float:
    """What crossing the book once costs against mid, in basis points; 0 where it is unknown."""
    spread = row[SPREAD_BPS]
    return max(spread, 0.0) / 2.0 if is_believable(row) else 0.0


def cost_bps(row: Row, move_bps: float) -> float:
    """What taking a position for a move of ``move_bps`` costs, in basis points: half the spread and the slippage.

    The slippage is that of the first configured size, the desk's own, on the side that is bought or sold. What the book
    does not say counts nothing: ``no_edge`` is not said for want of a book.
    """
    slippage = row[SLIPPAGE + 1 + (move_bps > 0.0)]
    known = row[SLIPPAGE] > 0.0 and math.isfinite(slippage) and is_believable(row)
    return half_spread_bps(row) + (slippage if known else 0.0)


def smaller_side_usd(row: Row, usd: float = 1.0) -> float | None:
    """The smaller of the two depths within 5 basis points of mid; ``None`` where the book does not say."""
    sides = (row[BID_DEPTH_5], row[ASK_DEPTH_5])
    return None if not is_believable(row) or any(map(math.isnan, sides)) else min(sides) * usd


def is_believable(row: Row) -> bool:
    """Whether the book is in step with its venue and all that a document shows of it is known.

    After a gap its last numbers still stand in the row. One sum is finite only if all of its numbers are.
    """
    return row[STATE] == STATE_LIVE and math.isfinite(
        row[BID] + row[ASK] + row[MID] + row[MICROPRICE] + row[SPREAD_BPS] + row[IMBALANCE]
    )


def _depth_sides(bid: float, ask: float) -> DepthSides:
    return DepthSides(bid=None if math.isnan(bid) else bid, ask=None if math.isnan(ask) else ask)


def _slippage_bps(row: Row) -> dict[str, SlippageSides]:
    """By size; a row from before slippage was measured has 0 for the sizes."""
    found: dict[str, SlippageSides] = {}
    for at in _SIZES_AT:
        if row[at] > 0.0:
            bid, ask = row[at + 1], row[at + 2]
            found[_size_text(row[at])] = SlippageSides(
                bid=None if math.isnan(bid) else bid, ask=None if math.isnan(ask) else ask
            )
    return found


@lru_cache(maxsize=64)
def _size_text(usd: float) -> str:
    """As a document spells a size; there are two, and they are configured."""
    return f"{usd:.15g}"
