"""What each row's quote currency is worth, from the rows alone: for what is made of rows again and again.

It remembers nothing, so a currency that no book tells of at the moment counts a dollar; documents, which do remember,
say of theirs in which state it is (``core/movers/pegs.py``).
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import (
    FLAG_CROSSED,
    FLAG_STALE,
    FLAG_UNREAD,
    FLAGS,
    MID,
    ROW_WORDS,
    STATE,
    STATE_LIVE,
    TS_INGEST,
)
from signald.model.instruments import STABLECOINS, Instrument, is_peg
from signald.model.time import NS_PER_S, Nanos

OLDEST_NS: Final[Nanos] = 60 * NS_PER_S
"""A book that is older than the newest of all by more says nothing of its peg."""

_FARTHEST: Final = 0.5  # of a dollar: what is farther is no peg, but a mistake
_DOUBTED: Final = FLAG_CROSSED | FLAG_STALE | FLAG_UNREAD
_DOLLAR: Final = "USD"
_ANCHOR: Final = "USDC"  # a dollar where no book in dollars is configured: its issuer redeems it at one


class PegReader:
    """Dollars for a unit of each row's quote currency."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        """Take the board's rows but for composite ones, in order; books in dollars are read first."""
        places = [place for place, one in enumerate(instruments) if is_peg(one)]
        self._books = [(place, instruments[place]) for place in sorted(places, key=lambda at: _rank(instruments[at]))]
        self._quotes = tuple(one.quote for one in instruments)
        self._usual = np.array([1.0 if one in STABLECOINS or one == _DOLLAR else math.nan for one in self._quotes])

    def __call__(self, words: WordArray) -> NDArray[np.float64]:
        """Read all rows, one behind the other."""
        end = len(self._quotes) * ROW_WORDS  # behind it stand composite rows, maybe of another moment
        newest = int(words[TS_INGEST:end:ROW_WORDS].max())
        told: dict[str, list[float]] = {}
        worth: dict[str, float] = {_DOLLAR: 1.0}
        for place, one in self._books:
            row = words[place * ROW_WORDS : (place + 1) * ROW_WORDS]
            known = worth.get(one.quote)
            live = row[STATE] == STATE_LIVE and not row[FLAGS] & _DOUBTED and newest - row[TS_INGEST] <= OLDEST_NS
            if known is None or not live:
                continue
            usd = float(row.view(np.float64)[MID]) * known
            if abs(usd - 1.0) <= _FARTHEST:  # false for NaN
                told.setdefault(one.base, []).append(usd)
                worth[one.base] = median(told[one.base])
        if _ANCHOR not in worth:
            self._invert(words, worth, told)
        dollars = self._usual.copy()
        for place, quote in enumerate(self._quotes):
            if quote in told:
                dollars[place] = worth[quote]
        return dollars

    def _invert(self, words: WordArray, worth: dict[str, float], told: dict[str, list[float]]) -> None:
        """With the anchor at a dollar its books tell what they are quoted in, where nothing else does."""
        for place, one in self._books:
            row = words[place * ROW_WORDS : (place + 1) * ROW_WORDS]
            if (
                one.base == _ANCHOR
                and one.quote not in worth
                and row[STATE] == STATE_LIVE
                and not row[FLAGS] & _DOUBTED
            ):
                usd = 1.0 / float(row.view(np.float64)[MID])
                if abs(usd - 1.0) <= _FARTHEST:
                    told[one.quote], worth[one.quote] = [usd], usd


def _rank(instrument: Instrument) -> tuple[bool, bool]:
    """Books in dollars first, then those in the two currencies that others are quoted in."""
    return instrument.quote != _DOLLAR, instrument.quote not in {"USDT", "USDC"}
