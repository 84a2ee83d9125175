"""dYdX's frames, read from their bytes: the channel `v4_orderbook`, and the number that each frame of any kind has.

The kernel reads the keys in any order and any keys besides, as long as `type`, `message_id`, `channel` and `id` stand
before `contents`, and all is compact ASCII. What else is JSON comes out as NOT_PLAIN: messages.py has the slow path.
"""

from typing import Final

from signald.core.kernels.desk import ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import Words, words_from
from signald.core.kernels.members import (
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
from signald.core.kernels.objects import is_key, key_of, read_objects
from signald.core.kernels.ragged import read_ragged
from signald.core.kernels.scan import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COLON,
    COMMA,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    skip_text,
)

# What a frame said, in the desk's wire words.
TYPE: Final = WIRE + 1  # one of the TYPE_ values
NUMBER: Final = WIRE + 2  # message_id
CHANNEL: Final = WIRE + 3  # 1: the books', 2: another
SYMBOL: Final = WIRE + 4  # the desk's current book
CONTENTS: Final = WIRE + 5
BIDS: Final = WIRE + 6  # how many levels
ASKS: Final = WIRE + 7
SIDES: Final = WIRE + 8  # sides that the element at hand has had: 1 bids, 2 asks
PAIR: Final = WIRE + 10  # (2) scratch

SAW_KIND: Final = seen_bits(TYPE, NUMBER)
SAW_ROUTE: Final = seen_bits(TYPE, NUMBER, CHANNEL, SYMBOL)

TYPE_SNAPSHOT: Final = 1
TYPE_UPDATE: Final = 2
TYPE_BATCH: Final = 3
TYPE_OTHER: Final = 4
CHANNEL_BOOKS: Final = 1
CHANNEL_OTHER: Final = 2
COLUMNS: Final = 2
"""Texts of an update's level: price and size."""


_TYPE: Final = key_of("type")
_NUMBER: Final = int.from_bytes(b'"message', "little")
_NUMBER_END: Final = int.from_bytes(b'_id"', "little")
_CHANNEL: Final = int.from_bytes(b'"channel', "little")
_SYMBOL: Final = key_of("id")
_CONTENTS: Final = int.from_bytes(b'"content', "little")
_CONTENTS_END: Final = int.from_bytes(b's"', "little")
_BIDS: Final = key_of("bids")
_ASKS: Final = key_of("asks")
_PRICE: Final = key_of("price")
_SIZE: Final = key_of("size")
_IS_SUBSCRIBED: Final = (int.from_bytes(b"subscrib", "little"), int.from_bytes(b'ed"', "little"))
_IS_UPDATE: Final = (int.from_bytes(b"channel_", "little"), int.from_bytes(b'data"', "little"))
_IS_BATCH: Final = (int.from_bytes(b"channel_", "little"), int.from_bytes(b"batch_da", "little"))
_BATCH_END: Final = int.from_bytes(b'ta"', "little")
_IS_BOOKS: Final = (int.from_bytes(b"v4_order", "little"), int.from_bytes(b'book"', "little"))
_TWO_BYTES: Final = 0xFFFF
_THREE_BYTES: Final = 0xFF_FFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF


@inner
def read_frame(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"type":"channel_data","message_id":2,"id":"BTC-USD","channel":"v4_orderbook","contents":{…}}`."""
    desk[CHANNEL] = 0
    return _read_frame(frame, end, desk)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of the frame; negative: an outcome, or STRANGE."""
    key, rest = safe_word(frame, at, end), safe_word(frame, at + 8, end)
    if is_key(key, _TYPE):
        return _read_type(frame, at + _TYPE[1], end, desk)
    if key == _NUMBER and rest & _FOUR_BYTES == _NUMBER_END:
        return read_member(frame, at + 12, end, desk, NUMBER)
    if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
        return _read_channel(frame, at + 9, end, desk)
    if is_key(key, _SYMBOL):
        return read_symbol_member(frame, at + _SYMBOL[1], end, desk, SYMBOL)
    if key == _CONTENTS and rest & _TWO_BYTES == _CONTENTS_END:
        return _read_contents(frame, at, end, desk)
    return skip_member(frame, at, end)


@inner
def _read_type(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, TYPE):
        return STRANGE
    word, rest = safe_word(frame, at + 2, end), safe_word(frame, at + 10, end)
    desk[TYPE] = TYPE_OTHER
    if word == _IS_SUBSCRIBED[0] and rest & _THREE_BYTES == _IS_SUBSCRIBED[1]:
        desk[TYPE] = TYPE_SNAPSHOT
    elif word == _IS_UPDATE[0] and rest & _FIVE_BYTES == _IS_UPDATE[1]:
        desk[TYPE] = TYPE_UPDATE
    elif word == _IS_BATCH[0] and rest == _IS_BATCH[1] and safe_word(frame, at + 18, end) & _THREE_BYTES == _BATCH_END:
        desk[TYPE] = TYPE_BATCH
    at = skip_text(frame, at + 2, end)
    return at + 1 if at >= 0 else STRANGE


@inner
def _read_channel(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, CHANNEL):
        return STRANGE
    word, rest = safe_word(frame, at + 2, end), safe_word(frame, at + 10, end)
    is_books = word == _IS_BOOKS[0] and rest & _FIVE_BYTES == _IS_BOOKS[1]
    desk[CHANNEL] = CHANNEL_BOOKS if is_books else CHANNEL_OTHER
    at = skip_text(frame, at + 2, end)
    return at + 1 if at >= 0 else STRANGE


@inner
def _read_contents(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `"contents":{…}`, or `"contents":[{…},…]` of a batch; negative: an outcome, or STRANGE."""
    if seen_before(desk, CONTENTS) or desk[SEEN] & SAW_KIND != SAW_KIND:
        return STRANGE
    if desk[TYPE] == TYPE_OTHER or desk[CHANNEL] == CHANNEL_OTHER:
        return skip_member(frame, at, end)
    if desk[SEEN] & SAW_ROUTE != SAW_ROUTE or peek(frame, at + 10, end) != COLON:
        return STRANGE
    desk[BIDS] = 0
    desk[ASKS] = 0
    at += 11
    return _read_batch(frame, at, end, desk) if desk[TYPE] == TYPE_BATCH else _read_element(frame, at, end, desk)


@inner
def _read_batch(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `[{…},…]`."""
    if peek(frame, at, end) != OPEN_BRACKET:
        return STRANGE
    at += 1
    if peek(frame, at, end) == CLOSE_BRACKET:
        return at + 1
    while True:
        at = _read_element(frame, at, end, desk)
        if at < 0:
            return at
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACKET:
            return at
        if byte != COMMA:
            return STRANGE


@inner
def _read_element(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `{"bids":[…],"asks":[…]}`, of which either may be missing, behind what was read before."""
    if peek(frame, at, end) != OPEN_BRACE:
        return STRANGE
    at += 1
    if peek(frame, at, end) == CLOSE_BRACE:
        return at + 1
    desk[SIDES] = 0
    return _read_element_object(frame, at, end, desk)


@inlined
def _read_element_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if is_key(key, _BIDS):
        return _read_side(frame, at + _BIDS[1], end, desk, 0)
    if is_key(key, _ASKS):
        return _read_side(frame, at + _ASKS[1], end, desk, 1)
    return skip_member(frame, at, end)


@inner
def _read_side(frame: bytes, at: int, end: int, desk: Words, side: int) -> int:
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[SIDES] >> side & 1 != 0:
        return STRANGE
    desk[SIDES] |= 1 << side
    before = desk[BIDS + side]
    pairs = words_from(bid_pairs(desk) if side == 0 else ask_pairs(desk), 2 * before)
    book, room = current_book(desk), desk[ROOM] - before
    if desk[TYPE] == TYPE_SNAPSHOT:
        places = words_from(desk, PAIR)
        count, at = read_objects(frame, at + 1, end, book, pairs, room, _PRICE, _SIZE, True, places)  # noqa: FBT003
    else:
        count, at = read_ragged(frame, at + 1, end, book, pairs, room, COLUMNS)
    if count < 0:
        return count
    desk[BIDS + side] = before + count
    return at


_read_element_object = object_of(_read_element_member)
_read_frame = frame_of(object_of(_read_frame_member))
