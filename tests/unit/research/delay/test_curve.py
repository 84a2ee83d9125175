from pathlib import Path

import pytest

from signald.research.delay.acting import Acted, Order, Plan, act_on
from signald.research.delay.curve import DelayCurve, curve_of, write_news
from signald.research.delay.latencies import draw, read_latencies
from signald.research.delay.table import render_delays
from signald.research.report.delay_section import render_delay
from tests.support.moving_market import build_market_pipeline, write_market
from tests.support.signals import sample_signal

pytestmark = pytest.mark.timeout(180)  # the first to replay loads the kernels

DELAYS = (0.0, 10.0, 100.0, 1_000.0)


def build_order(t0: int, *, side: int, bps_per_ms: float) -> Order:
    """An order at mid 100 whose market runs away from it, with half a basis point to each side of mid."""
    signal = sample_signal(ts_scheduled=t0)
    order = Order(signal, side=side, latency_ms=3.0, touch=(99.995, 100.005), delays=len(DELAYS))
    order.mids = [100.0 * (1.0 + side * bps_per_ms * delay * 1e-4) for delay in DELAYS]
    order.prices = [mid + side * 0.005 for mid in order.mids]
    order.exit = 100.0 * (1.0 + side * 0.01)
    return order


def build_curve(slopes: dict[int, float], plan: Plan) -> DelayCurve:
    orders = [build_order(t0, side=side, bps_per_ms=slope) for t0, slope in slopes.items() for side in (1, -1)]
    return curve_of(Acted(orders, 0, []), plan)


def test_a_planted_drift_is_the_value_of_a_millisecond() -> None:
    plan = Plan(size_usd=200_000.0, delays_ms=DELAYS, fee_bps=5.0)

    curve = build_curve({1: 0.02, 2: 0.04}, plan)

    assert curve.millisecond_bps == pytest.approx(0.03)
    assert curve.millisecond_usd == pytest.approx(0.03e-4 * 200_000.0)
    assert curve.millisecond_lo_bps == pytest.approx(0.02)
    assert curve.millisecond_hi_bps == pytest.approx(0.04)
    assert [point.cost_bps for point in curve.points] == pytest.approx([0.5, 0.8, 3.5, 30.5])
    assert [point.bps_per_ms for point in curve.points[:-1]] == pytest.approx([0.03] * 3)
    assert curve.points[-1].bps_per_ms is None


def test_a_resting_quote_loses_what_mid_has_gone_beyond_it() -> None:
    curve = build_curve({1: 0.02}, Plan(delays_ms=DELAYS))

    exposed = [point.exposed_bps for point in curve.points]
    assert exposed == pytest.approx([0.0, 0.0, 1.5, 19.5])


def test_what_an_order_earns_is_less_by_the_fees_of_both_sides() -> None:
    order = build_order(1, side=1, bps_per_ms=0.0)

    curve = curve_of(Acted([order], 0, []), Plan(delays_ms=DELAYS, fee_bps=5.0))

    expected = (101.0 / 100.005 - 1.0) * 1e4 - 10.0
    assert [point.earned_bps for point in curve.points] == pytest.approx([expected] * 4)


def test_an_order_counts_at_every_delay_or_at_none() -> None:
    orders = [build_order(one, side=1, bps_per_ms=0.01) for one in (1, 2, 3)]
    orders[1].prices[2] = float("nan")
    orders[1].thin = True
    orders[2].prices[3] = orders[2].mids[3] = float("nan")

    curve = curve_of(Acted(orders, 4, []), Plan(delays_ms=DELAYS))

    assert (curve.orders, curve.quotes) == (1, 2)
    assert curve.left_out == {"no_book": 4, "thin": 1, "unseen": 1}


def test_of_nothing_there_is_no_curve() -> None:
    curve = curve_of(Acted([], 0, []), Plan(delays_ms=DELAYS))

    assert curve.millisecond_bps is None
    assert [point.cost_bps for point in curve.points] == [None] * 4
    assert "Nothing could be acted on" in render_delay(curve, [], what="none")
    assert render_delays(curve)


def test_a_page_shows_the_curve_and_what_it_rests_on() -> None:
    curve = build_curve({1: 0.02, 2: 0.04}, Plan(delays_ms=DELAYS))

    shown = render_delay(curve, [], what="two releases")

    assert "+0.0300" in shown
    assert "<polyline" in shown
    assert "logarithmic" in shown


def test_latencies_that_were_seen_can_be_drawn_from(tmp_path: Path) -> None:
    acted = act_on(write_market(tmp_path, {5.0: ((), ())}), build_market_pipeline, Plan())

    written = write_news(acted, tmp_path / "seen.csv")

    assert written == len(acted.news_ms) > 0
    seen = read_latencies(str(tmp_path / "seen.csv"), where="--publication")
    assert draw(seen, seconds=0.01, key="a") == 7.0
