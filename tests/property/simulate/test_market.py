from hypothesis import given
from hypothesis import strategies as st

from signald.model.time import NS_PER_MS, NS_PER_S
from signald.simulate.market import ASK, BID, Market, MarketShape

T0 = 1_739_367_000 * NS_PER_S

pauses_ms = st.lists(
    st.sampled_from([1, 49, 50, 100, 1_000, 1_999, 2_001, 60_000, 86_400_000]), min_size=1, max_size=12
)
jumps_bps = st.lists(st.floats(-500, 500), max_size=3)


@given(seed=st.integers(0, 2**32), pauses=pauses_ms, jumps=jumps_bps)
def test_at_any_time_the_changes_add_up_to_a_two_sided_uncrossed_book(
    seed: int, pauses: list[int], jumps: list[float]
) -> None:
    market = Market(MarketShape(levels=40), seed=seed, now=T0)
    for nth, target_bps in enumerate(jumps):
        market.expect(T0 + nth * NS_PER_S)
        market.react(T0 + nth * NS_PER_S, target_bps)
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    now = T0

    for pause in [0, *pauses]:
        now += pause * NS_PER_MS
        for side, price, size in market.advance(now):
            assert price > 0
            assert size >= 0
            if size:
                sides[side][price] = size
            else:
                sides[side].pop(price, None)

        assert (max(sides[BID]), min(sides[ASK])) == market.touch
        assert market.touch[BID] < market.touch[ASK]
