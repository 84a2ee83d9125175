import math
from bisect import bisect_right
from pathlib import Path
from random import Random

import pytest

from signald.research.delay.acting import Acted, Order, Plan, act_on
from signald.research.delay.latencies import Latencies, sort_out
from tests.support.binance_wire import Levels
from tests.support.instruments import BTCUSDT
from tests.support.moving_market import FRAME_LATE_MS, SOURCE_LATE_MS, build_market_pipeline, write_market

pytestmark = pytest.mark.timeout(180)  # the first to replay loads the kernels

GONE = ("95000.00", "0"), ("94990.00", "0")
FALLEN = {
    3.0: ((("95000.00", "0"),), ()),  # best bid 94,990
    20.0: ((*GONE, ("94900.00", "1"), ("94800.00", "100")), (("95010.00", "0"), ("94910.00", "50"))),
    310_000.0: ((), (("94910.00", "0"), ("94700.00", "0"), ("94950.00", "50"))),
    311_000.0: ((), ()),
}
"""The bid falls in two steps; five minutes later the ask is 94,950."""


def act(folder: Path, plan: Plan) -> tuple[Acted, list[Order]]:
    acted = act_on(write_market(folder, FALLEN), build_market_pipeline, plan)
    return acted, [order for order in acted.orders if order.instrument == BTCUSDT.id]


def test_an_order_gets_what_the_book_shows_once_the_delay_has_passed(tmp_path: Path) -> None:
    _, (order,) = act(tmp_path, Plan(size_usd=9_500.0, delays_ms=(0.0, 2.999, 3.0, 19.0, 20.0)))

    assert order.side == -1
    assert order.mid == 95_005.0
    assert order.prices == pytest.approx([95_000.0, 95_000.0, 94_990.0, 94_990.0, 94_900.0])
    assert order.mids == pytest.approx([95_005.0, 95_005.0, 95_000.0, 95_000.0, 94_905.0])


def test_a_large_order_walks_down_the_depth(tmp_path: Path) -> None:
    size_usd = 94_900.0 + 5 * 94_800.0

    _, (order,) = act(tmp_path, Plan(size_usd=size_usd, delays_ms=(25.0,)))

    assert order.prices == pytest.approx([size_usd / 6.0])
    assert not order.thin


def test_an_order_that_the_book_cannot_fill_is_thin(tmp_path: Path) -> None:
    _, (order,) = act(tmp_path, Plan(size_usd=1e7, delays_ms=(25.0,)))

    assert order.thin
    assert math.isnan(order.prices[0])


def test_an_order_is_closed_at_the_other_side_when_its_time_is_over(tmp_path: Path) -> None:
    _, (order,) = act(tmp_path, Plan(size_usd=9_000.0, delays_ms=(0.0,), exit_s=310))

    assert order.exit == pytest.approx(94_950.0)


def test_what_the_recording_does_not_show_is_not_filled(tmp_path: Path) -> None:
    _, (order,) = act(tmp_path, Plan(size_usd=9_000.0, delays_ms=(0.0, 400_000.0), exit_s=500))

    assert order.prices[0] == pytest.approx(95_000.0)
    assert math.isnan(order.prices[1])
    assert math.isnan(order.exit)


def test_latencies_are_added_up_from_the_sources_own_time(tmp_path: Path) -> None:
    feed = Latencies("feed", sort_out([(0.5, SOURCE_LATE_MS + 2.0)]))
    publication = Latencies("publication", sort_out([(0.5, 1.5)]))

    _, (order,) = act(tmp_path, Plan(size_usd=9_500.0, delays_ms=(0.0,), feed=feed, publication=publication))

    assert order.latency_ms == pytest.approx(SOURCE_LATE_MS + 3.5)
    assert order.prices == pytest.approx([94_990.0])


def test_nobody_acts_before_the_document_is_there(tmp_path: Path) -> None:
    feed = Latencies("feed", sort_out([(0.5, 1.0)]))

    _, (order,) = act(tmp_path, Plan(size_usd=9_500.0, delays_ms=(0.0,), feed=feed))

    assert order.latency_ms == pytest.approx(SOURCE_LATE_MS)


def test_latencies_that_vary_are_drawn_anew_and_the_same_again(tmp_path: Path) -> None:
    publication = Latencies("seen", sort_out([(0.5, 0.0), (0.5, 5.0), (0.5, 30.0)]))
    plan = Plan(size_usd=9_500.0, delays_ms=(0.0,), publication=publication, draws=40)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    (_, one), (_, two) = (act(tmp_path / name, plan) for name in ("one", "two"))

    assert {order.prices[0] for order in one} == {95_000.0, 94_990.0, 94_900.0}
    assert [order.prices for order in one] == [order.prices for order in two]
    assert len(one) == 40


def test_the_first_document_with_an_edge_is_the_only_order(tmp_path: Path) -> None:
    journals = write_market(tmp_path, FALLEN, corrected={10.0: 2.6, 15.0: 2.9, 30.0: 3.2})

    acted = act_on(journals, build_market_pipeline, Plan(size_usd=9_500.0, delays_ms=(0.0,)))

    orders = [(order.side, order.mid) for order in acted.orders if order.instrument == BTCUSDT.id]
    assert [side for side, _ in orders if side] == [-1]
    assert orders[0] == (-1, 95_005.0)


def test_no_order_sees_a_frame_that_had_not_come_by_then_nor_misses_one_that_had(tmp_path: Path) -> None:
    random = Random(4)
    prices = {  # one level a frame, whose price says which it was
        round(at, 3): f"{94_000 + number}.00"
        for number, at in enumerate(sorted(random.uniform(0.5, 90.0) for _ in range(60)))
    }
    changes: dict[float, tuple[Levels, Levels]] = {400.0: ((), ())}
    before = [("95000.00", "0"), ("94990.00", "0")]
    for at, price in prices.items():
        changes[at] = ([*before, (price, "5")], ())
        before = [(price, "0")]
    delays = tuple(sorted({*(random.uniform(0.5, 95.0) for _ in range(40)), *list(prices)[::7]}))
    publication = Latencies("constant", sort_out([(0.5, 2.5)]))

    acted = act_on(
        write_market(tmp_path, changes), build_market_pipeline, Plan(1_000.0, delays, publication=publication)
    )

    (order,) = (one for one in acted.orders if one.instrument == BTCUSDT.id)
    arrivals = list(prices)
    shown = [bisect_right(arrivals, round(delay + 2.5, 6)) for delay in delays]
    assert order.prices == pytest.approx([95_000.0 if not n else float(prices[arrivals[n - 1]]) for n in shown])
    assert max(shown) == len(arrivals)


def test_a_document_without_a_book_is_counted(tmp_path: Path) -> None:
    journals = write_market(tmp_path, FALLEN)

    acted = act_on(journals[1:], build_market_pipeline, Plan())

    assert not acted.orders
    assert acted.no_book == 2


def test_the_age_of_the_books_news_is_seen_by_distance_from_the_release(tmp_path: Path) -> None:
    acted, _ = act(tmp_path, Plan(delays_ms=(0.0, 5.0, 50.0)))

    seconds = [at for at, _ in acted.news_ms]
    assert len(seconds) >= 4
    assert {age for _, age in acted.news_ms} == {FRAME_LATE_MS}
    assert min(seconds) == pytest.approx(-1.999)
    assert max(seconds) == pytest.approx(311.04)
