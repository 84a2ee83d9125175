"""How bitcoin goes with a reference: closed forms, a planted correlation, and when it is frozen."""

import math
from itertools import pairwise

import numpy as np
import pytest

from signald.core.movers.regime import LEAST, Companion
from signald.core.movers.rules import RegimeRules
from signald.model.movers import Reference, ReferenceView
from signald.model.time import NS_PER_S

RULES = RegimeRules(bar_ns=300 * NS_PER_S, half_life_bars=50.0)
START = 1_739_000_100 * NS_PER_S // RULES.bar_ns * RULES.bar_ns


def reference(price: float, bar: float, sequence: int = 0) -> Reference:
    ts = START + round(bar * RULES.bar_ns)
    return Reference(symbol="NQ", price=price, source="feed", sequence=sequence or ts, ts_event=ts, ts_ingest=ts)


def follow(companion: Companion, prices: list[float], mids: list[float], *, first: int = 0) -> None:
    for bar, (price, mid) in enumerate(zip(prices, mids, strict=True), start=first):
        companion.hear(reference(price, bar), [mid])


def now(bar: float) -> int:
    return START + round(bar * RULES.bar_ns)


def seen(companion: Companion, bar: float) -> ReferenceView:
    view = companion.view(now(bar))
    assert view is not None
    return view


def walks(count: int, rho: float) -> tuple[list[float], list[float]]:
    random = np.random.default_rng(3)
    shared = random.standard_normal(count) * 5e-4
    own = rho * shared + math.sqrt(1.0 - rho * rho) * random.standard_normal(count) * 5e-4
    return (21_000.0 * np.cumprod(1.0 + shared)).tolist(), (95_000.0 * np.cumprod(1.0 + own)).tolist()


def test_correlation_and_beta_are_those_of_the_weighted_sums() -> None:
    prices, mids = walks(40, 0.5)
    companion = Companion(RULES)

    follow(companion, prices, mids)

    kept = 0.5 ** (1.0 / RULES.half_life_bars)
    r = [b / a - 1.0 for a, b in pairwise(prices)]
    b = [two / one - 1.0 for one, two in pairwise(mids)]
    weights = [kept ** (len(r) - 1 - i) for i in range(len(r))]
    s_br = math.fsum(w * x * y for w, x, y in zip(weights, b, r, strict=True))
    s_rr = math.fsum(w * y * y for w, y in zip(weights, r, strict=True))
    s_bb = math.fsum(w * x * x for w, x in zip(weights, b, strict=True))
    view = seen(companion, 39)
    assert view.correlation == pytest.approx(s_br / math.sqrt(s_bb * s_rr), rel=1e-9)
    assert view.beta == pytest.approx(s_br / s_rr, rel=1e-9)
    assert (view.bars, view.state) == (39, "live")


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.7])
def test_a_planted_correlation_is_recovered(rho: float) -> None:
    prices, mids = walks(4_000, rho)
    companion = Companion(RegimeRules(bar_ns=RULES.bar_ns, half_life_bars=1_000.0))

    follow(companion, prices, mids)

    view = seen(companion, 3_999)
    assert view.correlation == pytest.approx(rho, abs=0.08)
    assert view.beta == pytest.approx(rho, abs=0.1)


def test_nothing_is_said_before_there_are_bars_enough() -> None:
    prices, mids = walks(LEAST, 0.5)
    companion = Companion(RULES)

    follow(companion, prices, mids)

    assert companion.view(now(LEAST)) is None


def test_a_night_counts_as_no_bar() -> None:
    prices, mids = walks(60, 0.5)
    companion = Companion(RULES)
    follow(companion, prices[:30], mids[:30])
    before = seen(companion, 29)

    companion.hear(reference(prices[30] * 0.97, 200), [mids[30] * 1.05])

    after = seen(companion, 200)
    assert (after.correlation, after.beta, after.bars) == (before.correlation, before.beta, before.bars)


def test_a_silent_reference_is_stale_and_what_was_known_stays() -> None:
    prices, mids = walks(30, 0.5)
    companion = Companion(RULES)
    follow(companion, prices, mids)

    assert seen(companion, 29).state == "live"
    assert seen(companion, 31).state == "stale"
    assert seen(companion, 31).correlation == seen(companion, 29).correlation


def test_a_reference_that_stands_still_is_closed_and_frozen() -> None:
    prices, mids = walks(40, 0.5)
    companion = Companion(RULES)
    follow(companion, prices[:30], mids[:30])

    follow(companion, [prices[29]] * 6, [mid * 1.01**n for n, mid in enumerate(mids[30:36])], first=30)

    closed = seen(companion, 35)
    assert closed.state == "closed"
    assert closed.bars == 30  # one bar without a move is no proof: it counted
    follow(companion, [prices[29] * 1.02, prices[29] * 1.021], mids[36:38], first=36)
    assert seen(companion, 37).state == "live"


def test_a_price_that_nobody_can_believe_is_no_move() -> None:
    prices, mids = walks(30, 0.5)
    companion = Companion(RULES)
    follow(companion, prices, mids)
    before = seen(companion, 29)

    follow(companion, [prices[-1] * 100.0], [mids[-1]], first=30)

    assert seen(companion, 30).correlation == before.correlation


def test_no_book_enters_or_leaves_as_a_move() -> None:
    prices, mids = walks(30, 0.5)
    one, other = Companion(RULES), Companion(RULES)

    for bar, (price, mid) in enumerate(zip(prices, mids, strict=True)):
        one.hear(reference(price, bar), [mid, None])
        other.hear(reference(price, bar), [mid, mid * 1.3 if bar == 20 else None])

    assert seen(one, 29) == seen(other, 29)
