from collections.abc import Iterable
from statistics import fmean

import pytest

from signald.model.time import NS_PER_MS, NS_PER_S
from signald.simulate.market import ASK, BID, STEP_NS, Change, Follower, Market, MarketShape

T0 = 1_739_367_000 * NS_PER_S  # 2025-02-12T13:30:00Z
SHAPE = MarketShape()


class Replica:
    """A book that knows nothing but the changes."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def apply(self, changes: Iterable[Change]) -> None:
        for side, price, size in changes:
            if size:
                self.sides[side][price] = size
            else:
                self.sides[side].pop(price, None)

    @property
    def touch(self) -> tuple[int, int]:
        return max(self.sides[BID]), min(self.sides[ASK])

    def depth_within(self, bps: float) -> float:
        """Base units on the bid side."""
        best = max(self.sides[BID])
        return sum(size for price, size in self.sides[BID].items() if price >= best * (1 - bps * 1e-4)) * SHAPE.lot_size


def run(market: Market, book: Replica, *, from_ts: int, seconds: float, step_ns: int = 2 * STEP_NS) -> None:
    for now in range(from_ts, from_ts + int(seconds * NS_PER_S) + 1, step_ns):
        book.apply(market.advance(now))


def test_the_changes_add_up_to_an_uncrossed_book_with_the_markets_touch() -> None:
    market, book = Market(SHAPE, seed=1, now=T0), Replica()
    market.expect(T0 + 3 * NS_PER_S)
    market.react(T0 + 3 * NS_PER_S, -120.0)

    for now in range(T0, T0 + 12 * NS_PER_S, STEP_NS):
        book.apply(market.advance(now))

        assert book.touch == market.touch
        assert book.touch[BID] < book.touch[ASK]


def test_the_same_seed_gives_the_same_changes_however_often_it_is_asked() -> None:
    often, seldom = Market(SHAPE, seed=7, now=T0), Market(SHAPE, seed=7, now=T0)

    one_by_one = [change for ms in range(0, 5_000, 10) for change in often.advance(T0 + ms * NS_PER_MS)]
    in_lumps = [change for ms in range(0, 5_000, 990) for change in seldom.advance(T0 + ms * NS_PER_MS)]

    assert in_lumps == one_by_one[: len(in_lumps)]
    assert len(in_lumps) > 1_000


def test_another_seed_gives_another_market() -> None:
    one, other = Market(SHAPE, seed=1, now=T0), Market(SHAPE, seed=2, now=T0)

    assert one.advance(T0) != other.advance(T0)


@pytest.mark.parametrize("target_bps", [-96.0, 40.0])
def test_a_reaction_approaches_its_target(target_bps: float) -> None:
    moves: list[float] = []

    for seed in range(20):
        market, book = Market(SHAPE, seed=seed, now=T0), Replica()
        book.apply(market.advance(T0))
        before = market.mid
        market.react(T0, target_bps)
        run(market, book, from_ts=T0, seconds=8 * SHAPE.response_s)
        moves.append((market.mid / before - 1) * 1e4)

    assert fmean(moves) == pytest.approx(target_bps, abs=3.0)


def test_nothing_moves_before_its_reaction() -> None:
    calm, warned = Market(SHAPE, seed=3, now=T0), Market(SHAPE, seed=3, now=T0)
    warned.react(T0 + 10 * NS_PER_S, -96.0)

    assert warned.advance(T0 + 9 * NS_PER_S) == calm.advance(T0 + 9 * NS_PER_S)


def test_around_a_release_the_spread_widens_the_depth_thins_and_both_recover() -> None:
    market, book = Market(SHAPE, seed=5, now=T0), Replica()
    market.expect(T0 + 10 * NS_PER_S)

    run(market, book, from_ts=T0, seconds=7)
    quiet_spread, quiet_depth = book.touch[ASK] - book.touch[BID], book.depth_within(5)
    run(market, book, from_ts=T0 + 7 * NS_PER_S, seconds=3)
    release_spread, release_depth = book.touch[ASK] - book.touch[BID], book.depth_within(5)
    run(market, book, from_ts=T0 + 10 * NS_PER_S, seconds=8 * SHAPE.recovery_s)
    later_spread, later_depth = book.touch[ASK] - book.touch[BID], book.depth_within(5)

    assert quiet_spread == 1
    assert release_spread > 300 * quiet_spread
    assert release_depth < 0.6 * quiet_depth
    assert later_spread < release_spread / 50
    assert later_depth > 0.6 * quiet_depth


def test_after_a_jump_in_time_the_ladder_is_whole_again() -> None:
    market, book = Market(SHAPE, seed=9, now=T0), Replica()
    book.apply(market.advance(T0))

    book.apply(market.advance(T0 + 21 * 86_400 * NS_PER_S))

    assert book.touch == market.touch
    assert [len(side) for side in book.sides] == [SHAPE.levels, SHAPE.levels]
    assert book.depth_within(5) == pytest.approx(SHAPE.depth_at_5_bps, rel=0.5)


def test_the_far_end_stays_covered_while_the_price_runs() -> None:
    market, book = Market(SHAPE, seed=11, now=T0), Replica()
    market.react(T0, -200.0)

    run(market, book, from_ts=T0, seconds=6)

    best = book.touch[BID]
    assert (best - min(book.sides[BID])) / best * 1e4 > 0.9 * SHAPE.reach_bps


def test_a_follower_goes_where_the_first_one_went_a_moment_later() -> None:
    leader = Market(SHAPE, seed=7, now=T0)
    leader.expect(T0 + NS_PER_S)
    leader.react(T0 + NS_PER_S, -100.0)
    shape = MarketShape(mid=SHAPE.mid * 0.999, touch_moves=1.0)
    follower = Follower(shape, leader, lag_ns=200 * NS_PER_MS, seed=8, now=T0)
    ahead: list[float] = []
    behind: list[float] = []

    for now in range(T0, T0 + 8 * NS_PER_S, STEP_NS):
        leader.advance(now)
        follower.advance(now)
        ahead.append(leader.mid)
        behind.append(follower.mid / 0.999)

    late = 200 * NS_PER_MS // STEP_NS
    assert behind[late + 1 :] == pytest.approx(ahead[1:-late])
    assert follower.stress() == leader.stress() > 0.0
