"""Bybit's frames, read from their bytes: the topics `orderbook.50` and its like of the public websocket, version 5.

The kernel reads the keys in any order and any keys besides, as long as `topic` stands before `data` and all is compact
ASCII. What else is JSON comes out as NOT_PLAIN, and takes the slow path through messages.py. Whose frame it is says the
topic; the symbol inside `data` says it again and is not looked at.
"""

from typing import Final

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.layout import LAST, PHASE, PHASE_LIVE, PHASE_OFF, VENUE
from signald.core.kernels.machine import WordArray, Words, length_of, words_held
from signald.core.kernels.members import (
    LATEST_MS,
    NS_PER_MS,
    SEEN,
    frame_of,
    is_next,
    object_of,
    read_member,
    read_symbol,
    seen_before,
    seen_bits,
    skip_member,
)
from signald.core.kernels.outcomes import (
    BAD_SEQUENCE,
    GAP,
    MISSING_FIELD,
    OTHER_KIND,
    QUIET,
    TOO_LARGE,
    UNKNOWN_SYMBOL,
)
from signald.core.kernels.ragged import read_ragged
from signald.core.kernels.scan import (
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRANGE,
    peek,
    read_counter,
    skip_text,
)
from signald.core.kernels.window import commit_window, replace_window

# What a frame said, in the desk's wire words.
TOPIC: Final = WIRE + 1
DEPTH: Final = WIRE + 2  # levels a side, from the topic
SYMBOL: Final = WIRE + 3  # the desk's current book
ACTION: Final = WIRE + 4  # one of the ACTION_ values
DATA: Final = WIRE + 5
PUBLISHED: Final = WIRE + 6  # ts, ms
MATCHED: Final = WIRE + 7  # cts, ms
FINAL: Final = WIRE + 8  # u
BIDS: Final = WIRE + 9  # how many levels
ASKS: Final = WIRE + 10

ACTION_SNAPSHOT: Final = 1
ACTION_DELTA: Final = 2
RESTARTED: Final = 1
"""The u of a frame that a service sends after its restart: a snapshot, whatever its type says."""
LEAST_DEPTH: Final = 50
"""Topics of fewer levels are no books of ours: `orderbook.1` has snapshots of the touch only."""
COLUMNS: Final = 2
"""Texts of a level: price and size."""

_SAW_BOOK: Final = seen_bits(TOPIC, ACTION, FINAL, BIDS, ASKS)
_SAW_TIME: Final = seen_bits(PUBLISHED, MATCHED)
_SAW_MATCHED: Final = seen_bits(MATCHED)
_SAW_DATA: Final = seen_bits(DATA)

# Keys, with their quotes, as the bytes that a word has from them; then values.
_TOPIC: Final = int.from_bytes(b'"topic"', "little")
_TYPE: Final = int.from_bytes(b'"type"', "little")
_DATA: Final = int.from_bytes(b'"data"', "little")
_PUBLISHED: Final = int.from_bytes(b'"ts"', "little")
_MATCHED: Final = int.from_bytes(b'"cts"', "little")
_BIDS: Final = int.from_bytes(b'"b"', "little")
_ASKS: Final = int.from_bytes(b'"a"', "little")
_FINAL: Final = int.from_bytes(b'"u"', "little")
_ORDERBOOK: Final = int.from_bytes(b"orderboo", "little")
_ORDERBOOK_END: Final = int.from_bytes(b"k.", "little")
_SNAPSHOT: Final = int.from_bytes(b"snapshot", "little")
_DELTA: Final = int.from_bytes(b'delta"', "little")
_POINT: Final = ord(".")
_TWO_BYTES: Final = 0xFFFF
_THREE_BYTES: Final = 0xFF_FFFF
_FOUR_BYTES: Final = 0xFFFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF
_SIX_BYTES: Final = 0xFFFF_FFFF_FFFF
_SEVEN_BYTES: Final = 0xFF_FFFF_FFFF_FFFF


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    at = _read_frame(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if seen & _SAW_DATA == 0:
        return OTHER_KIND  # an acknowledgement
    if seen & _SAW_BOOK != _SAW_BOOK or seen & _SAW_TIME == 0:
        return MISSING_FIELD
    event = desk[MATCHED] if seen & _SAW_MATCHED != 0 else desk[PUBLISHED]
    if not 0 <= event <= LATEST_MS:
        return TOO_LARGE
    if desk[FINAL] < 0:
        return BAD_SEQUENCE
    return _take_book(desk, event * NS_PER_MS, now)


@inlined
def _take_book(desk: Words, ts_event: int, now: int) -> int:
    """Join a frame to its book.

    A snapshot, or u = 1, replaces the book at any time. Each delta's u is one more than the one before: that is not
    promised, but was so on every delta ever measured, and a resync too many costs less than an update too few.
    """
    book = current_book(desk)
    phase = book[PHASE]
    depth = desk[DEPTH]
    last = desk[FINAL]
    bids, asks = desk[BIDS], desk[ASKS]
    if phase == PHASE_LIVE and depth != book[VENUE]:
        return UNKNOWN_SYMBOL  # another topic's book of the same symbol
    if desk[ACTION] == ACTION_SNAPSHOT or last == RESTARTED:
        if phase == PHASE_OFF:
            return QUIET
        book[VENUE] = depth
        return replace_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, depth, last, ts_event, now)
    if phase != PHASE_LIVE:
        return QUIET  # from before the snapshot that was asked for
    if last != book[LAST] + 1:
        return QUIET if last == book[LAST] else GAP
    return commit_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, depth, last, ts_event, now)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read one member of the frame; negative: an outcome, or STRANGE."""
    key = safe_word(frame, at, end)
    if key & _SEVEN_BYTES == _TOPIC:
        return _read_topic(frame, at + 7, end, desk)
    if key & _SIX_BYTES == _TYPE:
        return _read_action(frame, at + 6, end, desk)
    if key & _SIX_BYTES == _DATA:
        return _read_data(frame, at + 6, end, desk)
    if key & _FOUR_BYTES == _PUBLISHED:
        return read_member(frame, at + 4, end, desk, PUBLISHED)
    if key & _FIVE_BYTES == _MATCHED:
        return read_member(frame, at + 5, end, desk, MATCHED)
    return skip_member(frame, at, end)


@inner
def _read_topic(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:"orderbook.50.BTCUSDT"`; negative: an outcome, or STRANGE."""
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, TOPIC):
        return STRANGE
    named = safe_word(frame, at + 2, end) == _ORDERBOOK
    named &= safe_word(frame, at + 10, end) & _TWO_BYTES == _ORDERBOOK_END
    depth, point = read_counter(frame, at + 12, end)
    if not named or depth < LEAST_DEPTH or peek(frame, point, end) != _POINT:
        return -OTHER_KIND if skip_text(frame, at + 2, end) >= 0 else STRANGE
    desk[DEPTH] = depth
    return read_symbol(frame, point + 1, end, desk, SYMBOL)


@inner
def _read_action(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:"snapshot"` or `:"delta"`; STRANGE if it is neither."""
    if not is_next(frame, at, end, QUOTE) or seen_before(desk, ACTION):
        return STRANGE
    word = safe_word(frame, at + 2, end)
    if word & _SIX_BYTES == _DELTA:
        desk[ACTION] = ACTION_DELTA
        return at + 8
    if word == _SNAPSHOT and peek(frame, at + 10, end) == QUOTE:
        desk[ACTION] = ACTION_SNAPSHOT
        return at + 11
    return STRANGE


@inner
def _read_data(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:{"s":"BTCUSDT","b":[…],"a":[…],"u":1,"seq":1}`; negative: an outcome, or STRANGE."""
    if not is_next(frame, at, end, OPEN_BRACE) or desk[CURRENT] == 0 or seen_before(desk, DATA):
        return STRANGE
    return _read_data_object(frame, at + 2, end, desk)


@inlined
def _read_data_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end) & _THREE_BYTES
    if key == _BIDS:
        return _read_side(frame, at + 3, end, desk, 0)
    if key == _ASKS:
        return _read_side(frame, at + 3, end, desk, 1)
    if key == _FINAL:
        return read_member(frame, at + 3, end, desk, FINAL)
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
        What became of it, see outcomes.py. Nothing is changed unless it is APPLIED, WENT_LIVE or CROSSED.
    """
    return _take(frame, now, words_held(desk))
