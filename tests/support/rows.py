"""Board rows to test with."""

from typing import Final

import numpy as np

from signald.core.board import BoardRows, empty_rows
from signald.core.kernels.rows import ROW_WORDS, STATE_LIVE
from tests.support.calendar import T0

BOOK: Final = {
    "bid": 95_700.1,
    "bid_size": 2.0,
    "ask": 95_700.2,
    "ask_size": 1.0,
    "mid": 95_700.15,
    "microprice": 95_700.17,
    "spread_bps": 0.01,
    "imbalance": 0.2,
    "bid_depth_5": 610_000.0,
    "ask_depth_5": 590_000.0,
    "bid_depth_10": 1_200_000.0,
    "ask_depth_10": 1_300_000.0,
}
"""A live book; how much rests within 25 basis points is not known."""


def live_rows(count: int = 2, *, ts_ingest: int = T0, **changes: float) -> BoardRows:
    """Rows of ``count`` live books, all alike, with ``changes`` to their fields."""
    rows = np.frombuffer(bytearray(empty_rows(count).tobytes()), dtype=empty_rows(1).dtype)
    assert rows.itemsize == 8 * ROW_WORDS
    for name, value in {"state": STATE_LIVE, "ts_ingest": ts_ingest, "applied": 1, **BOOK, **changes}.items():
        rows[name] = value
    return rows
