"""What a document says of what moves the market beside the figures, in words for people."""

from collections.abc import Iterator

from signald.model.movers import DriftView, QuoteView, VenueView
from signald.model.signals import Liquidity, Regime, Signal


def movers_of(signal: Signal) -> Iterator[str]:
    """A few words on each: quote currency, drift before the figure, references, venue, the books' recovery.

    A step of the guard says what quotes are to do, and no more.
    """
    if signal.kind == "guard":
        return
    if isinstance(signal.quote, QuoteView):
        moved = f", moved {signal.peg_bps:+.2f} bps" if isinstance(signal.peg_bps, float) else ""
        state = "" if signal.quote.state == "live" else f" ({signal.quote.state})"
        yield f"{signal.quote.currency} {signal.quote.usd:.5f} USD{state}{moved}"
    if isinstance(signal.drift, DriftView):
        yield _drift(signal.drift)
    if isinstance(signal.regime, Regime) and isinstance(signal.regime.references, dict):
        for symbol, one in signal.regime.references.items():
            state = "" if one.state == "live" else f" ({one.state})"
            yield f"{symbol} correlation {one.correlation:+.2f}, beta {one.beta:+.2f}{state}"
    if isinstance(signal.market, VenueView):
        yield from _venue(signal.market)
    if isinstance(signal.liquidity, Liquidity):
        if isinstance(signal.liquidity.recovered_s, float):
            yield f"book back after {signal.liquidity.recovered_s:.1f} s"
        if isinstance(signal.liquidity.expected_s, float):
            yield f"expected after {signal.liquidity.expected_s:.1f} s"


def _drift(drift: DriftView) -> str:
    band = "no band yet" if drift.band_bps is None else f"band ±{drift.band_bps:.0f}"
    share = "" if drift.share is None else f", {drift.share:.0%} of it gone"
    return f"drift {drift.realised_bps:+.0f} bps ({band}{share})"


def _venue(market: VenueView) -> Iterator[str]:
    if market.basis_bps is not None:
        yield f"basis {market.basis_bps:+.1f} bps"
    if market.lead_ms is not None:
        yield f"{'leads' if market.lead_ms >= 0.0 else 'follows'} by {abs(market.lead_ms):.0f} ms"
    if market.dex_share is not None:
        yield f"DEX {market.dex_share:.0%} of depth"
