"""Kraken's frames, read from their bytes: the channel `book` of the public websocket, version 2.

The kernel reads the keys in any order and any keys besides, as long as `channel` stands before `data`, `symbol` before
the levels, `data` has one element, and all is compact ASCII. What else is JSON comes out as NOT_PLAIN: messages.py has
the slow path for it.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import Words, words_from
from signald.core.kernels.members import (
    frame_of,
    is_next,
    object_of,
    read_action,
    read_member,
    read_symbol_member,
    read_time_member,
    seen_before,
    single_of,
    skip_member,
)
from signald.core.kernels.objects import is_key, key_of, read_objects
from signald.core.kernels.outcomes import (
    OTHER_KIND,
)
from signald.core.kernels.scan import (
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    skip_text,
)

# What a frame said, in the desk's wire words.
CHANNEL: Final = WIRE + 1
TYPE: Final = WIRE + 2  # SNAPSHOT or UPDATE
DATA: Final = WIRE + 3
SYMBOL: Final = WIRE + 4  # the desk's current book
BIDS: Final = WIRE + 5  # how many levels
ASKS: Final = WIRE + 6
CHECKSUM: Final = WIRE + 7
EVENT: Final = WIRE + 8  # timestamp, ns
PLACES: Final = WIRE + 9  # (2) a bit for each number of digits after the point, of prices and of sizes


_CHANNEL: Final = int.from_bytes(b'"channel', "little")
_TYPE: Final = key_of("type")
_DATA: Final = key_of("data")
_SYMBOL: Final = key_of("symbol")
_BIDS: Final = key_of("bids")
_ASKS: Final = key_of("asks")
_CHECKSUM: Final = int.from_bytes(b'"checksu', "little")
_CHECKSUM_END: Final = int.from_bytes(b'm"', "little")
_EVENT: Final = int.from_bytes(b'"timesta', "little")
_EVENT_END: Final = int.from_bytes(b'mp"', "little")
_PRICE: Final = key_of("price")
_SIZE: Final = key_of("qty")
_IS_BOOK: Final = int.from_bytes(b'book"', "little")
_TWO_BYTES: Final = 0xFFFF
_THREE_BYTES: Final = 0xFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inner
def read_frame(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"channel":"book","type":"update","data":[{…}]}` to its end; negative: an outcome."""
    desk[CHANNEL] = 0
    return _read_frame(frame, end, desk)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
        return _read_channel(frame, at + 9, end, desk)
    if is_key(key, _TYPE):
        return read_action(frame, at + _TYPE[1], end, desk, TYPE)
    if is_key(key, _DATA):
        return _read_data(frame, at + _DATA[1], end, desk)
    return skip_member(frame, at, end)


@inner
def _read_channel(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, CHANNEL):
        return STRANGE
    if safe_word(frame, at + 2, end) & _FIVE_BYTES == _IS_BOOK:
        desk[CHANNEL] = 1
        return at + 7
    return -OTHER_KIND if skip_text(frame, at + 2, end) >= 0 else STRANGE


@inner
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{"symbol":"BTC/USD","bids":[…],"asks":[…],"checksum":1,"timestamp":"…"}]`; negative: an outcome."""
    if desk[CHANNEL] == 0 or seen_before(desk, DATA):
        return STRANGE
    return _read_elements(frame, at, end, desk)


@inner
def _read_element_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of the element; negative: an outcome, or STRANGE."""
    key = safe_word(frame, at, end)
    if is_key(key, _SYMBOL):
        return read_symbol_member(frame, at + _SYMBOL[1], end, desk, SYMBOL)
    if is_key(key, _BIDS):
        return _read_side(frame, at + _BIDS[1], end, desk, 0)
    if is_key(key, _ASKS):
        return _read_side(frame, at + _ASKS[1], end, desk, 1)
    rest = safe_word(frame, at + 8, end)
    if key == _CHECKSUM and rest & _TWO_BYTES == _CHECKSUM_END:
        return read_member(frame, at + 10, end, desk, CHECKSUM)
    if key == _EVENT and rest & _THREE_BYTES == _EVENT_END:
        return read_time_member(frame, at + 11, end, desk, EVENT)
    return skip_member(frame, at, end)


@inner
def _read_side(frame: bytes, at: int, end: int, desk: Words, side: int) -> int:
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CURRENT] == 0 or seen_before(desk, BIDS + side):
        return STRANGE
    pairs = bid_pairs(desk) if side == 0 else ask_pairs(desk)
    places, book = words_from(desk, PLACES), current_book(desk)
    count, at = read_objects(frame, at + 1, end, book, pairs, desk[ROOM], _PRICE, _SIZE, False, places)  # noqa: FBT003
    if count < 0:
        return count
    desk[BIDS + side] = count
    return at


_read_elements = single_of(object_of(_read_element_member))
_read_frame = frame_of(object_of(_read_frame_member))
