"""The books of one connection as one array: whose frame it is, what it said, and room for its levels.

0   head
16  wire: what the venue's decoder read of the frame at hand, by the decoder's own names
64  routes: a hash table of 8 words a slot: length of the symbol, its bytes, the book's address, its number
…   levels of the frame at hand, as (tick, lots) pairs: bids, then asks
"""

from typing import Final

from signald.core.kernels.digits import safe_word
from signald.core.kernels.jit import inlined
from signald.core.kernels.layout import BOOK_WORDS
from signald.core.kernels.machine import Words, bits_up_to, scatter, words_at, words_from
from signald.core.kernels.scan import STRANGE
from signald.core.kernels.swar import plain_run

CURRENT: Final = 0  # address of the book that the frame at hand is for; 0: not known (yet)
CURRENT_NUMBER: Final = 1  # its number
ROUTE_WIDTH: Final = 2  # the table has 2^this slots
LEVELS: Final = 3  # where the levels begin
ROOM: Final = 4  # levels that fit, a side
COUNTED: Final = 5  # the last number of a venue that counts a connection's frames; NONE: none yet
BEHIND: Final = 6  # how many frames in a row had numbers of before it

WIRE: Final = 16
ROUTES: Final = 64
ROUTE_WORDS: Final = 8
ROUTE_LENGTH: Final = 0
ROUTE_SYMBOL: Final = 1
ROUTE_ADDRESS: Final = 5
ROUTE_NUMBER: Final = 6
SYMBOL_WORDS: Final = 4
LONGEST_SYMBOL: Final = 8 * SYMBOL_WORDS


@inlined
def bid_pairs(desk: Words) -> Words:
    """Room for the frame's bids."""
    return words_from(desk, desk[LEVELS])


@inlined
def ask_pairs(desk: Words) -> Words:
    """Room for the frame's asks."""
    return words_from(desk, desk[LEVELS] + 2 * desk[ROOM])


@inlined
def current_book(desk: Words) -> Words:
    """The book that the frame at hand is for; CURRENT must not be 0."""
    return words_at(desk[CURRENT], BOOK_WORDS)


@inlined
def mix(first: int, second: int, third: int, fourth: int) -> int:
    """What a symbol's slot is scattered from."""
    return first ^ (second << 1) ^ (third << 2) ^ (fourth << 3)


@inlined
def route(desk: Words, frame: bytes, at: int, end: int) -> int:
    """Read a symbol from after its opening quote, and make its book the current one.

    Returns:
        The place of the closing quote, or STRANGE. CURRENT is 0 if we keep no book of that symbol.
    """
    first = at
    symbol = (0, 0, 0, 0)
    for i in range(SYMBOL_WORDS):
        word = safe_word(frame, at, end)
        run = plain_run(word)
        at += run
        kept = word if run == 8 else word & (bits_up_to(8 * run) >> 1)  # noqa: PLR2004  # a word is full
        symbol = _put(symbol, i, kept)
        if run < 8:  # noqa: PLR2004
            _find_route(desk, symbol, at - first)
            return at
    return STRANGE


@inlined
def _put(symbol: tuple[int, int, int, int], i: int, word: int) -> tuple[int, int, int, int]:
    first, second, third, fourth = symbol
    if i == 0:
        first = word
    elif i == 1:
        second = word
    elif i == 2:  # noqa: PLR2004
        third = word
    else:
        fourth = word
    return first, second, third, fourth


@inlined
def _find_route(desk: Words, symbol: tuple[int, int, int, int], length: int) -> None:
    first, second, third, fourth = symbol
    width = desk[ROUTE_WIDTH]
    slot = scatter(mix(first, second, third, fourth), width)
    while True:
        entry = words_from(desk, ROUTES + ROUTE_WORDS * slot)
        if entry[ROUTE_LENGTH] == 0:
            desk[CURRENT] = 0
            return
        same = (entry[ROUTE_LENGTH] == length) & (entry[ROUTE_SYMBOL] == first)
        same &= (entry[ROUTE_SYMBOL + 1] == second) & (entry[ROUTE_SYMBOL + 2] == third)
        if same & (entry[ROUTE_SYMBOL + 3] == fourth):
            desk[CURRENT] = entry[ROUTE_ADDRESS]
            desk[CURRENT_NUMBER] = entry[ROUTE_NUMBER]
            return
        slot = (slot + 1) & ((1 << width) - 1)
