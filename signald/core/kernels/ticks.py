"""A connection's ticks at which nothing is said, for whoever walks its frames in compiled code.

They do what sources/upkeep.py and sources/staleness.py do then. The words that they rest on:

0   head
10  a record of 10 words for each book, in order
"""

from typing import Final

from signald.core.kernels.digits import LARGEST
from signald.core.kernels.jit import inner
from signald.core.kernels.layout import BEST, BOOK_WORDS, KNOWN, LAST, NONE, PHASE, PHASE_LIVE, ROW
from signald.core.kernels.machine import WordArray, Words, real, set_real, words_at, words_from
from signald.core.kernels.rows import FLAG_STALE, FLAGS, MID, TS_EVENT, TS_INGEST, TS_TOUCH

DUE: Final = 0  # when the next tick is due
UNTIL: Final = 1  # a tick that is due from then on is not taken here
HEARD: Final = 2  # when the frame before came
AFTER: Final = 3  # ns after which a book is doubted
LEAST_LAG: Final = 4  # the least that frames were behind their venue's time; NO_LAG: none was seen
NOTES: Final = 5  # whether it is noted how a ticker stands to its book
BOOKS: Final = 6  # how many
TAKEN: Final = 7  # how many were taken
TICKED: Final = 8  # when the last of them was
END: Final = 9  # no frame that came from then on is taken before a tick that is not taken here
HEAD: Final = 10

ADDRESS: Final = 0  # the book's
TICK: Final = 1  # its tick size, a float
SHORT: Final = 2  # basis points, a float: it is to be asked for anew if it is known less far,
SOON: Final = 3  # from then on
SEQUENCE: Final = 4  # as last seen
EVENT: Final = 5
MOVED: Final = 6
PROGRESSED: Final = 7
NOTED: Final = 8  # one of the NOTED_ values
RATIO: Final = 9  # of the ticker's mid to the book's, a float
SEEN_WORDS: Final = 10

NOTED_NOT: Final = 0  # as it was
NOTED_NONE: Final = 1
NOTED_OWN: Final = 2

QUIET_NS: Final = 20 * 10**9
"""After so long without any frame a venue's ticks change nothing: the next one counts that is right before a frame."""
NEVER: Final = (1 << 63) - 1
NO_LAG: Final = NEVER >> 1


def places(watch: WordArray) -> range:
    """Where the records of the books begin."""
    return range(HEAD, len(watch), SEEN_WORDS)


@inner
def tick_until(watch: Words, ts: int) -> bool:
    """Take the ticks that are due before a frame that came at ``ts``; False: one is due that is not for us to take."""
    while ts >= watch[DUE]:
        due = watch[DUE]
        if due >= watch[UNTIL] or due > watch[HEARD] + QUIET_NS or not _tick(watch, due):
            return False
    watch[HEARD] = ts
    return ts < watch[END]


@inner
def _tick(watch: Words, now: int) -> bool:
    """Judge the books of a connection at ``now``, if all are live and nothing follows; False: something may.

    What was noted by then is what whoever judges them next would note as well.
    """
    after, due = watch[AFTER], NEVER
    for i in range(watch[BOOKS]):
        seen = words_from(watch, HEAD + SEEN_WORDS * i)
        book = words_at(seen[ADDRESS], BOOK_WORDS)
        row = words_from(book, ROW)
        if book[PHASE] != PHASE_LIVE or row[FLAGS] & FLAG_STALE != 0:
            return False
        if now >= seen[SOON] and _is_short(book, real(seen, SHORT)):
            return False
        ts_ingest = row[TS_INGEST]
        if book[LAST] != seen[SEQUENCE] or seen[MOVED] == 0:
            seen[SEQUENCE], seen[MOVED] = book[LAST], ts_ingest
        if row[TS_EVENT] > seen[EVENT]:
            seen[EVENT], seen[PROGRESSED] = row[TS_EVENT], ts_ingest
        if seen[PROGRESSED] == 0:
            seen[PROGRESSED] = ts_ingest
        if now - seen[MOVED] >= after or now - ts_ingest >= after:
            return False
        if row[TS_EVENT] != 0:
            lag = ts_ingest - row[TS_EVENT]
            watch[LEAST_LAG] = min(watch[LEAST_LAG], lag)
            if lag - watch[LEAST_LAG] >= after:
                return False
        if watch[NOTES] != 0 and now - seen[MOVED] < after // 2:
            _note(seen, book, now - after)
        due = min(due, ts_ingest + after, now + after // 2)
    watch[DUE], watch[TICKED] = due, now
    watch[TAKEN] += 1
    return due > now


@inner
def _note(seen: Words, book: Words, since: int) -> None:
    """Note how a ticker beside the depth stands to it."""
    bid, ask = book[BEST], book[BEST + 1]
    if NONE in (bid, ask):
        return
    mid = (bid + ask) / 2 * real(seen, TICK)
    if not mid > 0:
        return
    row = words_from(book, ROW)
    seen[NOTED] = NOTED_NONE
    if row[TS_TOUCH] > max(since, row[TS_INGEST]) and real(row, MID) > 0:
        seen[NOTED] = NOTED_OWN
        set_real(seen, RATIO, real(row, MID) / mid)


@inner
def _is_short(book: Words, enough_bps: float) -> bool:
    """Whether the edge of what is known may be nearer to mid than so many basis points."""
    bid, ask = book[BEST], book[BEST + 1]
    if NONE in (bid, ask):
        return True
    mid = (bid + ask) / 2
    low, high = book[KNOWN], book[KNOWN + 1]
    near = min((mid - low) / mid if low > 0 else 1.0, (high - mid) / mid if high < LARGEST else 1.0)
    return 1e4 * near < enough_bps
