"""Looks at all books ten times a second for a while after a figure; who is late is not waited for.

A look that comes late is left out: what is missing is missing, and no other deadline has to wait for these.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signald.core.board import BoardRows
from signald.core.kernels.rows import FLAG_CROSSED, FLAG_STALE, FLAG_UNREAD, STATE_LIVE
from signald.model.time import NS_PER_MS, Nanos

EVERY_NS: Final[Nanos] = 100 * NS_PER_MS
_DOUBTED: Final = FLAG_STALE | FLAG_CROSSED | FLAG_UNREAD

Floats = NDArray[np.float64]


class Seen(NamedTuple):
    """One look, by place: mid, spread in basis points, the smaller side within 5 bps in quote units; NaN: unknown."""

    ts: Nanos
    mid: Floats
    spread_bps: Floats
    depth: Floats


class Sampler:
    """The looks since the last figure that began them.

    Attributes:
        began: When that was; ``None``: there was none.
        seen: What they saw.
    """

    def __init__(self, places: int, *, for_ns: Nanos) -> None:
        """Nothing is looked at; the first ``places`` rows are."""
        self._places = places
        self._for_ns = for_ns
        self._due: Nanos | None = None
        self.began: Nanos | None = None
        self.seen: list[Seen] = []

    def begin(self, now: Nanos) -> None:
        """A figure has come."""
        if self._for_ns > 0:
            self.began, self.seen = now, []
            self._due = now + EVERY_NS

    def next_ts(self) -> Nanos | None:
        """When the next look is due."""
        return self._due

    def fire(self, rows: BoardRows, now: Nanos) -> None:
        """Take the look that is due, unless it is late."""
        due, began = self._due, self.began
        assert due is not None
        assert began is not None
        if now - due < EVERY_NS:
            self.seen.append(see(rows, due, self._places))
            due += EVERY_NS
        else:
            due += (now - due) // EVERY_NS * EVERY_NS
            self.seen.append(_nothing(due, self._places))  # a hole is no return
        self._due = due if due - began <= self._for_ns else None


def see(rows: BoardRows, ts: Nanos, places: int) -> Seen:
    """What the first ``places`` rows show; NaN where they cannot be believed."""
    of = rows[:places]
    doubted = (of["state"] != STATE_LIVE) | ((of["flags"] & _DOUBTED) != 0)
    depth = np.minimum(of["bid_depth_5"], of["ask_depth_5"])
    mid, spread, least = (np.where(doubted, np.nan, one) for one in (of["mid"], of["spread_bps"], depth))
    return Seen(ts, mid, spread, least)


def _nothing(ts: Nanos, places: int) -> Seen:
    unknown = np.full(places, np.nan)
    return Seen(ts, unknown, unknown, unknown)
