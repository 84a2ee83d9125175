"""The text that OKX's checksums are made of, written again from a book's numbers.

``bid:size:ask:size:…`` of the best 25 levels, best first, one side and the other in turn, the longer one alone at the
end. OKX writes no digit that is not needed, so steps give its text back; what has other digits gives another checksum,
and is then compared in the very digits that were sent, see checksum.py.
"""

from typing import Final

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, next_worse, ring_of
from signald.core.kernels.layout import APART, ASK_SIDE, BEST, BID_SIDE, COUNT, DECIMALS, NONE, PRICE, SIZE, STEP
from signald.core.kernels.machine import Words, leading_zeros, set_text_word, trailing_zeros
from signald.core.kernels.text import crc32, digits_of, write_byte, write_decimal

LEVELS: Final = 25
UNKNOWN: Final = -1
"""No checksum: a level that it needs lies outside the window."""
_COLON: Final = ord(":")
_POINT: Final = ord(".")
_ZEROS: Final = int.from_bytes(b"00000000", "little")
_WORD_BYTES: Final = 8
_EIGHT_DIGITS: Final = 10**8


@inner
def checksum_of(book: Words, text: Words) -> int:
    """The checksum of a book, 0 … 2^32 - 1, or UNKNOWN; ``text`` is room for 4,096 bytes."""
    if book[APART] != 0:
        return UNKNOWN
    bids, asks = min(book[COUNT], LEVELS), min(book[COUNT + 1], LEVELS)
    bid, ask = book[BEST], book[BEST + 1]
    at = 0
    for number in range(max(bids, asks)):
        if number < bids:
            bid = next_worse(book, BID_SIDE, bid) if number > 0 else bid
            if bid == NONE:
                return UNKNOWN
            at = _write_level(book, BID_SIDE, bid, text, at)
        if number < asks:
            ask = next_worse(book, ASK_SIDE, ask) if number > 0 else ask
            if ask == NONE:
                return UNKNOWN
            at = _write_level(book, ASK_SIDE, ask, text, at)
    return crc32(text, max(at - 1, 0))


@inlined
def _write_level(book: Words, side: int, tick: int, text: Words, at: int) -> int:
    """Write `8476.98:415:`."""
    at = _write_number(text, at, tick * book[PRICE + STEP], book[PRICE + DECIMALS])
    at = write_byte(text, at, _COLON)
    lots = ring_of(book, side)[tick & SLOT_MASK]
    at = _write_number(text, at, lots * book[SIZE + STEP], book[SIZE + DECIMALS])
    return write_byte(text, at, _COLON)


@inlined
def _write_number(text: Words, at: int, units: int, decimals: int) -> int:
    """As :func:`write_decimal`: most numbers have no more than eight digits, not all behind the point."""
    if units >= _EIGHT_DIGITS or decimals >= _WORD_BYTES:
        return write_decimal(text, at, units, decimals)
    digits = digits_of(units)
    written = digits | _ZEROS
    whole = _WORD_BYTES - decimals
    lead = min(trailing_zeros(digits) >> 3, whole - 1)
    set_text_word(text, at, written >> (8 * lead))
    at += whole - lead
    places = decimals - (leading_zeros(digits) >> 3)
    if places <= 0:
        return at
    set_text_word(text, at, _POINT)
    set_text_word(text, at + 1, written >> (8 * whole))
    return at + 1 + places
