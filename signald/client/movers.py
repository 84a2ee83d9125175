"""What a document says of what moves the market beside the figures, in words for people."""

from collections.abc import Iterator

from signald.model.expectations import ExpectationsView
from signald.model.movers import DriftView, QuoteView, VenueView
from signald.model.nowcast import NowcastView
from signald.model.signals import Liquidity, Regime, Signal


def movers_of(signal: Signal) -> Iterator[str]:
    """A few words on each: quote currency, drift before the figure, references, priced cuts, nowcast, venue, recovery.

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
    if isinstance(signal.expectations, ExpectationsView):
        yield _expected(signal.expectations)
    if isinstance(signal.nowcast, NowcastView):
        yield _nowcast(signal.nowcast)
    if isinstance(signal.market, VenueView):
        yield from _venue(signal.market)
    if isinstance(signal.liquidity, Liquidity):
        yield from _recovery(signal.liquidity)


def _drift(drift: DriftView) -> str:
    band = "no band yet" if drift.band_bps is None else f"band ±{drift.band_bps:.0f}"
    share = "" if drift.share is None else f", {drift.share:.0%} of it gone"
    return f"drift {drift.realised_bps:+.0f} bps ({band}{share})"


def _expected(view: ExpectationsView) -> str:
    if view.threshold_cuts is None:
        usual = "usual change not known"
    else:
        low, high = ("?" if one is None else f"{one:.2f}" for one in (view.threshold_low, view.threshold_high))
        error = "configured" if view.threshold_from == "configured" else f"{low} … {high}, n {view.threshold_days}"
        usual = f"usual ±{view.threshold_cuts:.2f} ({error})"
    explained = ""
    if isinstance(view.explained_bps, float) and isinstance(view.explained_error_bps, float):
        explained = f", explains {view.explained_bps:+.0f} ± {view.explained_error_bps:.0f} bps"
    return f"priced cuts {view.cuts_before:.2f} to {view.cuts:.2f} ({view.change_cuts:+.2f}, {usual}{explained})"


def _nowcast(view: NowcastView) -> str:
    beside = "no consensus"
    if view.consensus is not None:
        beyond = "beyond" if view.is_beyond else "within"
        beside = f"consensus {view.consensus:g}, {view.difference:+.2f}: {beyond} its error"
    past = f"± {view.error:.2f}, n {view.past_n}"
    return f"nowcast of {view.release_id} {view.nowcast:.2f} ({past}; {beside})"


def _venue(market: VenueView) -> Iterator[str]:
    if market.basis_bps is not None:
        yield f"basis {market.basis_bps:+.1f} bps"
    if market.lead_ms is not None:
        yield f"{'leads' if market.lead_ms >= 0.0 else 'follows'} by {abs(market.lead_ms):.0f} ms"
    if market.dex_share is not None:
        yield f"DEX {market.dex_share:.0%} of depth"


def _recovery(liquidity: Liquidity) -> Iterator[str]:
    if isinstance(liquidity.recovered_s, float):
        yield f"book back after {liquidity.recovered_s:.1f} s"
    if isinstance(liquidity.expected_s, float):
        yield f"expected after {liquidity.expected_s:.1f} s"
