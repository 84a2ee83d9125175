"""What became of a frame: the number that every venue's decoder returns."""

from typing import Final

# Nothing is left to do.
APPLIED: Final = 0  # a depth frame changed the book
TOUCHED: Final = 1  # a ticker frame changed the touch
QUIET: Final = 2  # older than what we have, or of no use yet
LAST_ROUTINE: Final = QUIET

# The source has something to do.
WENT_LIVE: Final = 3  # applied, and the book can be believed from here on
KEEP: Final = 4  # the book is syncing: keep the frame until its snapshot comes
GAP: Final = 5  # updates are missing: the book is wrong
CROSSED: Final = 6  # applied, and the book has been crossed for too long to be right
OTHER_KIND: Final = 7  # not a book's: an acknowledgement, another stream
UNKNOWN_SYMBOL: Final = 8  # a book's, but of none that we keep
NOT_PLAIN: Final = 9  # legal perhaps, but not in the form the fast scan reads

# The frame makes no sense; nothing of it was applied.
OFF_TICK: Final = 10  # a price between two ticks: the book must be kept in finer ones
OFF_LOT: Final = 11  # a size between two lots, likewise
TOO_LARGE: Final = 12  # a number too large to be held exactly
BAD_SEQUENCE: Final = 13  # a frame that ends before it begins, or before all counting
TOO_MANY: Final = 14  # more levels than fit
MISSING_FIELD: Final = 15  # something needed is not there
AHEAD: Final = 16  # the venue's time is far ahead of ours: all that is right would count as older from then on

# Once more something to do.
VERIFY: Final = 17  # applied, but the venue sends checksums, which only the wire's own digits can be compared with

MISMATCH: Final = 18  # the venue's checksum is another: the levels are changed, the board's row is not
LOST_COUNT: Final = 19  # frames of the connection are missing: every book on it is wrong

TICK: Final = 20  # not taken: a tick is due before it

FINER: Final = frozenset({OFF_TICK, OFF_LOT})
"""A book in finer steps may take the frame."""

PROBLEMS: Final = {
    NOT_PLAIN: "a counter is out of its range, or a price or size is no positive number",
    OFF_TICK: "a price is far finer than the tick size",
    OFF_LOT: "a size is far finer than the lot size",
    TOO_LARGE: "a number is too large to be held exactly",
    BAD_SEQUENCE: "the last sequence is before the first, or below zero",
    TOO_MANY: "more levels than fit",
    MISSING_FIELD: "a field is missing",
    AHEAD: "the venue's time is far ahead of ours",
}
