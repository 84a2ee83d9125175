"""Coinbase's frames, read from their bytes: the channel `level2`, and the number that each frame of any channel has.

The kernel reads the keys in any order and any keys besides, as long as `channel` and `sequence_num` stand before
`events`, `product_id` before `updates`, `events` has one element, and all is compact ASCII. What else is JSON comes out
as NOT_PLAIN: messages.py has the slow path for it.
"""

from typing import Final

from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.machine import Words
from signald.core.kernels.members import (
    SEEN,
    end_frame,
    end_single,
    frame_of,
    is_next,
    object_of,
    read_action,
    read_member,
    read_symbol_member,
    read_time_member,
    rest_of,
    seen_before,
    seen_bits,
    single_of,
    skip_member,
)
from signald.core.kernels.objects import is_key, key_of
from signald.core.kernels.outcomes import UNKNOWN_SYMBOL
from signald.core.kernels.scan import CLOSE_BRACKET, QUOTE, STRANGE, peek, skip_text, skip_value
from signald.sources.venues.coinbase.updates import read_more, read_updates
from signald.sources.venues.coinbase.words import (
    CHANNEL,
    CHANNEL_BOOK,
    CHANNEL_OTHER,
    EVENT,
    EVENTS,
    GOES_ON,
    GOES_ON_KEY,
    LEFT_AT,
    NUMBER,
    SYMBOL,
    TYPE,
)

SAW_FRAME: Final = seen_bits(CHANNEL, NUMBER)

_CHANNEL: Final = int.from_bytes(b'"channel', "little")
_EVENT: Final = int.from_bytes(b'"timesta', "little")
_EVENT_END: Final = int.from_bytes(b'mp"', "little")
_NUMBER: Final = int.from_bytes(b'"sequenc', "little")
_NUMBER_END: Final = int.from_bytes(b'e_num"', "little")
_EVENTS: Final = key_of("events")
_GOES_ON: Final = int.from_bytes(GOES_ON_KEY[:-1], "little")
_TYPE: Final = key_of("type")
_SYMBOL: Final = int.from_bytes(b'"product', "little")
_SYMBOL_END: Final = int.from_bytes(b'_id"', "little")
_UPDATES: Final = int.from_bytes(b'"updates', "little")
_IS_BOOK: Final = int.from_bytes(b'l2_data"', "little")
_THREE_BYTES: Final = 0xFF_FFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF


@inner
def read_on(frame: bytes, end: int, desk: Words) -> int:
    """Read a frame on from where it was left; as ``read_frame``."""
    at = read_more(frame, desk[LEFT_AT], end, desk)
    at = end_single(frame, _read_rest_of_event(frame, at, end, desk), end)
    return end_frame(_read_rest_of_frame(frame, at, end, desk), end)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of the frame; negative: an outcome, or STRANGE."""
    key, rest = safe_word(frame, at, end), safe_word(frame, at + 8, end)
    if key == _CHANNEL and peek(frame, at + 8, end) == QUOTE:
        return _read_channel(frame, at + 9, end, desk)
    if key == _EVENT and rest & _THREE_BYTES == _EVENT_END:
        return read_time_member(frame, at + 11, end, desk, EVENT)
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


@inner
def _read_events(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `"events":[{"type":"update","product_id":"BTC-USD","updates":[…]}]`; negative: an outcome, or STRANGE."""
    if seen_before(desk, EVENTS) or desk[SEEN] & SAW_FRAME != SAW_FRAME:
        return STRANGE
    if desk[CHANNEL] != CHANNEL_BOOK:
        return skip_member(frame, at, end)
    at += _EVENTS[1]
    first = at + 2
    at = _read_only_event(frame, at, end, desk)
    if at == -UNKNOWN_SYMBOL and not _stands_alone(frame, first, end):
        return STRANGE
    return at


@inner
def _stands_alone(frame: bytes, at: int, end: int) -> bool:
    """Whether the event that begins there is the only one."""
    at = skip_value(frame, at, end)
    return at >= 0 and peek(frame, at, end) == CLOSE_BRACKET


@inner
def _read_event_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key, rest = safe_word(frame, at, end), safe_word(frame, at + 8, end)
    if is_key(key, _TYPE):
        return read_action(frame, at + _TYPE[1], end, desk, TYPE)
    if key == _SYMBOL and rest & _FOUR_BYTES == _SYMBOL_END:
        return read_symbol_member(frame, at + 12, end, desk, SYMBOL)
    if key == _UPDATES and peek(frame, at + 8, end) == QUOTE:
        return read_updates(frame, at + 9, end, desk)
    return skip_member(frame, at, end)


_read_event = object_of(_read_event_member)
_read_only_event = single_of(_read_event)
_read_rest_of_event = rest_of(_read_event)
_read_members = object_of(_read_frame_member)
_read_rest_of_frame = rest_of(_read_members)
read_frame = frame_of(_read_members)
"""Reads `{"channel":"l2_data","timestamp":"…","sequence_num":1,"events":[{…}]}`; negative: an outcome."""
