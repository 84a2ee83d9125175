"""The text that OKX's checksums are made of, written again from a book's numbers.

``bid:size:ask:size:…`` of the best 25 levels, best first, one side and the other in turn, the longer one alone at the
end. OKX writes no digit that is not needed, so steps give its text back; what has other digits gives another checksum,
and is then compared in the very digits that were sent, see checksum.py.
"""

from typing import Final

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import SLOT_MASK, WORD_MASK, bits_of, ring_of
from signald.core.kernels.layout import (
    APART,
    ASK_SIDE,
    BASE,
    BEST,
    BID_SIDE,
    COUNT,
    DECIMALS,
    PRICE,
    RING_WORDS,
    SIZE,
    STEP,
    TEXT_WIDTH,
    TEXT_WORDS,
    TEXTS,
    TEXTS_WORDS,
)
from signald.core.kernels.machine import (
    Words,
    bit,
    bits_from,
    bits_up_to,
    leading_zeros,
    set_text_word,
    text_word,
    trailing_zeros,
    words_from,
)
from signald.core.kernels.text import crc32, digits_of, write_byte, write_decimal

LEVELS: Final = 25
UNKNOWN: Final = -1
"""No checksum: a level that it needs lies outside the window."""
_TICK: Final = 0
_LOTS: Final = 1
_LENGTH: Final = 2
_TEXT: Final = 3
_KEPT_WORDS: Final = TEXT_WORDS - _TEXT
_TEXT_MASK: Final = (1 << TEXT_WIDTH) - 1
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
    _begin(book)
    bids, asks = min(book[COUNT], LEVELS), min(book[COUNT + 1], LEVELS)
    first = book[BASE] >> 6
    bid_at, ask_at = book[BEST] >> 6, book[BEST + 1] >> 6
    bid_word = bits_of(book, BID_SIDE)[bid_at & WORD_MASK] & bits_up_to(book[BEST])
    ask_word = bits_of(book, ASK_SIDE)[ask_at & WORD_MASK] & bits_from(book[BEST + 1])
    at = 0
    for number in range(max(bids, asks)):
        if number < bids:
            while bid_word == 0:
                bid_at -= 1
                if bid_at < first:
                    return UNKNOWN
                bid_word = bits_of(book, BID_SIDE)[bid_at & WORD_MASK]
            place = 63 - leading_zeros(bid_word)
            bid_word ^= bit(place)
            at = _write_level(book, BID_SIDE, (bid_at << 6) + place, text, at)
        if number < asks:
            while ask_word == 0:
                ask_at += 1
                if ask_at >= first + RING_WORDS:
                    return UNKNOWN
                ask_word = bits_of(book, ASK_SIDE)[ask_at & WORD_MASK]
            place = trailing_zeros(ask_word)
            ask_word ^= bit(place)
            at = _write_level(book, ASK_SIDE, (ask_at << 6) + place, text, at)
    return crc32(text, max(at - 1, 0))


@inner
def _begin(book: Words) -> None:
    """Forget the written levels if prices or sizes were written in other steps then."""
    head = words_from(book, TEXTS)
    known = (head[0] == book[PRICE + DECIMALS]) & (head[1] == book[PRICE + STEP])
    known &= (head[2] == book[SIZE + DECIMALS]) & (head[3] == book[SIZE + STEP])
    if known:
        return
    for word in range(TEXTS_WORDS):
        head[word] = 0
    head[0], head[1] = book[PRICE + DECIMALS], book[PRICE + STEP]
    head[2], head[3] = book[SIZE + DECIMALS], book[SIZE + STEP]


@inlined
def _write_level(book: Words, side: int, tick: int, text: Words, at: int) -> int:
    """Write `8476.98:415:`; most levels are as they were when their texts were last written."""
    lots = ring_of(book, side)[tick & SLOT_MASK]
    kept = words_from(book, TEXTS + TEXT_WORDS * (1 + (side << TEXT_WIDTH) + (tick & _TEXT_MASK)))
    if (kept[_TICK] != tick) | (kept[_LOTS] != lots):
        return _write_anew(book, tick, lots, kept, text, at)
    for word in range(_KEPT_WORDS):
        set_text_word(text, at + 8 * word, kept[_TEXT + word])
    return at + kept[_LENGTH]


@inner
def _write_anew(book: Words, tick: int, lots: int, kept: Words, text: Words, at: int) -> int:
    """Write a level from its numbers, and keep the text if there is room for it."""
    end = _write_number(text, at, tick * book[PRICE + STEP], book[PRICE + DECIMALS])
    end = write_byte(text, end, _COLON)
    end = _write_number(text, end, lots * book[SIZE + STEP], book[SIZE + DECIMALS])
    end = write_byte(text, end, _COLON)
    if end - at <= 8 * _KEPT_WORDS:
        kept[_TICK] = tick
        kept[_LOTS] = lots
        kept[_LENGTH] = end - at
        for word in range(_KEPT_WORDS):
            kept[_TEXT + word] = text_word(text, at + 8 * word)
    return end


@inlined
def _write_number(text: Words, at: int, units: int, decimals: int) -> int:
    """As :func:`write_decimal`: most numbers have no more than eight digits, not all behind the point."""
    if decimals == _WORD_BYTES and units < _EIGHT_DIGITS * _EIGHT_DIGITS:
        return _write_halves(text, at, units // _EIGHT_DIGITS, units % _EIGHT_DIGITS)
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


@inlined
def _write_halves(text: Words, at: int, whole: int, part: int) -> int:
    """Write a number that has eight digits at most on either side of the point."""
    digits = digits_of(whole)
    lead = min(trailing_zeros(digits) >> 3, _WORD_BYTES - 1)
    set_text_word(text, at, (digits | _ZEROS) >> (8 * lead))
    at += _WORD_BYTES - lead
    if part == 0:
        return at
    digits = digits_of(part)
    set_text_word(text, at, _POINT)
    set_text_word(text, at + 1, digits | _ZEROS)
    return at + 1 + _WORD_BYTES - (leading_zeros(digits) >> 3)
