"""The layout of a board row: 32 eight-byte words, the same in shared memory, in the journal and in the kernels.

A row is addressed as ``i8[32]`` for its whole words and as ``f8[32]`` over the same bytes for its floats.
"""

from typing import Final

import numpy as np

ROW_WORDS: Final = 32
ROW_USED: Final = 29
"""Words that mean something; the rest are for fields to come."""

# Whole numbers (index into the i8 view).
TS_EVENT: Final = 0  # venue's time of the last applied frame, ns; 0: none yet
TS_INGEST: Final = 1  # our time of the last applied frame, ns; 0: none yet
SEQUENCE: Final = 2  # venue's sequence after the last applied frame
APPLIED: Final = 3  # depth frames applied to this book since it was built
STATE: Final = 4  # one of the STATE_ values below
FLAGS: Final = 5  # FLAG_ bits below
TS_TOUCH: Final = 6  # our time of what the touch was taken from, ns
TS_DEPTH: Final = 7  # our time of the last depth measurement, ns

# Floats (index into the f8 view); NaN where unknown.
FIRST_REAL: Final = 8
BID: Final = 8  # quote units
BID_SIZE: Final = 9  # base units
ASK: Final = 10
ASK_SIZE: Final = 11
MID: Final = 12
MICROPRICE: Final = 13
SPREAD_BPS: Final = 14
IMBALANCE: Final = 15  # over ten levels a side, -1 … +1
BID_DEPTH_5: Final = 16  # quote units resting within 5 bps of mid
ASK_DEPTH_5: Final = 17
BID_DEPTH_10: Final = 18
ASK_DEPTH_10: Final = 19
BID_DEPTH_25: Final = 20
ASK_DEPTH_25: Final = 21
FLOW_1S: Final = 22  # order-flow imbalance over one second, base units (Cont, Kukanov & Stoikov 2014)
SLIPPAGE: Final = (
    23  # for each configured size: the size, US dollars; what selling, what buying it costs, see slippage.py
)
SLIPPAGES: Final = 2
SLIPPAGE_FIELDS: Final = 3

STATE_DISCONNECTED: Final = 0
STATE_SYNCING: Final = 1
STATE_LIVE: Final = 2
STATE_GAP: Final = 3

FLAG_CROSSED: Final = 1  # bid above ask
FLAG_LOCKED: Final = 2  # bid equal to ask
FLAG_ONE_SIDED: Final = 4  # a side is empty
FLAG_STALE: Final = 8  # no progress for longer than the venue allows
FLAG_UNREAD: Final = 16  # the writer was too fast to be read: whatever else the row holds is torn
FLAG_UNSEQUENCED: Final = 32  # nobody here can see whether an update was lost
FLAG_UNSUMMED: Final = 64  # nor whether the levels are those of the venue's checksum

ROW_FIELDS: Final = np.dtype(
    {
        "names": [
            *("ts_event", "ts_ingest", "sequence", "applied", "state", "flags", "ts_touch", "ts_depth"),
            *("bid", "bid_size", "ask", "ask_size", "mid", "microprice", "spread_bps", "imbalance"),
            *("bid_depth_5", "ask_depth_5", "bid_depth_10", "ask_depth_10", "bid_depth_25", "ask_depth_25"),
            "flow_1s",
            *("slippage_usd_1", "bid_slippage_1", "ask_slippage_1"),
            *("slippage_usd_2", "bid_slippage_2", "ask_slippage_2"),
        ],
        "formats": ["<i8"] * 8 + ["<f8"] * 21,
        "offsets": [8 * word for word in range(ROW_USED)],
        "itemsize": 8 * ROW_WORDS,
    }
)
