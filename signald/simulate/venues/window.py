"""The best levels of a book, as venues tell them that send snapshots in band: what left, what came in, what changed."""

from decimal import Decimal
from typing import TypeAlias

from signald.model.instruments import Instrument
from signald.simulate.market import ASK, BID
from signald.simulate.venues.ledger import Ledger

Levels: TypeAlias = list[tuple[int, int]]
"""Prices in ticks with sizes in lots, best first; a size of 0 says that the level left the window."""


class Window:
    """What one stream has told of a ledger.

    Args:
        ledger: The book.
        depth: Levels a side that the stream shows.
    """

    def __init__(self, ledger: Ledger, depth: int) -> None:
        self._ledger = ledger
        self._depth = depth
        self._told: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def levels(self) -> tuple[Levels, Levels]:
        """Bids and asks as they were last told."""
        bids, asks = self._told
        return sorted(bids.items(), reverse=True), sorted(asks.items())

    def changes(self) -> tuple[Levels, Levels] | None:
        """What is different now, told once; ``None`` if nothing is."""
        bids, asks = (self._change(side) for side in (BID, ASK))
        return (sorted(bids, reverse=True), sorted(asks)) if bids or asks else None

    def _change(self, side: int) -> Levels:
        told, best = self._told[side], dict(self._ledger.best(side, self._depth))
        changed = [(price, size) for price, size in best.items() if told.get(price) != size]
        changed += [(price, 0) for price in told if price not in best]
        told.clear()
        told.update(best)
        return changed


class Digits:
    """How a venue writes an instrument's numbers.

    Args:
        instrument: Whose.
        padded: Whether every price has as many decimals as the tick size; else none but those it needs.
    """

    def __init__(self, instrument: Instrument, *, padded: bool = False) -> None:
        self._tick = instrument.tick_size
        self._lot = instrument.lot_size
        self._padded = padded

    def price(self, ticks: int) -> str:
        """``65114.20``, or ``65114.2``."""
        return self._write(ticks, self._tick)

    def size(self, lots: int) -> str:
        """``0.500``, or ``0.5``; nothing is ``0`` either way."""
        return self._write(lots, self._lot) if lots else "0"

    def _write(self, steps: int, step: Decimal) -> str:
        number = steps * step
        return f"{number if self._padded else number.normalize():f}"
