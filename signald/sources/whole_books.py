"""Whole books that we write ourselves of what says the same in other words: ccxt's books, the states of pools.

One looks like this::

    {"asks":[["101","1"]],"bids":[["100","2"]],"block":21000000,"symbol":"btcusd","timestamp":1739367000123}

`block` is the number of the block that a book is of, and `timestamp` (ms) its time; without a block it is when the
exchange made the book, null where it does not say. A book with a block is as old as its block, however late it comes;
a block below the last one is a gap, for the chain has taken back what was. The kernel reads the keys in any order and
any keys besides. Whose book it is stands behind its levels, so these are found first and read afterwards. Without
`symbol` a frame is no book's: it says what went wrong.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.layout import LAST, PHASE, PHASE_LIVE, PHASE_OFF
from signald.core.kernels.machine import WordArray, Words, length_of, words_held
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
from signald.core.kernels.objects import is_key, key_of
from signald.core.kernels.outcomes import AHEAD, GAP, MISSING_FIELD, OTHER_KIND, QUIET, TOO_LARGE
from signald.core.kernels.ragged import read_ragged
from signald.core.kernels.scan import (
    OPEN_BRACKET,
    STRANGE,
    skip_value,
)
from signald.core.kernels.window import replace_window

# What a frame said, in the desk's wire words.
SYMBOL: Final = WIRE + 1  # the desk's current book
EVENT: Final = WIRE + 2  # ms; 0: nobody knows
BIDS: Final = WIRE + 3  # first the place of the list, then how many levels
ASKS: Final = WIRE + 4
BLOCK: Final = WIRE + 5  # number of the block, or else the time

COLUMNS: Final = 2
"""Texts of a level: price and size."""
MOST_AHEAD_NS: Final = 300_000_000_000
"""An exchange's clock may be so much ahead of ours; what is beyond it is no time."""

_SAW_BOOK: Final = seen_bits(BIDS, ASKS)
_SAW_SYMBOL: Final = seen_bits(SYMBOL)
_SAW_BLOCK: Final = seen_bits(BLOCK)
_SYMBOL: Final = int.from_bytes(b'"symbol"', "little")
_TIMESTAMP: Final = int.from_bytes(b'"timesta', "little")
_TIMESTAMP_END: Final = int.from_bytes(b'mp":', "little")
_BLOCK: Final = key_of("block")
_BIDS: Final = key_of("bids")
_ASKS: Final = key_of("asks")
_NULL: Final = int.from_bytes(b":null", "little")
_FOUR_BYTES: Final = 0xFFFF_FFFF
_FIVE_BYTES: Final = 0xFF_FFFF_FFFF


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    desk[EVENT] = 0
    at = _read_frame(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if seen & _SAW_SYMBOL == 0:
        return OTHER_KIND
    if seen & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    if not 0 <= desk[EVENT] <= LATEST_MS:
        return TOO_LARGE
    if desk[EVENT] * NS_PER_MS - now > MOST_AHEAD_NS:
        return AHEAD
    if seen & _SAW_BLOCK != 0:
        return _take_block(frame, now, desk)
    desk[BLOCK] = desk[EVENT]
    return _take_book(frame, now, desk)


@inlined
def _take_block(frame: bytes, now: int, desk: Words) -> int:
    """Take the book of a block at the block's own time, unless the chain has stepped back."""
    if desk[BLOCK] < 0:
        return TOO_LARGE
    book = current_book(desk)
    if book[PHASE] == PHASE_LIVE and desk[BLOCK] < book[LAST]:
        return GAP
    return _take_book(frame, min(now, desk[EVENT] * NS_PER_MS), desk)


@inlined
def _take_book(frame: bytes, now: int, desk: Words) -> int:
    """Read the levels, and replace the book by them; of each side nothing is known beyond its worst level."""
    end = length_of(frame)
    book = current_book(desk)
    bids, _ = read_ragged(frame, desk[BIDS], end, book, bid_pairs(desk), desk[ROOM], COLUMNS)
    asks, _ = read_ragged(frame, desk[ASKS], end, book, ask_pairs(desk), desk[ROOM], COLUMNS)
    if bids < 0 or asks < 0:
        return -bids if bids < 0 else -asks
    if book[PHASE] == PHASE_OFF:
        return QUIET
    ts_event = desk[EVENT] * NS_PER_MS if desk[EVENT] > 0 else now
    return replace_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, 1, desk[BLOCK], ts_event, now)


@inlined
def _read_frame_member(frame: bytes, at: int, end: int, desk: Words) -> int:
    key = safe_word(frame, at, end)
    if is_key(key, _ASKS):
        return _find_side(frame, at + _ASKS[1], end, desk, ASKS)
    if is_key(key, _BIDS):
        return _find_side(frame, at + _BIDS[1], end, desk, BIDS)
    if is_key(key, _BLOCK):
        return read_member(frame, at + _BLOCK[1], end, desk, BLOCK)
    if key == _SYMBOL:
        return read_symbol_member(frame, at + 8, end, desk, SYMBOL)
    if key == _TIMESTAMP and safe_word(frame, at + 8, end) & _FOUR_BYTES == _TIMESTAMP_END:
        return _read_time(frame, at + 11, end, desk)
    return skip_member(frame, at, end)


@inlined
def _read_time(frame: bytes, at: int, end: int, desk: Words) -> int:
    """Read `:1739367000123` or `:null`."""
    if safe_word(frame, at, end) & _FIVE_BYTES == _NULL:
        return at + 5
    return read_member(frame, at, end, desk, EVENT)


@inner
def _find_side(frame: bytes, at: int, end: int, desk: Words, place: int) -> int:
    """Keep where the list of a side begins, and go on behind it."""
    if not is_next(frame, at, end, OPEN_BRACKET) or seen_before(desk, place):
        return STRANGE
    desk[place] = at + 1
    return skip_value(frame, at + 1, end)


_read_frame = frame_of(object_of(_read_frame_member))


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one book: put it in place of the one before, and write its board row.

    Args:
        frame: The book.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. Nothing is changed unless it is APPLIED, WENT_LIVE or CROSSED.
    """
    return _take(frame, now, words_held(desk))


Level: TypeAlias = tuple[str, str]
"""Price and size, in digits without an exponent."""


class BlockBook(msgspec.Struct, frozen=True):
    """What :func:`apply_frame` reads of a book with a block."""

    asks: Sequence[Level]
    bids: Sequence[Level]
    block: int
    symbol: str
    timestamp: int
