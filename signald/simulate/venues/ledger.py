"""The book as a venue keeps it: every change has an update id; what a stream has not told yet is kept for it."""

import heapq
from collections.abc import Iterable
from typing import NamedTuple

from signald.simulate.market import ASK, BID, Change, Side


class Touch(NamedTuple):
    """Best prices in ticks with their sizes in lots; a side that is empty has price and size 0."""

    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int


class Batch(NamedTuple):
    """What changed between two tellings of one stream.

    Attributes:
        first_id: Update id of the first change in it.
        last_id: Update id of the last.
        sides: Price in ticks → newest size in lots (0: gone), bids then asks.
    """

    first_id: int
    last_id: int
    sides: tuple[dict[int, int], dict[int, int]]


class Ledger:
    """One instrument's levels, its update id, and a batch for each stream that tells them at a pace of its own.

    Attributes:
        update_id: Id of the last change.
        sides: Price in ticks → size in lots, bids then asks.
    """

    def __init__(self, streams: Iterable[str], *, update_id: int) -> None:
        """Start empty; the first change gets the id after ``update_id``."""
        self.update_id = update_id
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._untold: dict[str, Batch | None] = dict.fromkeys(streams)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take each change as one update."""
        taken = list(changes)
        if not taken:
            return
        first = self.update_id + 1
        self.update_id += len(taken)
        for change in taken:
            self._set(self.sides[change.side], change)
        for stream, batch in self._untold.items():
            told = batch or Batch(first, first, ({}, {}))
            for side, price_ticks, size_lots in taken:
                told.sides[side][price_ticks] = size_lots
            self._untold[stream] = told._replace(last_id=self.update_id)

    def tell(self, stream: str) -> Batch | None:
        """What ``stream`` has not been told yet, once; ``None`` if nothing changed."""
        batch, self._untold[stream] = self._untold[stream], None
        return batch

    def touch(self) -> Touch:
        """Best bid and ask."""
        bid, ask = max(self.sides[BID], default=0), min(self.sides[ASK], default=0)
        return Touch(bid, self.sides[BID].get(bid, 0), ask, self.sides[ASK].get(ask, 0))

    def best(self, side: Side, limit: int) -> list[tuple[int, int]]:
        """The best ``limit`` levels of one side as (price in ticks, size in lots), best first."""
        pick = heapq.nlargest if side == BID else heapq.nsmallest
        return pick(limit, self.sides[side].items())

    @staticmethod
    def _set(levels: dict[int, int], change: Change) -> None:
        if change.size_lots:
            levels[change.price_ticks] = change.size_lots
        else:
            levels.pop(change.price_ticks, None)
