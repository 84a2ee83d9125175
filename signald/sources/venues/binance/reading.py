"""Binance's frames, read from their bytes: `depthUpdate`, `bookTicker`, and the REST snapshot of depth.

The kernels read the keys in any order and any keys besides, as long as the symbol stands before the levels and all is
compact ASCII. What else is JSON comes out as NOT_PLAIN, and takes the slow path through messages.py.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book, route
from signald.core.kernels.digits import read_steps, safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import PRICE, SIZE
from signald.core.kernels.levels import read_levels
from signald.core.kernels.machine import Words, byte_at, half_at, word_at, words_from
from signald.core.kernels.members import (
    frame_of,
    object_of,
    seen_before,
    skip_member,
)
from signald.core.kernels.outcomes import NOT_PLAIN, OFF_LOT, OFF_TICK, OTHER_KIND, UNKNOWN_SYMBOL
from signald.core.kernels.scan import (
    CLOSE_BRACE,
    COLON,
    COMMA,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    read_counter,
    skip_text,
    skip_value,
)
from signald.core.kernels.swar import plain_run

# What a frame said, in the desk's wire words.
KIND: Final = WIRE + 1  # one of the KIND_ values
EVENT: Final = WIRE + 2  # E, ms
FIRST: Final = WIRE + 3  # U
FINAL: Final = WIRE + 4  # u
BEFORE: Final = WIRE + 5  # pu
BIDS: Final = WIRE + 6  # how many changes
ASKS: Final = WIRE + 7
TICKER: Final = WIRE + 8  # (4) bid tick, ask tick, bid lots, ask lots
SYMBOL: Final = WIRE + 12  # the desk's current book
CHAINED: Final = WIRE + 13  # set once, not by frames: 1 where frames are chained by pu

KIND_UNSAID: Final = 0
KIND_DEPTH: Final = 1
KIND_TICKER: Final = 2
KIND_OTHER: Final = 3


_BID: Final = ord("b")
_ASK: Final = ord("a")
_BID_SIZE: Final = ord("B")
_ASK_SIZE: Final = ord("A")
_FIRST: Final = ord("U")
_FINAL: Final = ord("u")
_EVENT: Final = ord("E")
_SYMBOL: Final = ord("s")
_KIND: Final = ord("e")
_KEY_MASK: Final = 0xFFFF_00FF
_KEY: Final = int.from_bytes(b'"\0":', "little")
_LONG_KEY: Final = int.from_bytes(b'"pu"', "little")
_DEPTH_WORD: Final = int.from_bytes(b"depthUpd", "little")
_DEPTH_END: Final = int.from_bytes(b'ate"', "little")
_TICKER_WORD: Final = int.from_bytes(b"bookTick", "little")
_TICKER_END: Final = int.from_bytes(b'er"', "little")
_THREE_BYTES: Final = 0xFF_FFFF
_LAST_ID_WORD: Final = int.from_bytes(b'"lastUpd', "little")
_LAST_ID_END: Final = int.from_bytes(b'dateId":', "little")
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF
_DATA_KEY: Final = int.from_bytes(b'"data"', "little")
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF
_BIDS: Final = int.from_bytes(b'"bids":', "little")
_ASKS: Final = int.from_bytes(b'"asks":', "little")
_QUOTE_COLON_QUOTE: Final = int.from_bytes(b'":"', "little")
_STREAM: Final = int.from_bytes(b'{"stream', "little")
_DATA: Final = int.from_bytes(b'"data":{', "little")


@inlined
def read_envelope(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"stream":"…","data":{…}}` or the data alone, to the frame's end; negative: an outcome."""
    if end < 8 or byte_at(frame, 0) != OPEN_BRACE:  # noqa: PLR2004  # shorter than any frame
        return -NOT_PLAIN
    if word_at(frame, 0) != _STREAM:
        at = _read_data(frame, 1, end, desk)
    else:
        if end < 12 or half_at(frame, 8) & _THREE_BYTES != _QUOTE_COLON_QUOTE:  # noqa: PLR2004
            return -NOT_PLAIN
        at = skip_text(frame, 11, end)
        if at < 0 or at + 10 > end or byte_at(frame, at + 1) != COMMA or word_at(frame, at + 2) != _DATA:
            return -NOT_PLAIN
        at = _read_data(frame, at + 10, end, desk)
        if at < 0:
            return at
        if peek(frame, at, end) != CLOSE_BRACE:
            return -NOT_PLAIN
        at += 1
    return -NOT_PLAIN if 0 <= at != end else at


@inner
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read the members of the data from after its opening brace; negative: an outcome."""
    while True:
        if at + 4 > end:
            return -NOT_PLAIN
        key = half_at(frame, at)
        if key & _KEY_MASK == _KEY:
            at = _read_member(frame, at + 4, end, desk, (key >> 8) & 0xFF)
        elif key == _LONG_KEY and peek(frame, at + 4, end) == COLON:
            at = _read_number(frame, at + 5, end, desk, BEFORE)
        elif safe_word(frame, at, end) & _SIX_BYTES == _DATA_KEY:
            return -NOT_PLAIN  # an envelope that begins with it
        else:
            at = skip_member(frame, at, end)
        if at < 0:
            return at if at != STRANGE else -NOT_PLAIN
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            return at
        if byte != COMMA:
            return -NOT_PLAIN


@inlined
def _read_member(frame: bytes, at: int, end: int, desk: Words, key: int) -> int:
    """Read the value, at ``at``, of a key of one character; negative: an outcome, or STRANGE."""
    if key in (_BID, _ASK):
        return _read_side(frame, at, end, desk, 0 if key == _BID else 1)
    if key in (_FINAL, _FIRST, _EVENT):
        place = FINAL if key == _FINAL else (FIRST if key == _FIRST else EVENT)
        return _read_number(frame, at, end, desk, place)
    if key == _SYMBOL:
        return _read_symbol(frame, at, end, desk)
    if key == _KIND:
        return _read_kind(frame, at, end, desk)
    if key in (_BID_SIZE, _ASK_SIZE):
        return _read_ticker(frame, at, end, desk, TICKER + (2 if key == _BID_SIZE else 3))
    return skip_value(frame, at, end) if plain_run(key) == 1 else STRANGE


@inner
def _read_number(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    number, at = read_counter(frame, at, end)
    if number < 0 or seen_before(desk, place):
        return -NOT_PLAIN
    desk[place] = number
    return at


@inlined
def _read_symbol(frame: bytes, at: int, end: int, desk: Words) -> int:
    if peek(frame, at, end) != QUOTE or seen_before(desk, SYMBOL):
        return -NOT_PLAIN
    at = route(desk, frame, at + 1, end)
    if at < 0 or peek(frame, at, end) != QUOTE:
        return -NOT_PLAIN
    return at + 1 if desk[CURRENT] != 0 else -UNKNOWN_SYMBOL


@inlined
def _read_kind(frame: bytes, at: int, end: int, desk: Words) -> int:
    if at + 13 > end or byte_at(frame, at) != QUOTE or seen_before(desk, KIND):
        return -NOT_PLAIN
    word = word_at(frame, at + 1)
    ending = half_at(frame, at + 9)
    if word == _DEPTH_WORD and ending == _DEPTH_END:
        desk[KIND] = KIND_DEPTH
        return at + 13
    if word == _TICKER_WORD and ending & _THREE_BYTES == _TICKER_END:
        desk[KIND] = KIND_TICKER
        return at + 12
    if skip_text(frame, at + 1, end) < 0:
        return -NOT_PLAIN  # with escapes it may be any of them
    desk[KIND] = KIND_OTHER
    return -OTHER_KIND


@inner
def _read_side(frame: bytes, at: int, end: int, desk: Words, side: int) -> int:
    """Read `b` or `a`: the changes of a side, or in a ticker its best price."""
    if peek(frame, at, end) != OPEN_BRACKET:
        return _read_ticker(frame, at, end, desk, TICKER + side)
    if desk[CURRENT] == 0 or seen_before(desk, BIDS + side):
        return -NOT_PLAIN
    pairs = bid_pairs(desk) if side == 0 else ask_pairs(desk)
    count, at = read_levels(frame, at, end, current_book(desk), pairs, desk[ROOM])
    if count < 0:
        return count
    desk[BIDS + side] = count
    return at


@inner
def _read_ticker(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Read one quoted number of a ticker into its wire word."""
    if peek(frame, at, end) != QUOTE or desk[CURRENT] == 0 or seen_before(desk, place):
        return -NOT_PLAIN
    is_price = place <= TICKER + 1
    form = words_from(current_book(desk), PRICE if is_price else SIZE)
    steps, at = read_steps(frame, at + 1, end, form, OFF_TICK if is_price else OFF_LOT)
    if steps < 0:
        return steps
    if peek(frame, at, end) != QUOTE:
        return -NOT_PLAIN
    desk[place] = steps
    return at + 1


@inlined
def _read_snapshot_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if key == _LAST_ID_WORD and safe_word(frame, at + 7, end) == _LAST_ID_END:
        return _read_number(frame, at + 15, end, desk, FINAL)
    if key & _SEVEN_BYTES == _BIDS:
        return _read_side(frame, at + 7, end, desk, 0)
    if key & _SEVEN_BYTES == _ASKS:
        return _read_side(frame, at + 7, end, desk, 1)
    return skip_member(frame, at, end)


read_snapshot = frame_of(object_of(_read_snapshot_member))
"""Reads `{"lastUpdateId":1,"bids":[…],"asks":[…]}`."""
