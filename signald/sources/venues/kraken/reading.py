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
    is_next,
    read_member,
    read_symbol,
    seen_before,
    skip_member,
)
from signald.core.kernels.objects import is_key, key_of, read_objects
from signald.core.kernels.outcomes import (
    NOT_PLAIN,
    OTHER_KIND,
)
from signald.core.kernels.scan import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COMMA,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    skip_text,
)
from signald.core.kernels.times import read_time

# What a frame said, in the desk's wire words.
CHANNEL: Final = WIRE + 1
TYPE: Final = WIRE + 2  # one of the TYPE_ values
DATA: Final = WIRE + 3
SYMBOL: Final = WIRE + 4  # the desk's current book
BIDS: Final = WIRE + 5  # how many levels
ASKS: Final = WIRE + 6
CHECKSUM: Final = WIRE + 7
EVENT: Final = WIRE + 8  # timestamp, ns
PLACES: Final = WIRE + 9  # (2) a bit for each number of digits after the point, of prices and of sizes

TYPE_SNAPSHOT: Final = 1
TYPE_UPDATE: Final = 2


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
_SNAPSHOT: Final = int.from_bytes(b"snapshot", "little")
_UPDATE: Final = int.from_bytes(b'update"', "little")
_TWO_BYTES: Final = 0xFFFF
_THREE_BYTES: Final = 0xFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inner
def read_frame(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"channel":"book","type":"update","data":[{…}]}` to its end; negative: an outcome."""
    if peek(frame, 0, end) != OPEN_BRACE:
        return -NOT_PLAIN
    desk[CHANNEL] = 0
    at = 1
    while True:
        key = safe_word(frame, at, end)
        if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
            at = _read_channel(frame, at + 9, end, desk)
        elif is_key(key, _TYPE):
            at = _read_type(frame, at + _TYPE[1], end, desk)
        elif is_key(key, _DATA):
            at = _read_data(frame, at + _DATA[1], end, desk)
        else:
            at = skip_member(frame, at, end)
        if at < 0:
            return at if at != STRANGE else -NOT_PLAIN
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            return at if at == end else -NOT_PLAIN
        if byte != COMMA:
            return -NOT_PLAIN


@inner
def _read_channel(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, CHANNEL):
        return STRANGE
    if safe_word(frame, at + 2, end) & _FIVE_BYTES == _IS_BOOK:
        desk[CHANNEL] = 1
        return at + 7
    return -OTHER_KIND if skip_text(frame, at + 2, end) >= 0 else STRANGE


@inner
def _read_type(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:"snapshot"` or `:"update"`; STRANGE if it is neither."""
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, TYPE):
        return STRANGE
    word = safe_word(frame, at + 2, end)
    if word & _SEVEN_BYTES == _UPDATE:
        desk[TYPE] = TYPE_UPDATE
        return at + 9
    if word == _SNAPSHOT and peek(frame, at + 10, end) == QUOTE:
        desk[TYPE] = TYPE_SNAPSHOT
        return at + 11
    return STRANGE


@inner
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{"symbol":"BTC/USD","bids":[…],"asks":[…],"checksum":1,"timestamp":"…"}]`; negative: an outcome."""
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CHANNEL] == 0:
        return STRANGE
    if peek(frame, at + 2, end) != OPEN_BRACE or seen_before(desk, DATA):
        return STRANGE
    at += 3
    while True:
        at = _read_element_member(frame, at, end, desk)
        if at < 0:
            return at
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            return at + 1 if peek(frame, at, end) == CLOSE_BRACKET else STRANGE
        if byte != COMMA:
            return STRANGE


@inner
def _read_element_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of the element; negative: an outcome, or STRANGE."""
    key = safe_word(frame, at, end)
    if is_key(key, _SYMBOL):
        follows = is_next(frame, at + _SYMBOL[1], end, QUOTE)
        return read_symbol(frame, at + _SYMBOL[1] + 2, end, desk, SYMBOL) if follows else STRANGE
    if is_key(key, _BIDS):
        return _read_side(frame, at + _BIDS[1], end, desk, 0)
    if is_key(key, _ASKS):
        return _read_side(frame, at + _ASKS[1], end, desk, 1)
    rest = safe_word(frame, at + 8, end)
    if key == _CHECKSUM and rest & _TWO_BYTES == _CHECKSUM_END:
        return read_member(frame, at + 10, end, desk, CHECKSUM)
    if key == _EVENT and rest & _THREE_BYTES == _EVENT_END:
        return _read_event(frame, at + 11, end, desk)
    return skip_member(frame, at, end)


@inlined
def _read_event(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, EVENT):
        return STRANGE
    ts, at = read_time(frame, at + 2, end)
    if ts < 0:
        return STRANGE
    desk[EVENT] = ts
    return at


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
