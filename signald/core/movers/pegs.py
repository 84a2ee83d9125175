"""What each quote currency is worth in dollars, from the books that trade it.

A book whose base is a stablecoin is a peg's book: USDT-USD says it outright, FDUSDUSDT through USDT. Of several the
median counts, so that of three none can move it alone. Where no book in dollars has ever told, USDC is taken at one,
and USDCUSDT says what USDT is worth; where they fall silent their last word stands.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from signald.core.board import BoardRows
from signald.core.kernels.rows import FLAG_CROSSED, FLAG_STALE, FLAGS, MID, TS_INGEST
from signald.core.movers.rules import PegRules
from signald.core.scoring.view import Row, is_believable
from signald.model.instruments import Instrument, is_peg
from signald.model.movers import PegState, QuoteView
from signald.model.time import Nanos

BPS: Final = 1e4
_DOLLAR: Final = "USD"
_ANCHOR: Final = "USDC"  # a dollar where no book in dollars has told: its issuer redeems it at one
_DEEPEST: Final = 3  # a book in a currency that is valued in another one, and so on
_TWO: Final = 2


class Pegs:
    """The worth of each currency that some book on the board tells; others are taken at a dollar."""

    def __init__(self, instruments: Sequence[Instrument], rules: PegRules) -> None:
        """Take the board's instruments, in the order of its rows."""
        self._rules = rules
        self._books = tuple((place, one) for place, one in enumerate(instruments) if is_peg(one))
        self._known: dict[str, QuoteView] = {}

    @property
    def views(self) -> Mapping[str, QuoteView]:
        """By currency, as of the last look."""
        return self._known

    def usd(self, currency: str) -> float:
        """Dollars for one unit; 1 where no book has ever told."""
        view = self._known.get(currency)
        return 1.0 if view is None else view.usd

    def is_doubted(self, currency: str) -> bool:
        """Whether it is off its peg, as far as is known, or disputed."""
        view = self._known.get(currency)
        return view is not None and (view.state == "disputed" or self._is_off(view.usd))

    def _is_off(self, usd: float) -> bool:
        return abs(usd - 1.0) * BPS > self._rules.gate_bps

    def look(self, rows: BoardRows, now: Nanos) -> None:
        """See what the books say now."""
        if not self._books:
            return
        told: dict[str, dict[int, tuple[float, Nanos]]] = {}
        worth = {_DOLLAR: 1.0}
        for _ in range(_DEEPEST):
            for place, one in self._books:
                if one.quote in worth and place not in told.setdefault(one.base, {}):
                    row: Row = rows[place].item()
                    if self._speaks(row, now):
                        told[one.base][place] = row[MID] * worth[one.quote], int(row[TS_INGEST])
            for currency, by_book in told.items():
                if by_book:
                    worth[currency] = self._settle(currency, list(by_book.values())).usd
        if _ANCHOR not in worth and _ANCHOR not in self._known:  # else its last word stands: it may be far from one
            self._invert(rows, now, told)
        self._known |= {name: self._settle(name, list(by_book.values())) for name, by_book in told.items() if by_book}
        for currency in [name for name in self._known if not told.get(name)]:
            before = self._known[currency]
            self._known[currency] = QuoteView(currency=currency, usd=before.usd, state="stale", ts=before.ts)

    def _invert(self, rows: BoardRows, now: Nanos, told: dict[str, dict[int, tuple[float, Nanos]]]) -> None:
        """With the anchor at a dollar its books tell what they are quoted in, where nothing else does."""
        for place, one in self._books:
            if one.base == _ANCHOR and not told.get(one.quote):
                row: Row = rows[place].item()
                if self._speaks(row, now):
                    told.setdefault(one.quote, {})[place] = 1.0 / row[MID], int(row[TS_INGEST])

    def _speaks(self, row: Row, now: Nanos) -> bool:
        doubted = int(row[FLAGS]) & (FLAG_STALE | FLAG_CROSSED)
        fresh = now - int(row[TS_INGEST]) <= self._rules.stale_after_ns
        return is_believable(row) and fresh and not doubted and row[MID] > 0.0

    def _settle(self, currency: str, told: Sequence[tuple[float, Nanos]]) -> QuoteView:
        """One worth from several: the median; of two that are far apart the one nearer to what was known."""
        rates = [rate for rate, _ in told]
        usd = median(rates)
        before = self._known.get(currency)
        apart = (max(rates) / min(rates) - 1.0) * BPS > self._rules.gate_bps
        if apart and len(rates) == _TWO:
            usd = min(rates, key=lambda rate: abs(rate - (1.0 if before is None else before.usd)))
        state: PegState = "live"
        if self._is_off(usd):
            state = "depegged"
        elif apart and len(rates) == _TWO:
            state = "disputed"
        return QuoteView(currency=currency, usd=usd, state=state, ts=max(ts for _, ts in told))


def in_dollars(mid: float, usd: float) -> float:
    """A price in a currency that is worth ``usd`` dollars, in dollars."""
    return mid * usd


def moved_bps(before: float | None, now: float | None) -> float | None:
    """A move in basis points; ``None`` where either end is not known."""
    if before is None or now is None or not before > 0.0 or math.isnan(now):
        return None
    return (now / before - 1.0) * BPS
