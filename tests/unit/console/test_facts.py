import math

from signald.client.entries import Received
from signald.console.facts import GROUPS_SHOWN, Facts, group_lags
from signald.console.gauges.exposition import exposition
from signald.console.gauges.gauge import Told
from signald.console.scores import Scores
from signald.model.movers import DriftView, QuoteView, ReferenceView, VenueView
from signald.model.signals import Regime, Signal
from signald.model.time import NS_PER_S
from tests.support.signals import T0, sample_signal

INSTRUMENT = "BTCUSDT-PERP.BINANCE"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def received(signal: Signal, *, took_ns: int = 1_500_000, late_ms: int = 0) -> Received:
    published = signal.ts_ingest + took_ns
    return Received(
        "1-0", signal.id, signal.kind, signal.instrument, 1, T0, published, late_ms, signal, is_redelivered=False
    )


def outcome(realised_bps: float, *, held: bool, after_s: int = 300) -> Signal:
    at = T0 + after_s * NS_PER_S
    return sample_signal(
        id="2", kind="outcome", realised_bps=realised_bps, held={str(after_s): held}, ts_event=at, ts_ingest=at
    )


def scores_of(*outcomes: Signal) -> Scores:
    scores = Scores()
    for one in outcomes:
        scores.take(sample_signal(ts_event=T0, ts_ingest=T0))
        scores.take(one)
    return scores


def told(facts: Facts) -> Told:
    return Told(T0, facts, {}, 0, redis_up=True, processes={})


def test_coverage_and_hits_are_of_what_was_predicted() -> None:
    scores = scores_of(outcome(-60.0, held=True), outcome(300.0, held=False))

    assert (scores.count(300), scores.coverage(300)) == (2, 0.5)
    assert scores.hits(300) == (0.5, 2)


def test_brier_score_is_the_squared_error_of_a_rise() -> None:
    scores = scores_of(outcome(-60.0, held=True))

    assert scores.brier(300) == 0.25**2


def test_reliability_counts_by_predicted_probability() -> None:
    found = scores_of(outcome(-60.0, held=True), outcome(30.0, held=True)).reliability()

    assert found == {"0.2-0.4": (2, 0.25, 0.5)}


def test_reaction_between_horizons_judges_nothing() -> None:
    scores = scores_of(outcome(-60.0, held=True, after_s=10))

    assert scores.horizons == []
    assert math.isnan(scores.coverage(300))


def test_outcome_of_a_figure_that_was_not_seen_judges_nothing() -> None:
    scores = Scores()

    scores.take(outcome(-60.0, held=True))

    assert scores.horizons == []


def test_response_is_the_contribution_by_standard_deviation() -> None:
    facts = Facts()

    facts.take(received(sample_signal()))

    assert facts.responses == {("us.cpi.yoy", INSTRUMENT): -61.0 / 1.31}
    assert facts.model == "m1"


def test_histogram_counts_what_was_not_late_and_has_ids_as_exemplars() -> None:
    facts = Facts()
    facts.take(received(sample_signal(id="aa" * 16, ts_ingest=T0)))
    facts.take(received(sample_signal(id="bb" * 16, ts_ingest=T0), late_ms=7_000))

    text, content_type = exposition(told(facts), OPENMETRICS)

    assert content_type.startswith("application/openmetrics-text")
    assert facts.counts == [0, 0, 0, 1, *[0] * 10]
    assert b'le="0.002"} 1.0 # {signal_id="' + b"aa" * 16 in text
    assert b"bb" * 16 not in text


def test_step_of_the_guard_that_has_expired_is_widen() -> None:
    facts = Facts()
    facts.take(received(sample_signal(kind="guard")))

    now, _ = exposition(told(facts), "")
    later, _ = exposition(told(facts)._replace(now=T0 + 901 * NS_PER_S), "")

    assert f'signald_guard_state{{instrument="{INSTRUMENT}",state="released"}} 1.0'.encode() in now
    assert f'signald_guard_state{{instrument="{INSTRUMENT}",state="widen"}} 1.0'.encode() in later


def test_nothing_known_is_nothing_told() -> None:
    text, content_type = exposition(told(Facts()), "text/plain")

    assert content_type.startswith("text/plain")
    assert b"signald_tick_to_signal_seconds_count 0.0" in text
    assert b"signald_book_mid{" not in text


def test_a_composite_is_told_with_its_basis_to_each_book() -> None:
    book = {"state": "live", "flags": [], "age_ms": 1.0, "bid": 1.0, "ask": 1.1, "mid": 1.0, "depth": [None] * 4}
    book |= {"spread_bps": 1.0, "imbalance": 0.0}
    one = book | {"instrument": "BTC-USD.ONE", "venue": "one", "basis_bps": -2.5, "share": 0.25}
    composite = book | {"instrument": "BTC-USD.COMPOSITE", "venue": "composite", "basis_bps": None, "share": None}
    books = [one | {"venues": None, "dex_share": None}, composite | {"venues": 7, "dex_share": 0.125}]

    text, _ = exposition(told(Facts())._replace(parts={"books": {"ts": T0 / 1e6, "books": books}}), "text/plain")

    assert b'signald_book_basis_bps{instrument="BTC-USD.ONE",venue="one"} -2.5' in text
    assert b'signald_book_composite_share{instrument="BTC-USD.ONE",venue="one"} 0.25' in text
    assert b'signald_composite_venues{instrument="BTC-USD.COMPOSITE",venue="composite"} 7.0' in text
    assert b'signald_composite_dex_share{instrument="BTC-USD.COMPOSITE",venue="composite"} 0.125' in text


def test_lag_that_redis_does_not_know_is_none() -> None:
    groups = [
        [b"name", b"desk", b"pending", 3, b"lag", 7],
        [b"name", b"other", b"pending", 0, b"lag", None],
    ]

    assert group_lags(groups) == {"desk": (7, 3), "other": (0, 0)}
    assert group_lags(None) == {}


def test_groups_may_have_any_name_and_number() -> None:
    odd = [b"name", b"\xff\xfe" + b"x" * 1_000, b"pending", 1, b"lag", 2]
    more = [[b"name", b"group-%d" % number, b"pending", 0, b"lag", 0] for number in range(1_000)]

    lags = group_lags([odd, *more])

    assert lags["\N{REPLACEMENT CHARACTER}" * 2 + "x" * 62] == (2, 1)
    assert len(lags) == GROUPS_SHOWN


def test_what_moves_the_market_beside_the_figures_is_told() -> None:
    facts = Facts()
    reference = ReferenceView(correlation=0.62, beta=1.4, bars=90, state="stale")
    signal = sample_signal(
        kind="reaction",
        realised_bps=-12.0,
        quote=QuoteView(currency="USDT", usd=0.9993, state="live", ts=T0),
        drift=DriftView(realised_bps=-40.0, band_bps=90.0, flow=None, flow_band=None, share=None),
        regime=Regime(policy=(), references={"NQ": reference}),
        market=VenueView(basis_bps=-3.2, depth_share=0.1, dex_share=0.2, lead_ms=200.0, correlation=0.7),
    )

    facts.take(received(signal))

    text = exposition(told(facts), "")[0].decode()
    for line in (
        'signald_peg_usd{currency="USDT"} 0.9993',
        'signald_reference_correlation{reference="NQ"} 0.62',
        'signald_reference_beta{reference="NQ"} 1.4',
        'signald_reference_live{reference="NQ"} 0.0',
        f'signald_drift_bps{{instrument="{INSTRUMENT}"}} -40.0',
        f'signald_release_basis_bps{{instrument="{INSTRUMENT}"}} -3.2',
        f'signald_release_lead_seconds{{instrument="{INSTRUMENT}"}} 0.2',
    ):
        assert line in text
