"""OKX's frames, read from their bytes: the channels `books` and `bbo-tbt` of the public websocket, version 5.

The kernel reads the keys in any order and any keys besides, as long as `arg` stands before `data`, `data` has one
element, and all is compact ASCII. What else is JSON comes out as NOT_PLAIN: messages.py has the slow path for it.
"""

from typing import Final

from signald.core.kernels.commit import commit_ticker
from signald.core.kernels.desk import CURRENT, ROOM, WIRE, ask_pairs, bid_pairs, current_book
from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined, inner, kernel
from signald.core.kernels.layout import LAST, NONE, PHASE, PHASE_LIVE, PHASE_OFF, TICKER_SEQUENCE, VENUE
from signald.core.kernels.machine import WordArray, Words, length_of, words_held
from signald.core.kernels.members import (
    LATEST_MS,
    NS_PER_MS,
    SEEN,
    is_next,
    read_member,
    read_quoted_member,
    read_symbol,
    seen_before,
    seen_bits,
    skip_member,
)
from signald.core.kernels.outcomes import (
    APPLIED,
    BAD_SEQUENCE,
    GAP,
    MISSING_FIELD,
    NOT_PLAIN,
    OTHER_KIND,
    QUIET,
    TOO_LARGE,
    TOO_MANY,
    VERIFY,
)
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
from signald.core.kernels.window import commit_window, replace_window

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

DEPTH: Final = 400
"""Levels a side that `books` has."""
COLUMNS: Final = 4
"""Texts of a level: price, size, one of no use any more, number of orders."""

# What a book's VENUE word says of the snapshot it began with.
CHAINED: Final = 1  # it has a seqId, so every update must join its predecessor
CHECKED: Final = 2  # it has a checksum, so every update is compared with its own

_SAW_BOOK: Final = seen_bits(SYMBOL, ACTION, EVENT, BIDS, ASKS)
_SAW_TOUCH: Final = seen_bits(SYMBOL, FINAL, BIDS, ASKS)
_SAW_CHAIN: Final = seen_bits(FINAL, BEFORE)
_SAW_FINAL: Final = seen_bits(FINAL)
_SAW_DATA: Final = seen_bits(DATA)

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


@inlined
def _take(frame: bytes, now: int, desk: Words) -> int:
    desk[CURRENT] = 0
    desk[SEEN] = 0
    at = _read_frame(frame, length_of(frame), desk)
    if at < 0:
        return -at
    seen = desk[SEEN]
    if seen & _SAW_DATA == 0:
        return OTHER_KIND  # an acknowledgement, an error, a notice
    if seen & _SAW_FINAL != 0 and desk[FINAL] < 0:
        return BAD_SEQUENCE
    if desk[CHANNEL] == CHANNEL_TOUCH:
        return _take_touch(desk, seen, now)
    if seen & _SAW_BOOK != _SAW_BOOK:
        return MISSING_FIELD
    if desk[EVENT] > LATEST_MS:
        return TOO_LARGE
    return _take_book(desk, seen, now)


@inlined
def _take_book(desk: Words, seen: int, now: int) -> int:
    """Join a frame of `books` to its book.

    A snapshot replaces the book at any time. Each update's prevSeqId is the seqId before it; one that brings the last
    seqId again is a repetition. seqId may step back (maintenance): the chain holds through that. An update without
    levels and with equal ids says that nothing happened. Frames of 2021 and 2022 have no ids; only their checksum tells
    that none is missing, and they are put in order by their time.
    """
    book = current_book(desk)
    phase = book[PHASE]
    sequenced = seen & _SAW_FINAL != 0
    last = desk[FINAL] if sequenced else desk[EVENT]
    bids, asks = desk[BIDS], desk[ASKS]
    ts_event = desk[EVENT] * NS_PER_MS
    if desk[ACTION] == ACTION_SNAPSHOT:
        if phase == PHASE_OFF:
            return QUIET
        book[VENUE] = (CHAINED if sequenced else 0) | (CHECKED if desk[CHECKSUM] != 0 else 0)
        return replace_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, DEPTH, last, ts_event, now)
    if phase != PHASE_LIVE:
        return QUIET  # from before the snapshot that was asked for
    if book[VENUE] & CHAINED == 0:
        if last < book[LAST] or sequenced:
            return GAP
    else:
        if seen & _SAW_CHAIN != _SAW_CHAIN:
            return MISSING_FIELD
        if desk[BEFORE] != book[LAST]:
            return QUIET if last == book[LAST] else GAP
        if last < book[LAST]:
            book[TICKER_SEQUENCE] = 0
    outcome = commit_window(book, bid_pairs(desk), bids, ask_pairs(desk), asks, DEPTH, last, ts_event, now)
    return VERIFY if outcome == APPLIED and book[VENUE] & CHECKED != 0 else outcome


@inlined
def _take_touch(desk: Words, seen: int, now: int) -> int:
    """Take the best level of each side, which is all that `bbo-tbt` brings; its seqId counts what the books' counts."""
    if seen & _SAW_TOUCH != _SAW_TOUCH:
        return MISSING_FIELD
    if desk[BIDS] > 1 or desk[ASKS] > 1:
        return TOO_MANY
    bids, asks = bid_pairs(desk), ask_pairs(desk)
    bid = bids[0] if desk[BIDS] > 0 and bids[1] > 0 else NONE
    ask = asks[0] if desk[ASKS] > 0 and asks[1] > 0 else NONE
    bid_lots = bids[1] if bid != NONE else 0
    ask_lots = asks[1] if ask != NONE else 0
    return commit_ticker(current_book(desk), bid, ask, bid_lots, ask_lots, desk[FINAL], now)


@inner
def _read_frame(frame: bytes, end: int, desk: Words) -> int:
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


@kernel("i8(frame, i8, held)")
def apply_frame(frame: bytes, now: int, desk: WordArray) -> int:
    """Take one frame: apply it to its book, and write the book's board row.

    Args:
        frame: The websocket's message.
        now: Our time of it, ns.
        desk: The connection's, see desk.py; CURRENT says afterwards whose frame it was, if that could be read.

    Returns:
        What became of it, see outcomes.py. APPLIED, VERIFY, TOUCHED, WENT_LIVE and CROSSED have changed something.
    """
    return _take(frame, now, words_held(desk))
