"""All of it together: what the engine tells it and asks of it, and what documents take from it.

Nothing is computed when a figure comes: what its documents say was looked up before, at the last heartbeat or step.
"""

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import msgspec
import numpy as np

from signald.core.board import BoardRows
from signald.core.composite import is_composite
from signald.core.kernels.rows import ASK_DEPTH_25, BID_DEPTH_25
from signald.core.movers.cuts import Cuts
from signald.core.movers.drift import Drifts, Look, Moved, Snapshot
from signald.core.movers.lead import Lead, leads
from signald.core.movers.pegs import Pegs, in_dollars
from signald.core.movers.recovery import Recoveries
from signald.core.movers.regime import Companion
from signald.core.movers.rules import MoverRules
from signald.core.movers.sampler import EVERY_NS, Sampler, see
from signald.core.scoring.view import Row, is_believable
from signald.model.instruments import DECENTRALISED, Instrument
from signald.model.movers import QuoteView, Reference, ReferenceView, Remembered, VenueView
from signald.model.signals import Flag
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos

_ASSET: Final = "BTC"
_A_MARKET: Final = 2  # books that it takes at least
_COUNTED_NS: Final = NS_PER_S  # flows are those of one second: what is seen sooner again is counted once


class Movers:
    """What moves the market beside the figures.

    Attributes:
        instruments: Those that documents speak of: the first rows of the board.
        pegs: What quote currencies are worth.
        drifts: What moves before releases.
        cuts: What releases do to the cuts that are priced.
        recoveries: How long books take to come back.
        sampler: The looks after a figure.
        quotes: By place, what its quote currency was worth at the last look; unset where it is the dollar, or no book
            tells.
        doubts: By place, the flags that follow.
        usd: By place, dollars for one unit of its quote currency.
        references: By symbol, how bitcoin went with it; unset before anything is known.
        markets: By place, the venue among all that trade its asset, as last compared.
    """

    def __init__(self, spoken: Sequence[Instrument], board: Sequence[Instrument], rules: MoverRules) -> None:
        """Take what documents speak of, and all of the board, which begins with that."""
        self.instruments = tuple(spoken)
        self._rules = rules
        self.pegs = Pegs(board, rules.pegs)
        self.drifts = Drifts(rules.drift, [one.id for one in self.instruments])
        self.cuts = Cuts(rules.cuts)
        self.recoveries = Recoveries()
        self.sampler = Sampler(len(self.instruments), for_ns=rules.sample_ns)
        self._companions: dict[str, Companion] = {symbol: Companion(rules.regime) for symbol in rules.regime.symbols}
        self._flows = np.zeros(len(self.instruments))
        self._seconds = 0
        self._counted: Nanos = 0
        self.quotes: list[QuoteView | msgspec.UnsetType] = [msgspec.UNSET] * len(self.instruments)
        self.doubts: list[tuple[Flag, ...]] = [()] * len(self.instruments)
        self.usd: list[float] = [1.0] * len(self.instruments)
        self.references: dict[str, ReferenceView] | msgspec.UnsetType = msgspec.UNSET
        self.markets: list[VenueView | msgspec.UnsetType] = [msgspec.UNSET] * len(self.instruments)
        self._venues: dict[str, list[int]] = {}
        self._composites: dict[str, int] = {}
        for place, one in enumerate(self.instruments):
            if is_composite(one.id):
                self._composites[one.base] = place
            else:
                self._venues.setdefault(one.base, []).append(place)
        self._led: tuple[Nanos | None, tuple[Lead | None, ...]] = (None, ())

    # -- what the engine tells ---------------------------------------------------------------------------------------

    def look(self, rows: BoardRows, now: Nanos) -> None:
        """See pegs, flows and references as they are now: at a heartbeat or a step, never when a figure comes."""
        self.pegs.look(rows, now)
        for place, one in enumerate(self.instruments):
            view = self.pegs.views.get(one.quote)
            self.quotes[place] = msgspec.UNSET if view is None else view
            self.usd[place] = 1.0 if view is None else view.usd
            self.doubts[place] = ("depegged_quote",) if self.pegs.is_doubted(one.quote) else ()
        if now - self._counted >= _COUNTED_NS:
            self._counted = now
            self._flows = self._flows + np.nan_to_num(rows["flow_1s"][: len(self.instruments)])
            self._seconds += 1
        views = {symbol: one.view(now) for symbol, one in self._companions.items()}
        known = {symbol: view for symbol, view in views.items() if view is not None}
        self.references = known or msgspec.UNSET

    def hear(self, heard: Reference, rows: BoardRows) -> bool:
        """Take a reference's price; whether it was none of those asked for, or not new."""
        companion = self._companions.get(heard.symbol)
        if companion is None or companion.is_repetition(heard):
            return False
        mids = self._dollars(rows)
        companion.hear(heard, [mids[place] for place in self._venues.get(_ASSET, ())])
        return True

    def recall(self, memory: Remembered) -> None:
        """Begin with what an earlier run had seen."""
        self.drifts.recall(memory.days)
        self.drifts.resume(memory.begun, self._snapshot((None,) * len(self.instruments)), memory.ts_ingest)
        self.recoveries.recall(memory.recoveries)
        self.cuts.recall(memory.cuts)

    def memory(self) -> Iterator[Remembered]:
        """What a later run should know, in parts."""
        recoveries, cuts = self.recoveries.memory(), self.cuts.memory()
        if recoveries or cuts:
            yield Remembered(days={}, recoveries=recoveries, cuts=cuts)
        for days in self.drifts.memory():
            yield Remembered(days=days, recoveries={})
        for begun in self.drifts.begun(self._snapshot((None,) * len(self.instruments))):
            yield Remembered(days={}, recoveries={}, begun=begun)

    def see_drift(self, look: Look, rows: BoardRows) -> tuple[Moved, ...]:
        """Take a look before a release, or at its clock time."""
        return self.drifts.see(look, self._snapshot(self._dollars(rows)))

    def _snapshot(self, mids: tuple[float | None, ...]) -> Snapshot:
        return Snapshot(mids, tuple(self._flows.tolist()), self._seconds)

    # -- what documents ask ------------------------------------------------------------------------------------------

    def compare(self, rows: BoardRows) -> None:
        """Set each instrument beside the others of its asset, as the board and the looks since the figure have them."""
        mids = self._dollars(rows)
        depths = [self._depth(rows, place) for place in range(len(self.instruments))]
        led = self._leads()
        for base, places in self._venues.items():
            fair = self._fair(base, mids)
            total = sum(depths[place] or 0.0 for place in places)
            on_dex = sum(depths[place] or 0.0 for place in places if self.instruments[place].venue in DECENTRALISED)
            for place in places:
                mid, depth, lead = mids[place], depths[place], led[place]
                self.markets[place] = VenueView(
                    basis_bps=(mid / fair - 1.0) * 1e4 if mid is not None and fair is not None else None,
                    depth_share=depth / total if depth is not None and total > 0.0 else None,
                    dex_share=on_dex / total if total > 0.0 else None,
                    lead_ms=None if lead is None else lead.looks * EVERY_NS / NS_PER_MS,
                    correlation=None if lead is None else lead.correlation,
                )

    def _fair(self, base: str, mids: Sequence[float | None]) -> float | None:
        """The asset's composite; where the board has none the median of its venues, from two on."""
        known = [mid for place in self._venues[base] if (mid := mids[place]) is not None]
        composite = self._composites.get(base)
        return mids[composite] if composite is not None else median(known) if len(known) >= _A_MARKET else None

    def _leads(self) -> tuple[Lead | None, ...]:
        """Who led since the last figure; worked out once, when the looks are over: until then nobody knows."""
        began = self.sampler.began
        if began is None or self.sampler.next_ts() is not None:
            return (None,) * len(self.instruments)
        if self._led[0] != began:
            found: list[Lead | None] = [None] * len(self.instruments)
            for places in self._venues.values():
                if len(places) >= _A_MARKET:
                    for place, lead in zip(places, leads([one.mid[places] for one in self.sampler.seen]), strict=False):
                        found[place] = lead
            self._led = began, tuple(found)
        return self._led[1]

    def _dollars(self, rows: BoardRows) -> tuple[float | None, ...]:
        """Mid of each book in dollars; ``None`` where it cannot be believed."""
        seen = see(rows, 0, len(self.instruments)).mid.tolist()
        return tuple(None if math.isnan(mid) else in_dollars(mid, usd) for mid, usd in zip(seen, self.usd, strict=True))

    def _depth(self, rows: BoardRows, place: int) -> float | None:
        row: Row = rows[place].item()
        depth = row[BID_DEPTH_25] + row[ASK_DEPTH_25]
        return None if not is_believable(row) or math.isnan(depth) else depth * self.usd[place]
