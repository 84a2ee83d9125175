from math import isqrt

import pytest

from signald.sources.venues.pools.ticks import HIGHEST_ROOT, HIGHEST_TICK, LOWEST_ROOT, LOWEST_TICK, root_at


def test_the_ends_are_those_of_the_contract() -> None:
    assert (root_at(LOWEST_TICK), root_at(0), root_at(HIGHEST_TICK)) == (LOWEST_ROOT, 1 << 96, HIGHEST_ROOT)


@pytest.mark.parametrize("tick", [*(sign << bit for bit in range(17) for sign in (1, -1)), 85_176, -85_176, 99_999])
def test_a_root_is_1_0001_to_half_the_tick_within_the_contracts_precision(tick: int) -> None:
    up, down = 10_001 ** abs(tick), 10_000 ** abs(tick)
    exact = isqrt((up << 192) // down) if tick > 0 else isqrt((down << 192) // up)

    assert 0 <= root_at(tick) - exact <= 1 + exact // 10**27
