"""What moves the market beside the figures, in words."""

from signald.client.movers import movers_of
from signald.model.movers import DriftView, QuoteView, ReferenceView, VenueView
from signald.model.signals import Liquidity, Regime
from tests.support.signals import T0, sample_signal

QUOTE = QuoteView(currency="USDT", usd=0.9874, state="depegged", ts=T0)
DRIFT = DriftView(realised_bps=-40.0, band_bps=None, flow=None, flow_band=None, share=0.4)
REFERENCE = ReferenceView(correlation=0.62, beta=1.4, bars=90, state="closed")
VENUE = VenueView(basis_bps=-3.21, depth_share=0.1, dex_share=0.2, lead_ms=-200.0, correlation=0.7)
LIQUIDITY = Liquidity(spread_ratio=1.0, depth_ratio=1.0, expected_s=12.0, recovered_s=9.4)


def test_a_document_without_any_of_it_says_nothing() -> None:
    assert list(movers_of(sample_signal())) == []


def test_each_is_told_in_a_few_words() -> None:
    signal = sample_signal(
        kind="reaction",
        quote=QUOTE,
        peg_bps=-126.0,
        drift=DRIFT,
        regime=Regime(policy=(), references={"NQ": REFERENCE}),
        market=VENUE,
        liquidity=LIQUIDITY,
    )

    assert list(movers_of(signal)) == [
        "USDT 0.98740 USD (depegged), moved -126.00 bps",
        "drift -40 bps (no band yet, 40% of it gone)",
        "NQ correlation +0.62, beta +1.40 (closed)",
        "basis -3.2 bps",
        "follows by 200 ms",
        "DEX 20% of depth",
        "book back after 9.4 s",
        "expected after 12.0 s",
    ]


def test_a_step_of_the_guard_says_what_quotes_are_to_do_and_no_more() -> None:
    assert list(movers_of(sample_signal(kind="guard", quote=QUOTE))) == []
