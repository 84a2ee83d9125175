"""Hyperliquid's frames, read from their bytes: `l2Book`, each push a whole book, and `bbo`, the touch of each block.

The kernel reads the keys in any order and any keys besides, as long as `channel` stands before `data` and `coin` before
the levels, and all is compact ASCII. What else is JSON comes out as NOT_PLAIN: messages.py has the slow path for it.
"""

from typing import Final

from signald.core.kernels.commit import commit_ticker
from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.layout import LAST, NONE, PHASE, PHASE_LIVE, PHASE_OFF
from signald.core.kernels.machine import WordArray, Words, length_of, words_from, words_held
from signald.core.kernels.members import (
    LATEST_MS,
    NS_PER_MS,
    SEEN,
    frame_of,
    is_next,
    object_of,
    read_member,
    read_symbol_member,
    seen_before,
    seen_bits,
    skip_member,
)
from signald.core.kernels.objects import is_key, key_of, read_object, read_objects
from signald.core.kernels.outcomes import (
    AHEAD,
    BAD_SEQUENCE,
    MISSING_FIELD,
    OTHER_KIND,
    QUIET,
    TOO_LARGE,
)
from signald.core.kernels.scan import (
    CLOSE_BRACKET,
    COMMA,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    skip_text,
)
from signald.core.kernels.window import replace_window

# What a frame said, in the desk's wire words.
CHANNEL: Final = WIRE + 1  # one of the CHANNEL_ values
DATA: Final = WIRE + 2
SYMBOL: Final = WIRE + 3  # the desk's current book
EVENT: Final = WIRE + 4  # time of the block, ms
LEVELS: Final = WIRE + 5
BIDS: Final = WIRE + 6  # how many levels
ASKS: Final = WIRE + 7
PLACES: Final = WIRE + 8  # (2) of no use here

CHANNEL_BOOK: Final = 1
CHANNEL_TOUCH: Final = 2
COMPLETE_BELOW: Final = 5
"""A side of fewer levels is complete: `fast` books have as many as that, others more."""

MOST_AHEAD_NS: Final = 300_000_000_000
"""A block may be so much ahead of our clock; its time is the sequence, and what is before it is dropped."""

_SAW_BOOK: Final = seen_bits(SYMBOL, EVENT, LEVELS)
_SAW_DATA: Final = seen_bits(DATA)

_CHANNEL: Final = int.from_bytes(b'"channel', "little")
_DATA: Final = key_of("data")
_COIN: Final = key_of("coin")
_TIME: Final = key_of("time")
_LEVELS: Final = key_of("levels")
_BBO: Final = key_of("bbo")
_PRICE: Final = key_of("px")
_SIZE: Final = key_of("sz")
_IS_BOOK: Final = int.from_bytes(b'l2Book"', "little")
_IS_TOUCH: Final = int.from_bytes(b'bbo"', "little")
_NULL: Final = int.from_bytes(b"null", "little")
_FOUR_BYTES: Final = 0xFFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    desk[CHANNEL] = 0
    at = _read_frame(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if seen & _SAW_DATA == 0:
        return OTHER_KIND  # the answer to a ping
    if seen & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    if desk[EVENT] < 0:
        return BAD_SEQUENCE
    if desk[EVENT] > LATEST_MS:
        return TOO_LARGE
    if desk[EVENT] * NS_PER_MS - now > MOST_AHEAD_NS:
        return AHEAD
    return _take_touch(desk, now) if desk[CHANNEL] == CHANNEL_TOUCH else _take_book(desk, now)


@inlined
def _take_book(desk: Words, now: int) -> int:
    """Replace the book, unless the push is of an earlier block than its last."""
    book = current_book(desk)
    last = desk[EVENT]
    if book[PHASE] == PHASE_OFF or (book[PHASE] == PHASE_LIVE and last < book[LAST]):
        return QUIET
    ts_event = last * NS_PER_MS
    bids, asks = desk[BIDS], desk[ASKS]
    return replace_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, COMPLETE_BELOW, last, ts_event, now)


@inlined
def _take_touch(desk: Words, now: int) -> int:
    """Take the best level of each side, or none; the block's time is its sequence."""
    bids, asks = bid_pairs(desk), ask_pairs(desk)
    bid = bids[0] if desk[BIDS] > 0 and bids[1] > 0 else NONE
    ask = asks[0] if desk[ASKS] > 0 and asks[1] > 0 else NONE
    bid_lots = bids[1] if bid != NONE else 0
    ask_lots = asks[1] if ask != NONE else 0
    return commit_ticker(current_book(desk), bid, ask, bid_lots, ask_lots, desk[EVENT], now)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
        return _read_channel(frame, at + 9, end, desk)
    if is_key(key, _DATA):
        return _read_data(frame, at + _DATA[1], end, desk)
    return skip_member(frame, at, end)


@inner
def _read_channel(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, CHANNEL):
        return STRANGE
    word = safe_word(frame, at + 2, end)
    if word & _SEVEN_BYTES == _IS_BOOK:
        desk[CHANNEL] = CHANNEL_BOOK
        return at + 9
    if word & _FOUR_BYTES == _IS_TOUCH:
        desk[CHANNEL] = CHANNEL_TOUCH
        return at + 6
    return -OTHER_KIND if skip_text(frame, at + 2, end) >= 0 else STRANGE


@inner
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:{"coin":"BTC","time":1,"levels":[[…],[…]]}`; negative: an outcome, or STRANGE."""
    if not is_next(frame, at, end, OPEN_BRACE) or desk[CHANNEL] == 0 or seen_before(desk, DATA):
        return STRANGE
    return _read_data_object(frame, at + 2, end, desk)


@inlined
def _read_data_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if is_key(key, _COIN):
        return read_symbol_member(frame, at + _COIN[1], end, desk, SYMBOL)
    if is_key(key, _TIME):
        return read_member(frame, at + _TIME[1], end, desk, EVENT)
    if is_key(key, _LEVELS) and desk[CHANNEL] == CHANNEL_BOOK:
        return _read_levels(frame, at + _LEVELS[1], end, desk)
    if is_key(key, _BBO) and desk[CHANNEL] == CHANNEL_TOUCH:
        return _read_touch(frame, at + _BBO[1], end, desk)
    return skip_member(frame, at, end)


@inner
def _read_levels(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[[{…},…],[{…},…]]`, bids and asks."""
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CURRENT] == 0 or seen_before(desk, LEVELS):
        return STRANGE
    at += 1
    for side in range(2):
        if peek(frame, at + 1, end) != OPEN_BRACKET:
            return STRANGE
        pairs = bid_pairs(desk) if side == 0 else ask_pairs(desk)
        places = words_from(desk, PLACES)
        book = current_book(desk)
        count, at = read_objects(frame, at + 1, end, book, pairs, desk[ROOM], _PRICE, _SIZE, True, places)  # noqa: FBT003
        if count < 0:
            return count
        desk[BIDS + side] = count
        if peek(frame, at, end) != (COMMA if side == 0 else CLOSE_BRACKET):
            return STRANGE
    return at + 1


@inner
def _read_touch(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{…},null]`, bid and ask."""
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CURRENT] == 0 or seen_before(desk, LEVELS):
        return STRANGE
    at += 1
    for side in range(2):
        pair = bid_pairs(desk) if side == 0 else ask_pairs(desk)
        if safe_word(frame, at + 1, end) & _FOUR_BYTES == _NULL:
            desk[BIDS + side] = 0
            at += 5
        else:
            places = words_from(desk, PLACES)
            at = read_object(frame, at + 1, end, current_book(desk), pair, _PRICE, _SIZE, True, places)  # noqa: FBT003
            if at < 0:
                return at
            desk[BIDS + side] = 1
        if peek(frame, at, end) != (COMMA if side == 0 else CLOSE_BRACKET):
            return STRANGE
    return at + 1


_read_data_object = object_of(_read_data_member)
_read_frame = frame_of(object_of(_read_frame_member))


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one frame: apply it to its book, and write the book's board row.

    Args:
        frame: The websocket's message.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. Nothing is changed unless it is APPLIED, TOUCHED, WENT_LIVE or CROSSED.
    """
    return _take(frame, now, words_held(desk))
