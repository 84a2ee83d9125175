"""Rows that one process read while others wrote them: each must be one that their frames rebuild, near that moment.

Two processes stamp what they do by one clock, but a frame that is stamped is not applied yet, and rows are read some
time after they are stamped. So a row on record is sought among the last ones before it in order of time, and among
those that follow within a second.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np

from signald.core.board import BoardRows
from signald.core.kernels.rows import (
    APPLIED,
    FLAG_STALE,
    FLAGS,
    ROW_WORDS,
    SEQUENCE,
    STATE,
    STATE_DISCONNECTED,
    TS_INGEST,
    TS_TOUCH,
)
from signald.model.records import Record
from signald.model.time import NS_PER_S

_BEFORE: Final = 16
"""A worker that has stamped a frame stamps no other before it has applied it."""
_AFTER_NS: Final = NS_PER_S
_PLACE: Final = [SEQUENCE, APPLIED, TS_INGEST, TS_TOUCH]
"""What says after which frames a book is."""


class Sought(NamedTuple):
    """A row on record that was not rebuilt yet.

    Attributes:
        record: The rows it is of.
        number: Its place among them.
        words: The row, as it counts.
        near: A rebuilt one after the same frames that differs; ``None``: there was none.
    """

    record: Record
    number: int
    words: bytes
    near: BoardRows | None


class Sightings:
    """Rows on record, and whether they were rebuilt.

    Attributes:
        found: How many were, to the byte but for the flag that a reader may add.
        elsewhere: How many were not: their book was at another frame, or nobody kept it.
    """

    def __init__(self) -> None:
        """Nothing was seen."""
        self._last: deque[BoardRows] = deque(maxlen=_BEFORE)
        self._sought: list[Sought] = []
        self.found = 0
        self.elsewhere = 0

    def rebuilt(self, rows: BoardRows, now: int) -> Sought | None:
        """The board stands so at ``now``; returns a row on record that it should have been and never was."""
        self._last.append(rows)
        if not self._sought:
            return None
        words = _words(rows)
        left: list[Sought] = []
        wrong: Sought | None = None
        for one in self._sought:
            if words[one.number].tobytes() == one.words:
                self.found += 1
            elif now - one.record.ts_ingest <= _AFTER_NS:
                left.append(_compared(one, rows))
            else:
                wrong = wrong or self._give_up(one)
        self._sought = left
        return wrong

    def recorded(self, record: Record, rows: BoardRows) -> None:
        """These rows stand on record."""
        for number, words in enumerate(_words(rows)):
            if words[STATE] == STATE_DISCONNECTED:
                self.elsewhere += 1
                continue
            one = Sought(record, number, words.tobytes(), None)
            for last in reversed(self._last):
                if _words(last)[number].tobytes() == one.words:
                    self.found += 1
                    break
                one = _compared(one, last)
            else:
                self._sought.append(one)

    def end(self) -> Sought | None:
        """Nothing follows; returns as :meth:`rebuilt`."""
        sought, self._sought = self._sought, []
        return next((wrong for one in sought if (wrong := self._give_up(one)) is not None), None)

    def begin_anew(self) -> Sought | None:
        """From here on the rows are of other instruments; returns as :meth:`rebuilt`."""
        self._last.clear()
        return self.end()

    def _give_up(self, one: Sought) -> Sought | None:
        if one.near is not None:
            return one
        self.elsewhere += 1
        return None


def _compared(one: Sought, rows: BoardRows) -> Sought:
    """Remember ``rows`` if they are of the same frames: then nothing else may differ."""
    ours = np.frombuffer(one.words, np.int64)
    theirs = _words(rows)[one.number]
    same = bool((ours[_PLACE] == theirs[_PLACE]).all()) and bool(ours[STATE] == theirs[STATE])
    return one._replace(near=rows) if same and one.near is None else one


def _words(rows: BoardRows) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """The rows' words, without the flag that whoever reads them may add."""
    words = np.frombuffer(rows.tobytes(), np.int64).reshape(-1, ROW_WORDS).copy()
    words[:, FLAGS] &= ~FLAG_STALE
    return words
