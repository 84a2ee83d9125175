import zlib
from decimal import Decimal
from itertools import chain, zip_longest

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from signald.core.book import Book
from signald.core.kernels.jit import kernel
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, BOOK_WORDS
from signald.core.kernels.machine import WordArray, words_at, words_of
from signald.sources.venues.okx.written import checksum_of
from tests.support.instruments import OKX_SPOT
from tests.support.kernel_probes import pairs_of, probe_apply


@kernel("i8(i8, i8[::1])")
def checksum_at(address: int, text: WordArray) -> int:
    """The checksum of the book there."""
    return checksum_of(words_at(address, BOOK_WORDS), words_of(text))


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def zlib_of(book: Book) -> int:
    sides = zip_longest(book.levels("bid", 25), book.levels("ask", 25))
    best = [level for level in chain.from_iterable(sides) if level is not None]
    return zlib.crc32(":".join(f"{plain(price)}:{plain(size)}" for price, size in best).encode())


SIZES = st.integers(1, 10**9) | st.integers(1, 10**16)
LEVELS = st.dictionaries(st.integers(1, 1_500), SIZES, max_size=40)


@settings(deadline=None)
@given(
    bids=LEVELS, asks=LEVELS, decimals=st.integers(0, 9), size_decimals=st.integers(0, 9), middle=st.integers(2, 900)
)
def test_the_text_is_as_okx_writes_it(
    bids: dict[int, int], asks: dict[int, int], decimals: int, size_decimals: int, middle: int
) -> None:
    steps = {"tick_size": Decimal(1).scaleb(-decimals), "lot_size": Decimal(1).scaleb(-size_decimals)}
    book = Book(msgspec.structs.replace(OKX_SPOT, **steps))
    base = middle * 1_501
    probe_apply(book.words, BID_SIDE, pairs_of(*((base - tick, lots) for tick, lots in bids.items())))
    probe_apply(book.words, ASK_SIDE, pairs_of(*((base + tick, lots) for tick, lots in asks.items())))

    assert checksum_at(book.address, np.zeros(512, dtype=np.int64)) == zlib_of(book)


@settings(deadline=None)
@given(changes=st.lists(st.tuples(st.integers(1, 700), st.integers(0, 3)), max_size=60), finer=st.integers(0, 60))
def test_what_was_written_before_is_written_anew_where_it_changed(changes: list[tuple[int, int]], finer: int) -> None:
    book = Book(OKX_SPOT)
    text = np.zeros(512, dtype=np.int64)

    for number, (distance, lots) in enumerate(changes):
        if number == finer:
            book.refine(ticks=True)
            book.refine(ticks=False)
        side, tick = (BID_SIDE, 10**6 - distance) if number % 2 else (ASK_SIDE, 10**6 + distance)
        probe_apply(book.words, side, pairs_of((tick * 10 if number >= finer else tick, lots)))

        assert checksum_at(book.address, text) == zlib_of(book)
