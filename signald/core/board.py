"""The board: one row per instrument, over any buffer; written by feeds, read by the engine."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from signald.core.composite import Composites, CompositeView
from signald.core.kernels.machine import WordArray
from signald.core.kernels.publish import CELL_WORDS, VERSION, publish, read_rows
from signald.core.kernels.rows import (
    FIRST_REAL,
    FLAG_STALE,
    FLAGS,
    ROW_FIELDS,
    ROW_USED,
    ROW_WORDS,
    SLIPPAGES,
    STATE,
    STATE_DISCONNECTED,
    STATE_GAP,
    STATE_LIVE,
)
from signald.model.instruments import InstrumentId
from signald.model.time import Nanos

BoardRows: TypeAlias = NDArray[np.void]
"""Rows of one instant in the board's order, dtype :data:`ROW_FIELDS`; a copy that nobody writes any more."""


def whose_rows(instruments: Iterable[InstrumentId]) -> str:
    """Eight hex digits that say whose rows some are, and in which order: another run may have others."""
    return blake2b("\n".join(instruments).encode(), digest_size=4).hexdigest()


class Board:
    """The rows of some instruments, in a buffer that processes may share.

    Each row has one writer. Reading never waits for writers, nor they for it.

    Args:
        instruments: Whose rows, in order; the same for everyone who shares the buffer.
        buffer: At least :meth:`nbytes` writable bytes, aligned to 8, all zero when new (as shared memory is); None:
            memory of one's own.
        slippage_usd: Sizes whose slippage the rows hold, US dollars; two at most.
        composites: Rows behind these, which nobody writes: they are made of the others as those are read.

    Raises:
        ValueError: The buffer is too small or cannot be written, or there are too many sizes.
    """

    def __init__(
        self,
        instruments: Sequence[InstrumentId],
        buffer: bytearray | memoryview | None = None,
        *,
        slippage_usd: Sequence[float] = (),
        composites: Composites | None = None,
    ) -> None:
        self.written = len(instruments)
        """How many of the rows, the first ones, are written; the rest are composite."""
        self._composites = composites or Composites((), ())
        self.instruments = (*instruments, *(one.id for one in self._composites.instruments))
        self.slippage_usd = checked_sizes(slippage_usd)
        size = self.nbytes(self.written)
        self._cells = np.frombuffer(bytearray(size) if buffer is None else buffer, dtype=np.int64, count=size // 8)
        self._seen = self._cells
        self._copy = np.zeros(len(self.instruments) * ROW_WORDS, dtype=np.int64)
        if not self._cells.flags.writeable:
            msg = "the board's buffer cannot be written"
            raise ValueError(msg)

    def aside(self) -> "Board":
        """A board that reads as this one, for writers whose rows nobody shall see yet."""
        instruments = self.instruments[: self.written]
        board = Board(instruments, slippage_usd=self.slippage_usd, composites=self._composites)
        board._seen = self._seen
        return board

    @staticmethod
    def nbytes(count: int) -> int:
        """Bytes that the rows of ``count`` instruments take."""
        return 8 * CELL_WORDS * count

    def writer_row(self, number: int) -> WordArray:
        """The cell of row ``number``, for the one who writes it."""
        return self._cells[number * CELL_WORDS : (number + 1) * CELL_WORDS]

    def versions(self) -> WordArray:
        """How often each row was written, in order, as it stands; a row that changes changes its number."""
        return self._cells[VERSION::CELL_WORDS]

    def read(self) -> BoardRows:
        """A copy of all rows, each of one moment.

        Composite rows are made of the others as they stand in the copy. A row whose writer was too fast to be read in
        a bounded time has FLAG_UNREAD and the state of a gap.
        """
        read_rows(self._seen, self._copy, self.written)
        self._doubt(self._copy)
        self._composites.fill(self._copy)
        return rows_from_bytes(self._copy.tobytes())

    def look(self) -> tuple[BoardRows, tuple[CompositeView, ...]]:
        """The same, and the composites with their parts, made of those very rows."""
        read_rows(self._seen, self._copy, self.written)
        self._doubt(self._copy)
        views = self._composites.look(self._copy)
        return rows_from_bytes(self._copy.tobytes()), views

    def recompose(self, rows: BoardRows) -> BoardRows:
        """A copy of ``rows``, as :meth:`read` gave them, with the composite rows made of the others once more."""
        words = np.frombuffer(rows.tobytes(), dtype=np.int64).copy()
        self._composites.fill(words)
        return rows_from_bytes(words.tobytes())

    def disown(self, numbers: Iterable[int]) -> list[InstrumentId]:
        """Show of these rows that nothing comes for them any more: to be called once nobody writes them.

        Returns:
            Those that were live.
        """
        read_rows(self._cells, self._copy, self.written)
        lost: list[InstrumentId] = []
        for number in numbers:
            row = self._copy[number * ROW_WORDS : (number + 1) * ROW_WORDS]
            if row[STATE] == STATE_LIVE:
                lost.append(self.instruments[number])
            row[STATE] = STATE_DISCONNECTED
            publish(self.writer_row(number), row)
        return lost

    def _doubt(self, rows: WordArray) -> None:
        """Flag what whoever reads has reason to doubt; by default nothing."""


def mark_doubtful(rows: WordArray, number: int) -> None:
    """Flag row ``number`` of a copy as stale: whoever writes it does not say whether it is."""
    rows[number * ROW_WORDS + FLAGS] |= FLAG_STALE


def checked_sizes(slippage_usd: Sequence[float]) -> tuple[float, ...]:
    """Sizes whose slippage is measured, as given; raises ``ValueError`` if a row has no room for them."""
    if len(slippage_usd) > SLIPPAGES or any(usd <= 0 for usd in slippage_usd):
        msg = f"slippage is of up to {SLIPPAGES} sizes above 0, not of {tuple(slippage_usd)}"
        raise ValueError(msg)
    return tuple(slippage_usd)


def empty_cell() -> WordArray:
    """A cell that belongs to no board."""
    return np.zeros(CELL_WORDS, dtype=np.int64)


def as_of(rows: BoardRows, ts: Nanos) -> BoardRows:
    """``rows`` as far as they tell what was at ``ts``: a book that has changed since has the state of a gap."""
    changed = np.maximum(rows["ts_ingest"], rows["ts_touch"]) > ts
    if changed.any():
        rows = rows.copy()
        rows["state"][changed] = STATE_GAP
    return rows


def empty_rows(count: int) -> BoardRows:
    """Rows of ``count`` instruments of which nothing is known: state disconnected, every float NaN."""
    words = np.zeros((count, ROW_WORDS), dtype=np.int64)
    words.view(np.float64)[:, FIRST_REAL:ROW_USED] = np.nan
    return words.view(ROW_FIELDS)[:, 0]


def rows_from_bytes(payload: bytes) -> BoardRows:
    """Rows as journalled; raises ``ValueError`` if ``payload`` is not a whole number of rows."""
    return np.frombuffer(payload, dtype=ROW_FIELDS)
