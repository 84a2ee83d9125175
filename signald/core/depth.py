"""Depth as a ladder of prices and sizes, and what an order pays that walks down it."""

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ladder: TypeAlias = NDArray[np.float64]
"""One side, ``[rank, (price, size)]``: price in quote units, size in base units, best first."""


class Fill(NamedTuple):
    """What an order got.

    Attributes:
        price: Average, quote units; NaN if nothing was there.
        size: Base units.
        money: Quote units: as much as was wanted, less where the ladder ends before.
    """

    price: float
    size: float
    money: float


def walk(ladder: Ladder, money: float) -> Fill:
    """Take ``money`` (quote units) off a ladder: each level whole, and of the last as much as is left.

    So the average is the money over the sum of what each level gave, a harmonic mean weighted by money.
    """
    prices, sizes = ladder[:, 0], ladder[:, 1]
    worth = prices * sizes
    before = np.concatenate([[0.0], np.cumsum(worth)])[:-1]
    taken = np.clip(money - before, 0.0, worth)
    total, size = float(taken.sum()), float((taken / prices).sum())
    return Fill(total / size if size > 0.0 else math.nan, size, total)
