"""What a frame of Coinbase's said, in the desk's wire words."""

from typing import Final

from signald.core.kernels.desk import WIRE

CHANNEL: Final = WIRE + 1  # one of the CHANNEL_ values
EVENT: Final = WIRE + 2  # timestamp, ns
NUMBER: Final = WIRE + 3  # sequence_num
EVENTS: Final = WIRE + 4
TYPE: Final = WIRE + 5  # SNAPSHOT or UPDATE
SYMBOL: Final = WIRE + 6  # the desk's current book
UPDATES: Final = WIRE + 7
BIDS: Final = WIRE + 8  # how many levels
ASKS: Final = WIRE + 9
GOES_ON: Final = WIRE + 10  # not 0: a part of a frame whose number has been counted; only messages.py writes that
HERE_SIDE: Final = WIRE + 11  # of the change at hand, -1 before it is read; then its ticks and lots
HERE_TICKS: Final = WIRE + 12
HERE_LOTS: Final = WIRE + 13
PLACES: Final = WIRE + 14  # of no use here
TAKEN: Final = WIRE + 16  # number of the frame whose further parts may be taken; NONE: those of no frame
LEAVE_AT: Final = WIRE + 17  # place in the frame behind which no further update is read just now
LEFT_AT: Final = WIRE + 18  # where the frame was left

LEFT: Final = 64
"""Beside what outcomes.py has: there is more to read."""
CHANNEL_BOOK: Final = 1
CHANNEL_OTHER: Final = 2
GOES_ON_KEY: Final = b'"goes_on"'
