"""Lines that say what a book looked like at some of its frames: for comparing two programs that build the same book.

The form is that of the golden traces: ``n`` counts the frames applied to the book (a REST snapshot and a ticker do not
count), ``ts`` is when the last of them was ingested, ``nb`` and ``na`` count levels, ``top20`` is a digest of the best
twenty levels a side. A line stands after the first frame, after every N-th, and after the last, which so may stand
there twice: the traces have it so.
"""

import hashlib
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

import msgspec

from signald.core.book import Book, Level
from signald.pipeline import Pipeline
from signald.replay.driver import BuildPipeline

_DEPTH: Final = 20
_ENCODER: Final = msgspec.json.Encoder()


@runtime_checkable
class KeepsBooks(Protocol):
    """A venue's source whose books can be watched."""

    books: tuple[Book, ...]
    on_applied: Callable[[Book], object] | None


class Checkpoints:
    """Watches the books of pipelines while they are built, and writes their lines."""

    def __init__(self, every: int, write: Callable[[bytes], object]) -> None:
        """Write a line, without its end, for every ``every``-th frame."""
        self._every = every
        self._write = write
        self._pipeline: Pipeline | None = None

    def watching(self, build: BuildPipeline) -> BuildPipeline:
        """As ``build``, but whoever is built is watched; when it is called again the run before is finished."""

        def build_watched() -> Pipeline:
            self.finish()
            pipeline = build()
            for source in _keeping(pipeline):
                source.on_applied = self._on_applied
            self._pipeline = pipeline
            return pipeline

        return build_watched

    def finish(self) -> None:
        """Nothing more comes: write each book's last frame, unless the book was discarded after it."""
        for book in [book for source in _keeping(self._pipeline) for book in source.books]:
            if book.applied and any(book.counts):
                self._write(checkpoint(book))
        self._pipeline = None

    def _on_applied(self, book: Book) -> None:
        number = book.applied
        if number == 1 or number % self._every == 0:
            self._write(checkpoint(book))


def _keeping(pipeline: Pipeline | None) -> list[KeepsBooks]:
    """The sources whose books can be watched."""
    sources = pipeline.venues.values() if pipeline is not None else ()
    return [source for source in sources if isinstance(source, KeepsBooks)]


def checkpoint(book: Book) -> bytes:
    """The line of a book as it is now."""
    bids, asks = book.levels("bid", _DEPTH), book.levels("ask", _DEPTH)
    bid_count, ask_count = book.counts
    return _ENCODER.encode(
        {
            "instrument": book.instrument.id,
            "n": book.applied,
            "ts": book.ts_ingest,
            "seq": book.sequence,
            "bid": _touch(bids),
            "ask": _touch(asks),
            "nb": bid_count,
            "na": ask_count,
            "top20": top20(bids, asks),
        }
    )


def top20(bids: Iterable[Level], asks: Iterable[Level]) -> str:
    """First 16 hex digits of SHA-256 of ``size@price;…|size@price;…``: bids, then asks, best first."""
    sides = (";".join(f"{plain(size)}@{plain(price)}" for price, size in list(side)[:_DEPTH]) for side in (bids, asks))
    return hashlib.sha256("|".join(sides).encode()).hexdigest()[:16]


def plain(number: Decimal) -> str:
    """``number`` without exponent and without trailing zeros."""
    return format(number.normalize(), "f")


def _touch(side: list[Level]) -> list[str] | None:
    return [plain(part) for part in side[0]] if side else None
