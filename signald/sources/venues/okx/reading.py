"""OKX's frames, read from their bytes: the channels `books` and `bbo-tbt` of the public websocket, version 5.

The kernel reads the keys in any order and any keys besides, as long as `arg` stands before `data`, `data` has one
element, and all is compact ASCII. What else is JSON comes out as NOT_PLAIN: messages.py has the slow path for it.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import Words
from signald.core.kernels.members import (
    frame_of,
    is_next,
    object_of,
    read_action,
    read_member,
    read_quoted_member,
    read_symbol_member,
    seen_before,
    single_of,
    skip_member,
)
from signald.core.kernels.outcomes import OTHER_KIND
from signald.core.kernels.ragged import read_ragged
from signald.core.kernels.scan import (
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
ACTION: Final = WIRE + 4  # SNAPSHOT or UPDATE
DATA: Final = WIRE + 5
EVENT: Final = WIRE + 6  # ts, ms
FINAL: Final = WIRE + 7  # seqId
BEFORE: Final = WIRE + 8  # prevSeqId
CHECKSUM: Final = WIRE + 9
BIDS: Final = WIRE + 10  # how many levels
ASKS: Final = WIRE + 11

CHANNEL_BOOKS: Final = 1
CHANNEL_TOUCH: Final = 2

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
_TWO_BYTES: Final = 0xFFFF
_THREE_BYTES: Final = 0xFF_FFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inner
def read_frame(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"arg":{…},"action":"…","data":[{…}]}` to its end; negative: an outcome."""
    desk[CHANNEL] = 0
    desk[CHECKSUM] = 0
    return _read_frame(frame, end, desk)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if key & _FIVE_BYTES == _ARG:
        return _read_arg(frame, at + 5, end, desk)
    if key == _ACTION:
        return read_action(frame, at + 8, end, desk, ACTION)
    if key & _SIX_BYTES == _DATA:
        return _read_data(frame, at + 6, end, desk)
    return skip_member(frame, at, end)


@inner
def _read_arg(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:{"channel":"books","instId":"BTC-USDT"}`; negative: an outcome, or STRANGE."""
    if not is_next(frame, at, end, OPEN_BRACE) or seen_before(desk, ARG):
        return STRANGE
    return _read_arg_object(frame, at + 2, end, desk)


@inlined
def _read_arg_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
        return _read_channel(frame, at + 9, end, desk)
    if key == _INSTRUMENT:
        return read_symbol_member(frame, at + 8, end, desk, SYMBOL)
    return skip_member(frame, at, end)


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
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{"asks":[…],"bids":[…],"ts":"…","checksum":0,"seqId":2,"prevSeqId":1}]`; negative: an outcome."""
    if desk[CURRENT] == 0 or desk[CHANNEL] == 0 or seen_before(desk, DATA):
        return STRANGE
    return _read_elements(frame, at, end, desk)


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


_read_arg_object = object_of(_read_arg_member)
_read_elements = single_of(object_of(_read_element_member))
_read_frame = frame_of(object_of(_read_frame_member))
