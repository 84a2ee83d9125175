"""Frames with numbers between a book's steps: it is kept in finer ones, if that lets it take the frame."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from signald.core.book import Book
from signald.core.kernels import outcomes

_TAKEN: Final = frozenset(
    {outcomes.APPLIED, outcomes.TOUCHED, outcomes.WENT_LIVE, outcomes.VERIFY, outcomes.CROSSED, outcomes.KEEP}
)


def take_finer(book: Book, outcome: int, take: Callable[[], int], counts: Counter[str]) -> int:
    """Make a book's steps as fine as a frame needs; leave them as they are if it is not taken all the same.

    Else one frame of nonsense would make the steps so fine that large sizes are too large ever after.

    Args:
        book: Whose the frame is.
        outcome: What became of the frame so far: one of ``FINER``.
        take: Gives the frame to the book once more.
        counts: Told, as ``refined``, how often steps were made finer.

    Returns:
        What has become of the frame.
    """
    steps = book.steps
    while outcome in outcomes.FINER and book.refine(ticks=outcome == outcomes.OFF_TICK):
        counts["refined"] += 1
        outcome = take()
    if outcome not in _TAKEN:
        book.coarsen(steps)
    return outcome
