"""Coinbase's frames, read from their bytes: the channel `level2`, and the number that each frame of any channel has.

The kernel reads the keys in any order and any keys besides, as long as `channel` and `sequence_num` stand before
`events`, `product_id` before `updates`, `events` has one element, and all is compact ASCII. What else is JSON comes out
as NOT_PLAIN: messages.py has the slow path for it.

A frame may be read in slices: it is left between two updates, and read on from there.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, PRICE, SIZE
from signald.core.kernels.machine import Words, words_from
from signald.core.kernels.members import (
    SEEN,
    is_next,
    read_member,
    read_symbol,
    seen_before,
    seen_bits,
    skip_member,
)
from signald.core.kernels.objects import is_key, key_of, read_number
from signald.core.kernels.outcomes import (
    NOT_PLAIN,
    OFF_LOT,
    OFF_TICK,
    TOO_MANY,
    UNKNOWN_SYMBOL,
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
    skip_value,
)
from signald.core.kernels.times import read_time

# What a frame said, in the desk's wire words.
CHANNEL: Final = WIRE + 1  # one of the CHANNEL_ values
EVENT: Final = WIRE + 2  # timestamp, ns
NUMBER: Final = WIRE + 3  # sequence_num
EVENTS: Final = WIRE + 4
TYPE: Final = WIRE + 5  # one of the TYPE_ values
SYMBOL: Final = WIRE + 6  # the desk's current book
UPDATES: Final = WIRE + 7
BIDS: Final = WIRE + 8  # how many levels
ASKS: Final = WIRE + 9
HERE_SIDE: Final = WIRE + 11  # of the change at hand, -1 before it is read; then its ticks and lots
HERE_TICKS: Final = WIRE + 12
HERE_LOTS: Final = WIRE + 13
PLACES: Final = WIRE + 14  # of no use here
TAKEN: Final = WIRE + 16  # number of the frame whose further parts may be taken; NONE: those of no frame
LEAVE_AT: Final = WIRE + 17  # place in the frame behind which no further update is read just now
LEFT_AT: Final = WIRE + 18  # where the frame was left
GOES_ON: Final = WIRE + 10  # not 0: a part of a frame whose number has been counted; only messages.py writes that

LEFT: Final = 64
"""Beside what outcomes.py has: there is more to read."""
SAW_FRAME: Final = seen_bits(CHANNEL, NUMBER)
CHANNEL_BOOK: Final = 1
CHANNEL_OTHER: Final = 2
TYPE_SNAPSHOT: Final = 1
TYPE_UPDATE: Final = 2


_CHANNEL: Final = int.from_bytes(b'"channel', "little")
_EVENT: Final = int.from_bytes(b'"timesta', "little")
_EVENT_END: Final = int.from_bytes(b'mp"', "little")
_NUMBER: Final = int.from_bytes(b'"sequenc', "little")
_NUMBER_END: Final = int.from_bytes(b'e_num"', "little")
_EVENTS: Final = key_of("events")
GOES_ON_KEY: Final = b'"goes_on"'
_GOES_ON: Final = int.from_bytes(GOES_ON_KEY[:-1], "little")
_TYPE: Final = key_of("type")
_SYMBOL: Final = int.from_bytes(b'"product', "little")
_SYMBOL_END: Final = int.from_bytes(b'_id"', "little")
_UPDATES: Final = int.from_bytes(b'"updates', "little")
_SIDE: Final = key_of("side")
_PRICE: Final = int.from_bytes(b'"price_l', "little")
_PRICE_END: Final = int.from_bytes(b'evel"', "little")
_SIZE: Final = int.from_bytes(b'"new_qua', "little")
_SIZE_END: Final = int.from_bytes(b'ntity"', "little")
_IS_BOOK: Final = int.from_bytes(b'l2_data"', "little")
_SNAPSHOT: Final = int.from_bytes(b"snapshot", "little")
_UPDATE: Final = int.from_bytes(b'update"', "little")
_BID: Final = int.from_bytes(b':"bid"', "little")
_OFFER: Final = int.from_bytes(b':"offer"', "little")
_THREE_BYTES: Final = 0xFF_FFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inner
def read_frame(frame: bytes, end: int, desk: Words) -> int:
    """Read `{"channel":"l2_data","timestamp":"…","sequence_num":1,"events":[{…}]}`; negative: an outcome."""
    if peek(frame, 0, end) != OPEN_BRACE:
        return -NOT_PLAIN
    return _end_frame(frame, _read_frame_member(frame, 1, end, desk), end, desk)


@inner
def read_on(frame: bytes, end: int, desk: Words) -> int:
    """Read a frame on from where it was left; as :func:`read_frame`."""
    at = _read_more(frame, desk[LEFT_AT], end, desk)
    return _end_frame(frame, _end_event(frame, at, end, desk), end, desk)


@inner
def _end_frame(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read what follows a member of the frame, up to its end; negative: an outcome."""
    while at >= 0:
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            return at if at == end else -NOT_PLAIN
        if byte != COMMA:
            return -NOT_PLAIN
        at = _read_frame_member(frame, at, end, desk)
    return at if at != STRANGE else -NOT_PLAIN


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of the frame; negative: an outcome, or STRANGE."""
    key, rest = safe_word(frame, at, end), safe_word(frame, at + 8, end)
    if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
        return _read_channel(frame, at + 9, end, desk)
    if key == _EVENT and rest & _THREE_BYTES == _EVENT_END:
        return _read_event(frame, at + 11, end, desk)
    if key == _NUMBER and rest & _SIX_BYTES == _NUMBER_END:
        return read_member(frame, at + 14, end, desk, NUMBER)
    if is_key(key, _EVENTS):
        return _read_events(frame, at, end, desk)
    if key == _GOES_ON and peek(frame, at + 8, end) == QUOTE:
        return read_member(frame, at + 9, end, desk, GOES_ON)
    return skip_member(frame, at, end)


@inner
def _read_channel(frame: bytes, at: int, end: int, desk: Words) -> int:
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, CHANNEL):
        return STRANGE
    if safe_word(frame, at + 2, end) == _IS_BOOK:
        desk[CHANNEL] = CHANNEL_BOOK
        return at + 10
    desk[CHANNEL] = CHANNEL_OTHER
    at = skip_text(frame, at + 2, end)
    return at + 1 if at >= 0 else STRANGE


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
def _read_events(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `"events":[{"type":"update","product_id":"BTC-USD","updates":[…]}]`; negative: an outcome, or STRANGE."""
    if seen_before(desk, EVENTS) or desk[SEEN] & SAW_FRAME != SAW_FRAME:
        return STRANGE
    if desk[CHANNEL] != CHANNEL_BOOK:
        return skip_member(frame, at, end)
    at += _EVENTS[1]
    if not is_next(frame, at, end, OPEN_BRACKET) or peek(frame, at + 2, end) != OPEN_BRACE:
        return STRANGE
    first = at + 2
    at = _end_event(frame, _read_events_member(frame, at + 3, end, desk), end, desk)
    if at == -UNKNOWN_SYMBOL and not _stands_alone(frame, first, end):
        return STRANGE
    return at


@inner
def _stands_alone(frame: bytes, at: int, end: int) -> bool:
    """Whether the event that begins there is the only one."""
    at = skip_value(frame, at, end)
    return at >= 0 and peek(frame, at, end) == CLOSE_BRACKET


@inner
def _end_event(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read what follows a member of the event, up to the end of the events; negative: an outcome, or STRANGE."""
    while at >= 0:
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            return at + 1 if peek(frame, at, end) == CLOSE_BRACKET else STRANGE
        if byte != COMMA:
            return STRANGE
        at = _read_events_member(frame, at, end, desk)
    return at


@inner
def _read_events_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key, rest = safe_word(frame, at, end), safe_word(frame, at + 8, end)
    if is_key(key, _TYPE):
        return _read_type(frame, at + _TYPE[1], end, desk)
    if key == _SYMBOL and rest & _FOUR_BYTES == _SYMBOL_END:
        follows = is_next(frame, at + 12, end, QUOTE)
        return read_symbol(frame, at + 14, end, desk, SYMBOL) if follows else STRANGE
    if key == _UPDATES and peek(frame, at + 8, end) == QUOTE:
        return _read_updates(frame, at + 9, end, desk)
    return skip_member(frame, at, end)


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
def _read_updates(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{"side":"bid","event_time":"…","price_level":"78856.05","new_quantity":"0.04868907"},…]`."""
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CURRENT] == 0 or seen_before(desk, UPDATES):
        return STRANGE
    desk[BIDS] = 0
    desk[ASKS] = 0
    at += 2
    if peek(frame, at, end) == CLOSE_BRACKET:
        return at + 1
    return _read_more(frame, at, end, desk)


@inner
def _read_more(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read updates up to the end of them, or leave the frame; negative: an outcome, or STRANGE."""
    leave_at = desk[LEAVE_AT]
    while desk[BIDS] < desk[ROOM] and desk[ASKS] < desk[ROOM]:
        at = _read_update(frame, at, end, desk)
        if at < 0:
            return at
        closing = peek(frame, at, end)
        at += 1
        if closing == CLOSE_BRACKET:
            return at
        if closing != COMMA:
            return STRANGE
        if at > leave_at:
            desk[LEFT_AT] = at
            return -LEFT
    return -TOO_MANY


@inner
def _read_update(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one change behind those of its side; the place after it, an outcome, negative, or STRANGE."""
    if peek(frame, at, end) != OPEN_BRACE:
        return STRANGE
    desk[HERE_SIDE], desk[HERE_TICKS], desk[HERE_LOTS] = -1, 0, -1
    at += 1
    while True:
        at = _read_update_member(frame, at, end, desk)
        if at < 0:
            return at
        byte = peek(frame, at, end)
        at += 1
        if byte == CLOSE_BRACE:
            break
        if byte != COMMA:
            return STRANGE
    side = desk[HERE_SIDE]
    if side < 0 or desk[HERE_TICKS] == 0 or desk[HERE_LOTS] < 0:
        return STRANGE
    pair = words_from(bid_pairs(desk) if side == BID_SIDE else ask_pairs(desk), 2 * desk[BIDS + side])
    pair[0] = desk[HERE_TICKS]
    pair[1] = desk[HERE_LOTS]
    desk[BIDS + side] += 1
    return at


@inlined
def _read_update_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of a change, each at most once."""
    key, rest = safe_word(frame, at, end), safe_word(frame, at + 8, end)
    book, places = current_book(desk), words_from(desk, PLACES)
    if key == _PRICE and rest & _FIVE_BYTES == _PRICE_END:
        ticks, after = read_number(frame, at + 13, end, words_from(book, PRICE), OFF_TICK, True, places)  # noqa: FBT003
        if ticks < 0:
            return ticks
        again = desk[HERE_TICKS] != 0
        desk[HERE_TICKS] = ticks
        return STRANGE if again or ticks == 0 else after
    if key == _SIZE and rest & _SIX_BYTES == _SIZE_END:
        lots, after = read_number(frame, at + 14, end, words_from(book, SIZE), OFF_LOT, True, places)  # noqa: FBT003
        if lots < 0:
            return lots
        again = desk[HERE_LOTS] >= 0
        desk[HERE_LOTS] = lots
        return STRANGE if again else after
    return _read_side(frame, at + _SIDE[1], end, desk) if is_key(key, _SIDE) else skip_member(frame, at, end)


@inlined
def _read_side(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:"bid"` or `:"offer"`."""
    word = safe_word(frame, at, end)
    is_bid = word & _SIX_BYTES == _BID
    if desk[HERE_SIDE] >= 0 or not (is_bid or word == _OFFER):
        return STRANGE
    desk[HERE_SIDE] = BID_SIDE if is_bid else ASK_SIDE
    return at + (6 if is_bid else 8)
