"""One report's surprises: what the absent ones are expected to be, given those that came.

With the joint responses β and the second moments R of a report's surprises, an absent surprise (not yet there, or not
in this bundle) is replaced by its expectation given the present ones, ``R_ap R_pp⁻¹ z_p``. For least squares this *is*
the regression on the present ones alone (the omitted-variable formula), and what the absent ones leave unexplained,
``β_a' (R_aa - R_ap R_pp⁻¹ R_pa) β_a``, is added to the variance. All of it comes out of sweeping R on the present
coordinates (Goodnight 1979, "A Tutorial on the SWEEP Operator"), in place and without allocation.
"""

import math
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.jit import inner

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]

# What a coordinate's response is.
OWN: Final = 0  # with its report's other surprises held
POOLED: Final = 1  # of the series alone; heard only where no OWN of its report is

# What a coordinate is in this call.
UNUSED: Final = 0.0
KNOWN: Final = 1.0
EXPECTED: Final = 2.0  # replaced by its expectation
REPEATED: Final = 3.0  # known, and a linear function of those before it: predicts no other

PIVOT: Final = 1e-9  # below this a swept moment is singular


class Bundle(NamedTuple):
    """The surprises of one call, as views into the scorer's memory; one entry per coordinate but for ``bounds``.

    Attributes:
        bounds: Each report's first coordinate, then the number of coordinates.
        kinds: OWN or POOLED.
        heard: z, cut; NaN where there is none.
        state: UNUSED … REPEATED.
        filled: z as used: heard or expected; 0 where unused.
        matrix: The reports' second moments, swept on what is known.
    """

    bounds: Places
    kinds: Places
    heard: Floats
    state: Floats
    filled: Floats
    matrix: Floats


@inner
def sweep(matrix: Floats, pivot: int, start: int, stop: int) -> None:
    """Sweep the block ``start … stop`` on ``pivot``, in place (Goodnight 1979)."""
    inverse = 1.0 / matrix[pivot, pivot]
    for column in range(start, stop):
        matrix[pivot, column] *= inverse
    for row in range(start, stop):
        if row != pivot:
            factor = matrix[row, pivot]
            for column in range(start, stop):
                matrix[row, column] -= factor * matrix[pivot, column]
            matrix[row, pivot] = -factor * inverse
    matrix[pivot, pivot] = inverse


@inner
def condition(bundle: Bundle, start: int, stop: int) -> bool:
    """Take one report's known surprises of own response, sweep on them; say whether there was any."""
    found = False
    for i in range(start, stop):
        if bundle.kinds[i] == OWN and not math.isnan(bundle.heard[i]):
            found = True
            bundle.filled[i] = bundle.heard[i]
            bundle.state[i] = REPEATED
            if bundle.matrix[i, i] > PIVOT:
                bundle.state[i] = KNOWN
                sweep(bundle.matrix, i, start, stop)
    return found


@inner
def expect(bundle: Bundle, start: int, stop: int) -> None:
    """Fill in the absent surprises of own response from the known ones: ``R_ap R_pp⁻¹ z_p``."""
    for i in range(start, stop):
        if bundle.kinds[i] == OWN and math.isnan(bundle.heard[i]):
            bundle.state[i] = EXPECTED
            for j in range(start, stop):
                if bundle.state[j] == KNOWN:
                    bundle.filled[i] += bundle.matrix[j, i] * bundle.heard[j]


@inner
def pool(bundle: Bundle, shared: float, start: int, stop: int) -> None:
    """Use the pooled surprises: k of one response and one correlation weigh ``1 / (1 + (k - 1) shared)`` each."""
    count = 0
    for i in range(start, stop):
        count += not math.isnan(bundle.heard[i])
    for i in range(start, stop):
        if not math.isnan(bundle.heard[i]):
            bundle.state[i] = KNOWN
            bundle.filled[i] = bundle.heard[i] / (1.0 + (count - 1) * shared)


@inner
def reach(bundle: Bundle, start: int, stop: int) -> float:
    """How far out the known surprises of one report are: ``z_p' R_pp⁻¹ z_p``."""
    total = 0.0
    for i in range(start, stop):
        if bundle.state[i] == KNOWN:
            for j in range(start, stop):
                if bundle.state[j] == KNOWN:
                    total += bundle.filled[i] * bundle.matrix[i, j] * bundle.filled[j]
    return total


@inner
def unexplained(bundle: Bundle, numbers: Floats, beta: int, start: int, stop: int) -> float:
    """Variance that one report's expected surprises leave: ``β_a' (R_aa - R_ap R_pp⁻¹ R_pa) β_a``.

    ``beta`` says where in ``numbers`` the responses of all coordinates begin.
    """
    variance = 0.0
    for i in range(start, stop):
        if bundle.state[i] == EXPECTED:
            for j in range(start, stop):
                if bundle.state[j] == EXPECTED:
                    variance += numbers[beta + i] * bundle.matrix[i, j] * numbers[beta + j]
    return variance
