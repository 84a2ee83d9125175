"""Where everything of one book lies: one array of 8-byte words, allocated once.

0    head: state, touch, counts, sequence, forms of its numbers
128  row: the board row as it will be written next
160  flow: one second of order flow in tenths
192  bits: a bit for each slot of the two rings that is taken, bids then asks
…    changed: a bit for each block of 64 slots whose money is out of date, bids then asks
…    money: the sum of tick * lots of each block, as floats, bids then asks
…    rings: the sizes in lots at the 2^16 ticks around the touch, bids then asks; slot = tick modulo 2^16
…    overflow: a table of all levels outside the window, see overflow.py
…    texts: levels as they were last written, for a venue's checksum: a head, then 2^8 places a side, by tick
"""

from typing import Final

SIDES: Final = 2
BID_SIDE: Final = 0
ASK_SIDE: Final = 1
NONE: Final = -1
"""No tick: a side without levels."""

# Head. What stands twice has the bid's at the given word and the ask's at the next.
PHASE: Final = 0  # one of the PHASE_ values
BASE: Final = 1  # lowest tick of the window, a multiple of 64
BEST: Final = 2  # (2) best tick of each side, NONE if it is empty
COUNT: Final = 4  # (2) levels of each side
OUTSIDE: Final = 6  # (2) those of them outside the window
KNOWN: Final = 8  # (2) worst tick of each side up to which every level is known
TABLE_WIDTH: Final = 10  # the overflow table has 2^this slots
APART: Final = 11  # 1 while a touch lies outside the window
LAST: Final = 12  # the venue's sequence after the last applied frame
CROSSED_RUN: Final = 13  # depth frames in a row that left the book crossed
ROW_ADDRESS: Final = 14  # where the board's row is
TICKER_SEQUENCE: Final = 15
TICKER_TS: Final = 16  # our time of the ticker
TICKER: Final = 17  # (4) bid tick, ask tick, bid lots, ask lots
TOUCH: Final = 21  # (4) likewise: what the row's touch was taken from
DEPTH_DUE: Final = 25  # earliest time of the next depth measurement
DEPTH_EVERY: Final = 26  # ns between depth measurements
CROSSED_LIMIT: Final = 27  # crossed frames in a row that are too many
EVICTED: Final = 28  # levels forgotten for want of room
HELD: Final = 31  # flags of the row that no frame takes away
SLIPPAGE_SIZES: Final = 29  # (2) US dollars whose slippage is measured, as floats; 0: none

# How prices and sizes are written: a block of four words each, see digits.py.
PRICE: Final = 32
SIZE: Final = 36
DECIMALS: Final = 0  # digits after the point that count
SCALE: Final = 1  # 10^decimals
STEP: Final = 2  # tick or lot size in units of the last of them
LIMIT: Final = 3  # largest whole part that can be scaled exactly
# The venue's habit: digits before and after the point of the last price, and after the point of the last size.
PRICE_WHOLE: Final = 40
PRICE_PLACES: Final = 41
SIZE_PLACES: Final = 42
# Factors from steps to units, as floats: price = ticks * step / scale.
PRICE_STEP_REAL: Final = 44
PRICE_SCALE_REAL: Final = 45
SIZE_STEP_REAL: Final = 46
SIZE_SCALE_REAL: Final = 47

VENUE: Final = 88  # (8) what the venue's decoder keeps of the book, by its own names
NEAR: Final = 96  # (20) scratch of outside.py

PHASE_OFF: Final = 0  # no connection, or nothing asked for
PHASE_WAITING: Final = 1  # frames are kept until the snapshot comes
PHASE_SEEDED: Final = 2  # the snapshot is in; the next frame must join it
PHASE_LIVE: Final = 3

ROW: Final = 128
FLOW: Final = 160
BITS: Final = 192
RING_WIDTH: Final = 16
RING: Final = 1 << RING_WIDTH
RING_WORDS: Final = RING >> 6
CHANGED: Final = BITS + SIDES * RING_WORDS
CHANGED_WORDS: Final = RING_WORDS >> 6
MONEY: Final = CHANGED + SIDES * CHANGED_WORDS
RINGS: Final = MONEY + SIDES * RING_WORDS
OVERFLOW: Final = RINGS + SIDES * RING
TABLE_WIDTH_FIRST: Final = 10
TABLE_WIDTH_LAST: Final = 14
OVERFLOW_WORDS: Final = 4 << TABLE_WIDTH_LAST
TEXTS: Final = OVERFLOW + OVERFLOW_WORDS
TEXT_WIDTH: Final = 8
TEXT_WORDS: Final = 8
TEXTS_WORDS: Final = TEXT_WORDS + (SIDES << TEXT_WIDTH) * TEXT_WORDS
BOOK_WORDS: Final = TEXTS + TEXTS_WORDS
"""1.6 MB: 2^16 sizes a side, up to 12,288 levels outside, and 2^8 written levels a side."""
