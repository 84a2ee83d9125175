"""OKX's old checksums: CRC-32 of the best 25 levels, in the very digits that were sent.

``bid:size:ask:size:…``, best first, one side and the other in turn, the longer one alone at the end. OKX has
never been seen to write a needless digit, so the kernel writes the text again from its numbers (written.py). A book in
which a digit is needless is kept a second time, here, as it was written. OKX stopped sending checksums in June 2026
(the field is 0 since): this is for recordings from before.
"""

import heapq
import re
import zlib
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Final

from signald.core.book import Book
from signald.sources.venues.okx.messages import Element, Level
from signald.sources.venues.okx.written import LEVELS

_PLAIN: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?:(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


class WireBook:
    """The levels of one book as they were written."""

    def __init__(self) -> None:
        self._bids: dict[float, str] = {}
        self._asks: dict[float, str] = {}

    @classmethod
    def of(cls, book: Book) -> "WireBook":
        """The levels of a book that has had no needless digit so far."""
        wire = cls()
        for side, name in ((wire._bids, "bid"), (wire._asks, "ask")):  # its own
            levels = book.levels(name, sum(book.counts))
            side.update({float(price): f"{price.normalize():f}:{size.normalize():f}" for price, size in levels})
        return wire

    @property
    def is_plain(self) -> bool:
        """Whether no digit is needless."""
        return all(_PLAIN.fullmatch(level) for side in (self._bids, self._asks) for level in side.values())

    def apply(self, element: Element) -> None:
        """Take the changes of one frame."""
        _set(self._bids, element.bids or ())
        _set(self._asks, element.asks or ())

    def checksum(self) -> int:
        """The checksum of the book, signed as it is sent."""
        bids = heapq.nlargest(LEVELS, self._bids)
        asks = heapq.nsmallest(LEVELS, self._asks)
        sides = zip_longest((self._bids[price] for price in bids), (self._asks[price] for price in asks))
        text = ":".join(level for level in chain.from_iterable(sides) if level is not None)
        unsigned = zlib.crc32(text.encode())
        return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


def _set(side: dict[float, str], levels: Iterable[Level]) -> None:
    for price, size, _, _ in levels:
        if float(size):
            side[float(price)] = f"{price}:{size}"
        else:
            side.pop(float(price), None)
