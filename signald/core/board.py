"""The board: one row per instrument, over any buffer; written by feeds, read by the engine."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.rows import ROW_FIELDS, ROW_WORDS, STATE_DISCONNECTED

BoardRows: TypeAlias = NDArray[np.void]
"""Rows of one instant in the board's order, dtype :data:`ROW_FIELDS`; a copy that nobody writes any more."""


def empty_rows(count: int) -> BoardRows:
    """Rows of ``count`` instruments of which nothing is known: state disconnected, every float NaN."""
    words = np.zeros((count, ROW_WORDS), dtype=np.int64)
    words.view(np.float64)[:, 8:] = np.nan
    words[:, 4] = STATE_DISCONNECTED
    return words.view(ROW_FIELDS)[:, 0]


def rows_from_bytes(payload: bytes) -> BoardRows:
    """Rows as journalled; raises ``ValueError`` if ``payload`` is not a whole number of rows."""
    return np.frombuffer(payload, dtype=ROW_FIELDS)
