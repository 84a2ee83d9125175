"""OKX's old checksums: CRC-32 of the best 25 levels, in the very digits that were sent.

``bid:size:ask:size:…``, best first, one side and the other in turn, the longer one alone at the end. Digits that were
read and written again do not give it, so these books are kept a second time, as text. OKX stopped sending checksums in
June 2026 (the field is 0 since): this is for recordings from before, and costs nothing where there is none.
"""

import heapq
import zlib
from collections.abc import Iterable
from itertools import chain, zip_longest
from typing import Final

from signald.sources.venues.okx.messages import Element, Level

_LEVELS: Final = 25


class WireBook:
    """The levels of one book as they were written."""

    def __init__(self) -> None:
        self._bids: dict[float, str] = {}
        self._asks: dict[float, str] = {}

    def apply(self, element: Element) -> None:
        """Take the changes of one frame."""
        _set(self._bids, element.bids or ())
        _set(self._asks, element.asks or ())

    def checksum(self) -> int:
        """The checksum of the book, signed as it is sent."""
        bids = heapq.nlargest(_LEVELS, self._bids)
        asks = heapq.nsmallest(_LEVELS, self._asks)
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
