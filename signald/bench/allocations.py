"""What a book takes, and what its frames leave behind: memory as tracemalloc sees it, NumPy's own included."""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from signald.core.board import Board
from signald.core.book import Book
from signald.model.instruments import Instrument
from signald.sources.protocol import Step

FRAMES = 1_000_000
_WARM_PASSES = 2
_BOOKS = 10
_STEP = 1_000_000


class BookSource(Protocol):
    """A venue's source, with its books."""

    books: tuple[Book, ...]

    def on_frame(self, frame: bytes, now: int) -> Step:
        """One frame came."""
        ...


class Allocations(NamedTuple):
    """Of a million frames, or so.

    Attributes:
        frames: How many there were.
        kept_bytes: What was there after them that was not before.
        most_bytes: The most that was there at any moment, beyond what was there before: what a frame takes and gives
            back shows in it.
    """

    frames: int
    kept_bytes: int
    most_bytes: int


def count_allocations(source: BookSource, frames: Sequence[bytes], now: int, *, count: int = FRAMES) -> Allocations:
    """Give a live source its frames again and again, its books put back each time to where these frames join them.

    Args:
        source: The source.
        frames: Frames that its books take as they are now.
        now: The time of the first of them, ns.
        count: At least so many frames in all, after two passes to warm up.
    """
    give = _passes(source, frames, now)
    for _ in range(_WARM_PASSES):
        give()
    passes = -(-count // len(frames))
    gc.collect()
    tracemalloc.start()
    try:
        give()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(passes):
            give()
        after, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return Allocations(passes * len(frames), after - before, most - before)


def book_bytes(instrument: Instrument) -> int:
    """What one book takes, its board cell included: the mean of ten."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        board = Board([f"{number}" for number in range(_BOOKS)])
        books = [Book(instrument, board.writer_row(number)) for number in range(_BOOKS)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) // len(books)


def _passes(source: BookSource, frames: Sequence[bytes], now: int) -> Callable[[], None]:
    books = [book.words for book in source.books]
    first = [words.copy() for words in books]
    stamped = [(frame, now + number * _STEP) for number, frame in enumerate(frames)]

    def give() -> None:
        for words, original in zip(books, first, strict=True):
            words[:] = original
        on_frame = source.on_frame
        for frame, ts_ingest in stamped:
            on_frame(frame, ts_ingest)

    return give
