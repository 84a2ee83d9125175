import zlib

from signald.sources.venues.okx.checksum import WireBook
from signald.sources.venues.okx.messages import Element


def crc(text: str) -> int:
    unsigned = zlib.crc32(text.encode())
    return unsigned - (1 << 32) if unsigned >> 31 else unsigned


def test_sides_alternate_best_first_and_the_longer_one_ends_alone() -> None:
    book = WireBook()
    book.apply(
        Element(
            bids=[("3366.1", "7", "0", "3"), ("3366", "6", "0", "1")],
            asks=[("3366.8", "9", "0", "3"), ("3368", "8", "0", "1"), ("3370.10", "1.0", "0", "1")],
        )
    )

    assert book.checksum() == crc("3366.1:7:3366.8:9:3366:6:3368:8:3370.10:1.0")


def test_a_level_is_taken_away_whatever_its_digits() -> None:
    book = WireBook()
    book.apply(Element(bids=[("10.0", "1", "0", "1"), ("9", "2", "0", "1")], asks=[("11", "1", "0", "1")]))

    book.apply(Element(bids=[("10", "0.0", "0", "0")]))

    assert book.checksum() == crc("9:2:11:1")


def test_only_the_best_25_count() -> None:
    book = WireBook()
    book.apply(Element(bids=[(str(100 - n), "1", "0", "1") for n in range(30)], asks=[]))

    assert book.checksum() == crc(":".join(f"{100 - n}:1" for n in range(25)))
