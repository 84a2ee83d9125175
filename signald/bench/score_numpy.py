"""The scoring of one bundle as one would write it in NumPy: whole arrays, one step after another."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import numpy as np
from numpy.typing import NDArray
from scipy import special

from signald.core.kernels import score as k
from signald.core.scoring.plan import Plan

Floats = NDArray[np.float64]


class ArrayScorer:
    """Fills the same arrays as the kernel from the same numbers, where every figure of the bundle has come.

    All figures being known, nothing is expected from others: what is left is linear algebra over all cells at once.
    """

    def __init__(self, plan: Plan) -> None:
        """Take the numbers that the plan has laid out."""
        places, numbers = plan.places, plan.numbers
        m, cells, horizons = (int(places[at]) for at in (k.COORDINATES, k.CELLS, k.HORIZONS))

        def taken(begin: int, *shape: int) -> Floats:
            start = int(places[begin])
            return numbers[start : start + int(np.prod(shape))].reshape(shape).copy()

        self._order = np.argsort(plan.coordinates)
        self._limit = float(numbers[int(places[k.LIMIT])])
        self._beta, self._covariance = taken(k.BETA, cells, m), taken(k.COVARIANCE, cells, m, m)
        residual, freedom = taken(k.RESIDUAL, cells, m), taken(k.FREEDOM, cells, m)
        loudest = np.argmax(residual - 1e-9 * freedom / 1e9, axis=1)[:, None]
        self._residual = np.take_along_axis(residual, loudest, axis=1)[:, 0]
        count = np.min(taken(k.COUNTS, cells, m), axis=1)
        size = int(places[k.INSTRUMENTS])
        first = places[int(places[k.FIRST_CELLS]) :][:size]
        self._cell: NDArray[np.int64] = first[:, None] + np.arange(horizons)
        self._primary: NDArray[np.int64] = first + places[k.PRIMARY]
        df = np.take_along_axis(freedom, loudest, axis=1)[:, 0]
        self._df: Floats = df[self._cell]
        self._spread = np.sqrt(self._df / (self._df - 2.0))
        self._tail: Floats = np.take_along_axis(taken(k.QUANTILE, cells, m), loudest, axis=1)[:, 0][self._cell]
        self._count: Floats = count[self._cell]
        self._move = taken(k.SCALE, size)[:, None]
        self._wide = np.abs(self._move) * taken(k.WIDTH, size)[:, None]
        self.out = np.full_like(plan.out, np.nan)
        self.shares = np.zeros_like(plan.shares)

    def fill(self, z: Floats) -> None:
        """Write what follows from z of every figure, in the plan's order."""
        heard = np.clip(z[self._order], -self._limit, self._limit)
        mean = self._beta @ heard
        uncertain = np.einsum("i,cij,j->c", heard, self._covariance, heard)
        scale = np.sqrt(uncertain + self._residual)
        means = mean[self._cell] * self._move
        scales = scale[self._cell] * self._wide
        out = self.out
        out[:, :, k.MEAN] = means
        out[:, :, k.STD] = scales * self._spread
        out[:, :, k.LOW] = means - self._tail * scales
        out[:, :, k.HIGH] = means + self._tail * scales
        out[:, :, k.P_UP] = special.stdtr(self._df, means / scales)
        out[:, :, k.COUNT] = self._count
        out[:, :, k.STD_MEAN] = np.sqrt(uncertain)[self._cell] * np.abs(self._move)
        out[:, :, k.DF] = self._df
        self.shares[:] = self._beta[self._primary] * heard * self._move
