"""OKX's frames, read from their bytes: the channels `books` and `bbo-tbt` of the public websocket, version 5.

The kernel reads the keys in any order and any keys besides, as long as `arg` stands before `data`, `data` has one
element, and all is compact ASCII. What else is JSON comes out as NOT_PLAIN: messages.py has the slow path for it.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inner
from signald.core.kernels.machine import Words
from signald.core.kernels.members import (
    is_next,
    read_member,
    read_quoted_member,
    read_symbol,
    seen_before,
    skip_member,
)
from signald.core.kernels.outcomes import NOT_PLAIN, OTHER_KIND
from signald.core.kernels.ragged import read_ragged
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

# What a frame said, in the desk's wire words.
ARG: Final = WIRE + 1
CHANNEL: Final = WIRE + 2  # one of the CHANNEL_ values
SYMBOL: Final = WIRE + 3  # the desk's current book
ACTION: Final = WIRE + 4  # one of the ACTION_ values
DATA: Final = WIRE + 5
EVENT: Final = WIRE + 6  # ts, ms
FINAL: Final = WIRE + 7  # seqId
BEFORE: Final = WIRE + 8  # prevSeqId
CHECKSUM: Final = WIRE + 9
BIDS: Final = WIRE + 10  # how many levels
ASKS: Final = WIRE + 11

CHANNEL_BOOKS: Final = 1
CHANNEL_TOUCH: Final = 2
ACTION_SNAPSHOT: Final = 1
ACTION_UPDATE: Final = 2

COLUMNS: Final = 4
"""Texts of a level: price, size, one of no use any more, number of orders."""

# Keys, with their quotes, as the bytes that a word has from them.
_ARG: Final = int.from_bytes(b'"arg"', "little")
_DATA: Final = int.from_bytes(b'"data"', "little")
_ACTION: Final = int.from_bytes(b'"action"', "little")
_CHANNEL: Final = int.from_bytes(b'"channel', "little")
_INSTRUMENT: Final = int.from_bytes(b'"instId"', "little")
_ASKS: Final = int.from_bytes(b'"asks"', "little")
_BIDS: Final = int.from_bytes(b'"bids"', "little")
_EVENT: Final = int.from_bytes(b'"ts"', "little")
_FINAL: Final = int.from_bytes(b'"seqId"', "little")
_BEFORE: Final = int.from_bytes(b'"prevSeq', "little")
_BEFORE_END: Final = int.from_bytes(b'Id"', "little")
_CHECKSUM: Final = int.from_bytes(b'"checksu', "little")
_CHECKSUM_END: Final = int.from_bytes(b'm"', "little")
# Values.
_BOOKS: Final = int.from_bytes(b'books"', "little")
_TOUCH: Final = int.from_bytes(b'bbo-tbt"', "little")
_SNAPSHOT: Final = int.from_bytes(b"snapshot", "little")
_UPDATE: Final = int.from_bytes(b'update"', "little")
_TWO_BYTES: Final = 0xFFFF
_THREE_BYTES: Final = 0xFF_FFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inner
def read_frame(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"arg":{…},"action":"…","data":[{…}]}` to its end; negative: an outcome."""
    if peek(frame, 0, end) != OPEN_BRACE:
        return -NOT_PLAIN
    desk[CHANNEL] = 0
    desk[CHECKSUM] = 0
    at = 1
    while True:
        key = safe_word(frame, at, end)
        if key & _FIVE_BYTES == _ARG:
            at = _read_arg(frame, at + 5, end, desk)
        elif key == _ACTION:
            at = _read_action(frame, at + 8, end, desk)
        elif key & _SIX_BYTES == _DATA:
            at = _read_data(frame, at + 6, end, desk)
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
def _read_arg(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:{"channel":"books","instId":"BTC-USDT"}`; negative: an outcome, or STRANGE."""
    if not is_next(frame, at, end, OPEN_BRACE) or seen_before(desk, ARG):
        return STRANGE
    at += 2
    while True:
        key = safe_word(frame, at, end)
        if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
            at = _read_channel(frame, at + 9, end, desk)
        elif key == _INSTRUMENT:
            follows = is_next(frame, at + 8, end, QUOTE)
            at = read_symbol(frame, at + 10, end, desk, SYMBOL) if follows else STRANGE
        else:
            at = skip_member(frame, at, end)
        if at < 0:
            return at
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            return at
        if byte != COMMA:
            return STRANGE


@inner
def _read_channel(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, CHANNEL):
        return STRANGE
    word = safe_word(frame, at + 2, end)
    if word & _SIX_BYTES == _BOOKS:
        desk[CHANNEL] = CHANNEL_BOOKS
        return at + 8
    if word == _TOUCH:
        desk[CHANNEL] = CHANNEL_TOUCH
        return at + 10
    desk[CURRENT] = 0
    return -OTHER_KIND if skip_text(frame, at + 2, end) >= 0 else STRANGE


@inner
def _read_action(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:"snapshot"` or `:"update"`; STRANGE if it is neither."""
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, ACTION):
        return STRANGE
    word = safe_word(frame, at + 2, end)
    if word & _SEVEN_BYTES == _UPDATE:
        desk[ACTION] = ACTION_UPDATE
        return at + 9
    if word == _SNAPSHOT and peek(frame, at + 10, end) == QUOTE:
        desk[ACTION] = ACTION_SNAPSHOT
        return at + 11
    return STRANGE


@inner
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{"asks":[…],"bids":[…],"ts":"…","checksum":0,"seqId":2,"prevSeqId":1}]`; negative: an outcome."""
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CURRENT] == 0:
        return STRANGE
    if desk[CHANNEL] == 0 or peek(frame, at + 2, end) != OPEN_BRACE or seen_before(desk, DATA):
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
    if key & _SIX_BYTES == _ASKS:
        return _read_side(frame, at + 6, end, desk, 1)
    if key & _SIX_BYTES == _BIDS:
        return _read_side(frame, at + 6, end, desk, 0)
    if key & _FOUR_BYTES == _EVENT:
        return read_quoted_member(frame, at + 4, end, desk, EVENT)
    if key & _SEVEN_BYTES == _FINAL:
        return read_member(frame, at + 7, end, desk, FINAL)
    rest = safe_word(frame, at + 8, end)
    if key == _BEFORE and rest & _THREE_BYTES == _BEFORE_END:
        return read_member(frame, at + 11, end, desk, BEFORE)
    if key == _CHECKSUM and rest & _TWO_BYTES == _CHECKSUM_END:
        return read_member(frame, at + 10, end, desk, CHECKSUM)
    return skip_member(frame, at, end)


@inner
def _read_side(frame: bytes, at: int, end: int, desk: Words, side: int) -> int:
    if not is_next(frame, at, end, OPEN_BRACKET) or seen_before(desk, BIDS + side):
        return STRANGE
    pairs = bid_pairs(desk) if side == 0 else ask_pairs(desk)
    count, at = read_ragged(frame, at + 1, end, current_book(desk), pairs, desk[ROOM], COLUMNS)
    if count < 0:
        return count
    desk[BIDS + side] = count
    return at
