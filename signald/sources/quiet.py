"""Ticks at which nothing is said, taken in compiled strides: what they rest on is lent to those and taken back."""

from collections.abc import Sequence

import numpy as np

from signald.core.book import Book
from signald.core.kernels import ticks
from signald.core.kernels.machine import WordArray
from signald.sources.protocol import Among
from signald.sources.refresh import Refreshes
from signald.sources.upkeep import Upkeep


class QuietTicks:
    """The ticks of one connection.

    Args:
        books: Its own, in order.
        upkeep: What they are told to otherwise.
        refreshes: Likewise.

    Attributes:
        words: For :func:`signald.core.kernels.ticks.tick_until`.
    """

    def __init__(self, books: Sequence[Book], upkeep: Upkeep, refreshes: Refreshes) -> None:
        self.words: WordArray = np.zeros(ticks.HEAD + ticks.SEEN_WORDS * len(books), np.int64)
        self.words[ticks.BOOKS] = len(books)
        self._books = books
        self._upkeep = upkeep
        self._refreshes = refreshes

    def lend(self, among: Among | None, last: int) -> int:
        """Make the words ready for a stride up to ``last``; farther than that if ticks can be taken in it."""
        words = self.words
        words[ticks.TAKEN] = 0
        words[ticks.END] = ticks.NEVER
        if among is not None and self._refreshes.lend(words) and self._upkeep.lend(words):
            words[ticks.HEARD] = among.heard
            words[ticks.END] = ticks.NEVER if among.until is None else among.until
            for place, book in zip(ticks.places(words), self._books, strict=True):
                words[place] = book.address
                words.view(np.float64)[place + ticks.TICK] = float(book.steps[0])
            return among.last
        words[ticks.DUE] = ticks.NEVER
        return last

    def take_back(self) -> tuple[int, int]:
        """The stride is over: how many ticks were taken in it, and when the last of them was."""
        if self.words[ticks.TAKEN]:
            self._upkeep.take_back(self.words)
        return int(self.words[ticks.TAKEN]), int(self.words[ticks.TICKED])
