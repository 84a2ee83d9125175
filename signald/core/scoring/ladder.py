"""Which figures are plausible, for the model to say beforehand what it would make of each."""

import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Final

REACH: Final = 4.0
"""Standard deviations of past surprises to either side of the consensus."""

MOST: Final = 81
"""Figures on a ladder: a tenth of a standard deviation apart, nobody tells their predictions from one another."""

_TOLERANCE: Final = 1e-9


def plausible_figures(
    consensus: float, *, sigma: float, step: float, bounds: tuple[float, float], reach: float = REACH, most: int = MOST
) -> tuple[float, ...]:
    """The figures within ``reach`` standard deviations of ``consensus`` that the agency may publish, rising.

    They are multiples of ``step``; where that would be too many, every second, fifth, tenth … of them, counted from
    the one nearest to the consensus.

    Args:
        consensus: In the indicator's unit; need not lie on a step.
        sigma: Standard deviation of the series' past surprises.
        step: Smallest step in which the agency publishes.
        bounds: Lowest and highest figure that may be scored.
        reach: Standard deviations to either side.
        most: How many figures at most.
    """
    low, high = max(consensus - reach * sigma, bounds[0]), min(consensus + reach * sigma, bounds[1])
    nearest = round(consensus / step)
    below, above = nearest - low / step, high / step - nearest
    stride = next(one for one in _strides() if _whole(below, one) + _whole(above, one) < most)
    places = range(-_whole(below, stride) * stride, _whole(above, stride) * stride + 1, stride)
    return tuple(round((nearest + place) * step, _decimals(step)) for place in places)


def figure_text(actual: float, step: float) -> str:
    """A figure as the agency would print it: with the decimals of its step."""
    return f"{actual:.{_decimals(step)}f}"


def _strides() -> Iterator[int]:
    """The numbers 1, 2, 5, 10, 20, 50 and so on."""
    for power in count():
        yield from (digit * 10**power for digit in (1, 2, 5))


def _whole(distance: float, stride: int) -> int:
    """How many whole strides fit into ``distance`` steps; below 0 where not even the nearest figure does."""
    return math.floor(distance / stride + _TOLERANCE)


def _decimals(step: float) -> int:
    exponent = Decimal(repr(step)).normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # a step is finite
    return max(0, -exponent)
