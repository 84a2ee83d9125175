import math

import numpy as np
import pytest

from signald.core.depth import walk

LADDER = np.array([[100.0, 1.0], [101.0, 2.0], [110.0, 5.0]])


def test_within_the_first_level_its_price_is_paid() -> None:
    assert walk(LADDER, 50.0) == (100.0, 0.5, 50.0)


def test_the_average_is_money_over_what_the_levels_gave() -> None:
    fill = walk(LADDER, 100.0 + 202.0 + 55.0)

    assert fill.size == pytest.approx(1.0 + 2.0 + 0.5)
    assert fill.price == pytest.approx(357.0 / 3.5)
    assert fill.money == pytest.approx(357.0)


def test_a_ladder_that_ends_gives_what_it_has() -> None:
    fill = walk(LADDER, 1e9)

    assert fill.money == pytest.approx(852.0)
    assert fill.size == pytest.approx(8.0)


def test_nothing_is_bought_of_nothing() -> None:
    fill = walk(np.empty((0, 2)), 10.0)

    assert math.isnan(fill.price)
    assert fill.size == fill.money == 0.0
