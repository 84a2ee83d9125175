"""The levels in Coinbase's frames: `[{"side":"bid","event_time":"…","price_level":"1","new_quantity":"2"},…]`.

They may be read in slices: the frame is left between two updates, and read on from there.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, PRICE, SIZE
from signald.core.kernels.machine import Words, words_from
from signald.core.kernels.members import (
    is_next,
    object_of,
    seen_before,
    skip_member,
)
from signald.core.kernels.objects import is_key, key_of, read_number
from signald.core.kernels.outcomes import OFF_LOT, OFF_TICK, TOO_MANY
from signald.core.kernels.scan import CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, STRANGE, peek
from signald.sources.venues.coinbase.words import (
    ASKS,
    BIDS,
    HERE_LOTS,
    HERE_SIDE,
    HERE_TICKS,
    LEAVE_AT,
    LEFT,
    LEFT_AT,
    PLACES,
    UPDATES,
)

_SIDE: Final = key_of("side")
_PRICE: Final = int.from_bytes(b'"price_l', "little")
_PRICE_END: Final = int.from_bytes(b'evel"', "little")
_SIZE: Final = int.from_bytes(b'"new_qua', "little")
_SIZE_END: Final = int.from_bytes(b'ntity"', "little")
_BID: Final = int.from_bytes(b':"bid"', "little")
_OFFER: Final = int.from_bytes(b':"offer"', "little")
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF


@inner
def read_updates(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:[{"side":"bid","event_time":"…","price_level":"78856.05","new_quantity":"0.04868907"},…]`."""
    if not is_next(frame, at, end, OPEN_BRACKET) or desk[CURRENT] == 0 or seen_before(desk, UPDATES):
        return STRANGE
    desk[BIDS] = 0
    desk[ASKS] = 0
    at += 2
    if peek(frame, at, end) == CLOSE_BRACKET:
        return at + 1
    return read_more(frame, at, end, desk)


@inner
def read_more(frame: bytes, at: int, end: int, desk: Words) -> int:
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
    at = _read_update_object(frame, at + 1, end, desk)
    if at < 0:
        return at
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


_read_update_object = object_of(_read_update_member)
