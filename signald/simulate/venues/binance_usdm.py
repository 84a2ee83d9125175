"""Binance USD-M's dialect from the venue's side, where it differs from spot's.

After "Diff. Book Depth Streams" and "How to manage a local order book correctly" (USD-M futures): ``pu`` is the last
``u`` of the stream before, and ids between two frames belong to others, so ``U`` does not follow the last ``u``.
"""

from typing import Any, Final

from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, Nanos
from signald.simulate.venues.binance_spot import FAST_DEPTH, SLOW_DEPTH, ListedSymbol, Paths
from signald.simulate.venues.ledger import Batch

USDM: Final = Paths("/public", "/fapi/v1")
_IDS_EACH: Final = 3
"""Of so many ids one is ours: the first of a frame leaves a hole to the last of the frame before."""


class ListedPerpetual(ListedSymbol):
    """One perpetual: its book and the words in which the venue tells of it."""

    def __init__(self, instrument: Instrument, *, update_id: int = 2_000_000_000_000) -> None:
        """List it with an empty book."""
        super().__init__(instrument, update_id=update_id)
        self._told: dict[str, int] = dict.fromkeys((FAST_DEPTH, SLOW_DEPTH), self.sequence)

    @property
    def sequence(self) -> int:
        """The last id as the venue writes it."""
        return self.ledger.update_id * _IDS_EACH

    def _describe(self, kind: str, batch: Batch, now: Nanos) -> dict[str, Any]:
        """``{"e":"depthUpdate","E":…,"T":…,"s":…,"U":…,"u":…,"pu":…}``."""
        before, self._told[kind] = self._told[kind], batch.last_id * _IDS_EACH
        return {
            "e": "depthUpdate",
            "E": now // NS_PER_MS,
            "T": now // NS_PER_MS,
            "s": self.instrument.venue_symbol,
            "U": batch.first_id * _IDS_EACH - 1,
            "u": batch.last_id * _IDS_EACH,
            "pu": before,
        }
