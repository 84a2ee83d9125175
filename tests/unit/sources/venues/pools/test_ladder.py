from decimal import Decimal
from fractions import Fraction
from math import floor

from signald.sources.venues.pools.curve import of_reserves, of_ticks
from signald.sources.venues.pools.ladder import Terms, asks_of, bids_of
from signald.sources.venues.pools.ticks import root_at
from tests.support.pools import Position, Swap, reserves_out, size_of, walk

TERMS = Terms(
    base=0,
    decimals=(18, 18),
    fee_ppm=0,
    tick_size=Decimal("0.000001"),
    lot_size=Decimal("0.000000001"),
    step_bps=1.0,
    steps=250,
)
WEI = 10**18


def test_the_closed_form_of_reserves_is_that_of_the_contracts_own_tests() -> None:
    """UniswapV2Pair.spec.ts of v2-core: 1 into 5 and 10, 1 into 10 and 5."""
    assert floor(reserves_out(Fraction(WEI), 5 * WEI, 10 * WEI, 3_000)) == 1_662_497_915_624_478_906
    assert floor(reserves_out(Fraction(WEI), 10 * WEI, 5 * WEI, 3_000)) == 453_305_446_940_074_565


BOOK_ROOT = 5_602_277_097_478_614_198_912_276_234_240
BOOK_LIQUIDITY = 1_517_882_343_751_509_868_544


def test_a_known_swap_is_walked_within_the_stated_bound() -> None:
    """Uniswap V3 Development Book, "First swap": 42 dollars at 5,000 for 0.008396714242162444 ether, without a fee."""
    position = Position(84_222, 86_129, BOOK_LIQUIDITY)
    swap = Swap(BOOK_ROOT, 85_176, [position], 0)
    curve = of_ticks(
        BOOK_ROOT, BOOK_LIQUIDITY, 85_176, [(84_222, BOOK_LIQUIDITY), (86_129, -BOOK_LIQUIDITY)], known=None
    )

    got = swap.trade(Fraction(42 * WEI), zero_for_one=False, is_paid=True) / WEI
    asked = walk(asks_of(curve, TERMS), got)

    assert abs(float(got) - 0.008396714242162444) < 1e-15
    assert 0 <= asked.money - 42 <= asked.last * Fraction(1, 8 * 10**4) + Fraction(1, 10**6)


def test_levels_are_the_steps_mean_prices_and_all_that_changes_hands_in_them() -> None:
    curve = of_reserves(10**6 * WEI, 10**8 * WEI)

    bids, asks = bids_of(curve, TERMS), asks_of(curve, TERMS)

    # From 100 to 100.01: the mean price is the root of both ends' product, and x falls from k/10 to k/sqrt(100.01).
    assert (bids[0][0], asks[0][0]) == ("99.995000", "100.005000")
    assert asks[0][1] == "49.996250312"
    assert len(bids) == len(asks) == 250


def test_the_fee_is_taken_of_what_is_paid_in() -> None:
    curve = of_reserves(10**6 * WEI, 10**8 * WEI)

    bids, asks = (of(curve, TERMS._replace(fee_ppm=3_000)) for of in (bids_of, asks_of))

    assert (bids[0][0], asks[0][0]) == ("99.695015", "100.305918")  # 99.995 * 0.997 and 100.005 / 0.997
    assert asks[0][1] == "49.996250312"
    assert bids[0][1] == "50.149197655"  # 49.998750062 / 0.997: what the pool keeps goes in beside its curve


def test_either_token_may_be_the_base() -> None:
    there, back = of_reserves(10**6 * WEI, 10**8 * WEI), of_reserves(10**8 * WEI, 10**6 * WEI)

    turned = TERMS._replace(base=1)

    assert bids_of(back, turned) == bids_of(there, TERMS)
    assert asks_of(back, turned) == asks_of(there, TERMS)


def test_prices_that_no_tick_tells_apart_are_one_level() -> None:
    curve = of_reserves(10**6 * WEI, 10**8 * WEI)

    coarse = asks_of(curve, TERMS._replace(tick_size=Decimal("0.1")))

    assert [price for price, _ in coarse[:2]] == ["100.1", "100.2"]
    assert abs(size_of(coarse) - size_of(asks_of(curve, TERMS))) < Fraction(1, 10**8)


def test_a_lot_that_no_step_fills_is_filled_by_several() -> None:
    curve = of_reserves(10**6 * WEI, 10**8 * WEI)

    rough = asks_of(curve, TERMS._replace(lot_size=Decimal(120)))

    assert [size for _, size in rough[:2]] == ["120", "120"]
    assert rough[0][0] == "100.025002"  # the third step's


def test_a_price_that_fell_to_a_tick_crosses_it_on_the_way_back_up() -> None:
    """Slot0 then has the tick below, and the root of the one that it fell to."""
    narrow, wide = 5 * 10**24, 10**24
    ticks = [(-1_000, wide), (0, narrow), (1_000, -wide - narrow)]

    curve = of_ticks(root_at(0), wide, -1, ticks, known=None)

    bid, ask = (of(curve, TERMS)[0] for of in (bids_of, asks_of))
    assert 5.9 < float(ask[1]) / float(bid[1]) < 6.1


def test_nothing_is_offered_beyond_the_ticks_that_are_known() -> None:
    curve = of_ticks(root_at(0) + 1, 10**24, 0, [], known=(-20, 30))

    bids, asks = bids_of(curve, TERMS), asks_of(curve, TERMS)

    assert (len(bids), len(asks)) == (20, 30)


def test_a_pool_whose_liquidity_ends_ends_there() -> None:
    ticks = [(-10, 10**24), (10, -(10**24))]

    curve = of_ticks(root_at(0) + 1, 10**24, 0, ticks, known=None)

    assert (len(bids_of(curve, TERMS)), len(asks_of(curve, TERMS))) == (10, 10)
