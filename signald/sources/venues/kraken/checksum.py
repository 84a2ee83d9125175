"""A book of Kraken's as it was written, for those whose numbers have not all as many digits after the point."""

import zlib
from collections.abc import Iterable

from signald.core.book import Book
from signald.sources.venues.kraken.messages import Element, Level, digits_of
from signald.sources.venues.kraken.written import DEPTH, LEVELS, PRICE_PLACES, SIZE_PLACES


class WireBook:
    """The digits of one book's levels.

    Args:
        depth: Levels a side that are kept.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._bids: dict[float, str] = {}
        self._asks: dict[float, str] = {}

    @classmethod
    def of(cls, book: Book) -> "WireBook":
        """The levels of a book whose digits have not varied so far."""
        wire = cls(int(book.words[DEPTH]))
        places = [_single_bit(int(book.words[word])) for word in (PRICE_PLACES, SIZE_PLACES)]
        for side, name in ((wire._bids, "bid"), (wire._asks, "ask")):  # its own
            for price, size in book.levels(name, sum(book.counts)):
                side[float(price)] = _bare(f"{price:.{places[0]}f}") + _bare(f"{size:.{places[1]}f}")
        return wire

    def apply(self, element: Element) -> None:
        """Take the changes of one frame, and cut both sides to the depth."""
        _set(self._bids, element.bids)
        _set(self._asks, element.asks)
        for side, best in ((self._bids, self._best_bids), (self._asks, self._best_asks)):
            for price in list(side.keys() - set(best(self._depth))):
                del side[price]

    def checksum(self) -> int:
        """The checksum of the book."""
        asks = [self._asks[price] for price in self._best_asks(LEVELS)]
        bids = [self._bids[price] for price in self._best_bids(LEVELS)]
        return zlib.crc32("".join([*asks, *bids]).encode())

    def _best_bids(self, limit: int) -> list[float]:
        return sorted(self._bids, reverse=True)[:limit]

    def _best_asks(self, limit: int) -> list[float]:
        return sorted(self._asks)[:limit]


def _set(side: dict[float, str], levels: Iterable[Level]) -> None:
    for level in levels:
        price, size = digits_of(level.price), digits_of(level.qty)
        if float(size):
            side[float(price)] = _bare(price) + _bare(size)
        else:
            side.pop(float(price), None)


def _bare(number: str) -> str:
    """Its digits: without the point, and without zeros before the first other."""
    return number.replace(".", "").lstrip("0")


def _single_bit(mask: int) -> int:
    return (mask & -mask).bit_length() - 1 if mask else 0
