"""One bundle of surprises → moves of all instruments at all horizons, in one call over memory laid out beforehand."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np

from signald.core.kernels.conditioning import (
    EXPECTED,
    KNOWN,
    REPEATED,
    UNUSED,
    Bundle,
    Floats,
    Places,
    condition,
    expect,
    pool,
    reach,
    unexplained,
)
from signald.core.kernels.jit import inner, kernel
from signald.core.kernels.student import below, spread

# Whole numbers at the head of ``places``: sizes first …
COORDINATES: Final = 0  # m: series; those of one report side by side
GROUPS: Final = 1  # g: reports
CELLS: Final = 2  # c: assets × horizons; the horizons of one asset side by side
HORIZONS: Final = 3  # h: horizons of each asset
INSTRUMENTS: Final = 4  # i
PRIMARY: Final = 5  # which horizon the drivers are of
# … then where in ``places`` begin …
BOUNDS: Final = 6  # g + 1: each report's first coordinate
KINDS: Final = 7  # m: OWN or POOLED
FIRST_CELLS: Final = 8  # i: the first cell of the instrument's asset, -1 where the model knows none
# … and where in ``numbers``:
LIMIT: Final = 9  # 1: surprises are cut at ± this
MOMENTS: Final = 10  # m × m: second moments between OWN coordinates of one report; else 1 on the diagonal, 0 off it
RELEASES: Final = 11  # g: releases those moments rest on
SHARED: Final = 12  # g: correlation between the report's POOLED coordinates
BETA: Final = 13  # c × m
RESIDUAL: Final = 14  # c × m: squared scale of the residual's law
COUNTS: Final = 15  # c × m: releases behind the response
COVARIANCE: Final = 16  # c × m × m: of beta
FREEDOM: Final = 17  # c × m: degrees of freedom of the residual's law; infinite: normal
QUANTILE: Final = 18  # c × m: 95 % of that law, in its scale
SCALE: Final = 19  # i: the instrument's move per move of its asset
WIDTH: Final = 20  # i: how much wider than that its law is; 1 where the asset is its own
MATRIX: Final = 21  # m × m; scratch from here on
STATE: Final = 22  # m
FILLED: Final = 23  # m
HEARD: Final = 24  # m
REACH: Final = 25  # g
SAID: Final = 26  # c × SAYINGS
SIZE: Final = 27  # length of ``numbers``
TWINS: Final = 28  # i, in ``places``: the first instrument of the same asset, itself if it is that
HEADER: Final = 29

# What is said of an instrument at a horizon; NaN where nothing can be.
MEAN: Final = 0  # basis points
STD: Final = 1  # of the move: parameters and residual
LOW: Final = 2  # 5 % of the law
HIGH: Final = 3  # 95 %
P_UP: Final = 4  # probability that the move is above zero
COUNT: Final = 5  # releases behind it: the least of the series heard
STD_MEAN: Final = 6  # of the mean alone: parameters
DF: Final = 7  # degrees of freedom of the law; infinite: normal
OUTPUTS: Final = 8
TAIL: Final = 8  # of an asset, besides: 95 % of the law, in its scale
SAYINGS: Final = 9

Z_95: Final = 1.6448536269514722  # Φ⁻¹(0.95)


def lay_out(bounds: Sequence[int], *, assets: int, horizons: int, instruments: int) -> tuple[Places, Floats]:
    """Reserve memory for one bundle: ``places`` with its header and ``bounds`` filled in, and ``numbers`` of zeros.

    Args:
        bounds: Each report's first coordinate, then the number of coordinates.
        assets: How many assets the model speaks of.
        horizons: How many horizons each has.
        instruments: How many instruments are scored.
    """
    m, g, c = bounds[-1], len(bounds) - 1, assets * horizons
    begins = accumulate((g + 1, m, instruments, instruments), initial=HEADER)
    model = (1, m * m, g, g, c * m, c * m, c * m, c * m * m, c * m, c * m, instruments, instruments)
    parts = (*model, m * m, m, m, m, g, c * SAYINGS)
    *starts, twins, end = begins
    header = (m, g, c, horizons, instruments, 0, *starts, *accumulate(parts, initial=0), twins)
    places = np.zeros(end, dtype=np.int64)
    places[:HEADER] = header
    places[starts[0] : starts[1]] = bounds
    places[twins:] = np.arange(instruments)
    return places, np.zeros(header[SIZE], dtype=np.float64)


@inner
def _bundle(places: Places, numbers: Floats) -> Bundle:
    m = places[COORDINATES]
    return Bundle(
        places[places[BOUNDS] : places[KINDS]],
        places[places[KINDS] : places[KINDS] + m],
        numbers[places[HEARD] : places[REACH]],
        numbers[places[STATE] : places[FILLED]],
        numbers[places[FILLED] : places[HEARD]],
        numbers[places[MATRIX] : places[STATE]].reshape((m, m)),
    )


@inner
def _hear(places: Places, numbers: Floats, surprises: Floats, bundle: Bundle) -> None:
    """Cut the surprises, decide what each is, and fill in what is expected of those that are not there."""
    m = places[COORDINATES]
    limit = numbers[int(places[LIMIT])]
    numbers[places[MATRIX] : places[STATE]] = numbers[places[MOMENTS] : places[MOMENTS] + m * m]
    for i in range(m):
        z = surprises[i]
        bundle.heard[i] = z if math.isnan(z) else min(max(z, -limit), limit)
        bundle.state[i] = UNUSED
        bundle.filled[i] = 0.0
    shared = numbers[places[SHARED] : places[BETA]]
    releases = numbers[places[RELEASES] : places[SHARED]]
    reaches = numbers[places[REACH] : places[SAID]]
    for g in range(places[GROUPS]):
        start, stop = bundle.bounds[g], bundle.bounds[g + 1]
        if condition(bundle, start, stop):
            expect(bundle, start, stop)
        else:
            pool(bundle, shared[g], start, stop)
        reaches[g] = reach(bundle, start, stop) / releases[g]


@inner
def _quadratic(numbers: Floats, begin: int, filled: Floats) -> float:
    """``x' V x`` of the m × m numbers from ``begin``."""
    m = filled.size
    total = 0.0
    for i in range(m):
        row = 0.0
        for j in range(m):
            row += numbers[begin + i * m + j] * filled[j]
        total += filled[i] * row
    return total


@inner
def _describe(mean: float, scale: float, df: float, tail: float) -> tuple[float, float, float, float]:
    """Standard deviation, 5 %, 95 % and the probability above zero of Student's law; ``tail`` is its 95 % in scales."""
    return scale * spread(df), mean - tail * scale, mean + tail * scale, below(mean / scale, df)


@inner
def _predict(places: Places, numbers: Floats, bundle: Bundle, cell: int) -> None:
    """Predict one asset at one horizon, into ``SAID``; the residual's law is that of the figure with the largest."""
    m = places[COORDINATES]
    row = cell * m
    beta, residuals, counts = places[BETA] + row, places[RESIDUAL] + row, places[COUNTS] + row
    freedom = places[FREEDOM] + row
    mean = 0.0
    residual = 0.0
    count = math.inf
    df = 0.0
    loudest = -1
    for i in range(m):
        mean += numbers[beta + i] * bundle.filled[i]
        if bundle.state[i] == KNOWN or bundle.state[i] == REPEATED:
            count = min(count, numbers[counts + i])
            one = numbers[residuals + i]
            if loudest < 0 or one > residual or (one == residual and numbers[freedom + i] < df):
                loudest = i
                residual = one
                df = float(numbers[int(freedom) + i])
    said = places[SAID] + cell * SAYINGS
    if loudest < 0:
        for k in range(SAYINGS):
            numbers[said + k] = math.nan
        return
    uncertain = _quadratic(numbers, places[COVARIANCE] + row * m, bundle.filled)
    for g in range(places[GROUPS]):
        left = unexplained(bundle, numbers, beta, bundle.bounds[g], bundle.bounds[g + 1])
        residual += left
        uncertain += left * numbers[places[REACH] + g]
    tail = float(numbers[int(places[QUANTILE]) + row + loudest])
    std, low, high, p_up = _describe(mean, math.sqrt(uncertain + residual), df, tail)
    numbers[said + MEAN] = mean
    numbers[said + STD] = std
    numbers[said + LOW] = low
    numbers[said + HIGH] = high
    numbers[said + P_UP] = p_up
    numbers[said + COUNT] = count
    numbers[said + STD_MEAN] = math.sqrt(uncertain)
    numbers[said + DF] = df
    numbers[said + TAIL] = tail


@inner
def _transfer(numbers: Floats, said: int, move: float, width: float, out: Floats, i: int, h: int) -> None:
    """Say of an instrument that moves ``move`` per move of its asset what was said of that.

    Places instead of views of rows: a view would cost more than the row.
    """
    mean = numbers[said + MEAN] * move
    df = numbers[said + DF]
    if width == 1.0 and move > 0.0:
        std, low, high = numbers[said + STD] * move, numbers[said + LOW] * move, numbers[said + HIGH] * move
        p_up = numbers[said + P_UP]
    else:
        scale = numbers[said + STD] / spread(df) * abs(move) * width
        std, low, high, p_up = _describe(mean, scale, df, numbers[said + TAIL])
    out[i, h, MEAN] = mean
    out[i, h, STD] = std
    out[i, h, LOW] = low
    out[i, h, HIGH] = high
    out[i, h, P_UP] = p_up
    out[i, h, COUNT] = numbers[said + COUNT]
    out[i, h, STD_MEAN] = numbers[said + STD_MEAN] * abs(move)
    out[i, h, DF] = df


@inner
def _share(numbers: Floats, bundle: Bundle, beta: int, move: float, shares: Floats, i: int) -> None:
    """Divide a mean among the known surprises; what was expected goes to those it was expected from."""
    for g in range(bundle.bounds.size - 1):
        start, stop = bundle.bounds[g], bundle.bounds[g + 1]
        for c in range(start, stop):
            weight = 0.0 if bundle.state[c] == EXPECTED else numbers[beta + c]
            if bundle.state[c] == KNOWN:
                for d in range(start, stop):
                    if bundle.state[d] == EXPECTED:
                        weight += numbers[beta + d] * bundle.matrix[c, d]
            shares[i, c] = weight * bundle.filled[c] * move + 0.0  # never -0.0


@inner
def _repeat(out: Floats, shares: Floats, twin: int, i: int) -> None:
    """Say of an instrument what was said of one of the same asset that moves alike."""
    for h in range(out.shape[1]):
        for k in range(OUTPUTS):
            out[i, h, k] = out[twin, h, k]
    for c in range(shares.shape[1]):
        shares[i, c] = shares[twin, c]


@inner
def _score(places: Places, numbers: Floats, surprises: Floats, out: Floats, shares: Floats) -> None:
    bundle = _bundle(places, numbers)
    _hear(places, numbers, surprises, bundle)
    for cell in range(places[CELLS]):
        _predict(places, numbers, bundle, cell)
    m, horizons = places[COORDINATES], places[HORIZONS]
    for i in range(places[INSTRUMENTS]):
        first = places[places[FIRST_CELLS] + i]
        if first < 0:
            out[i] = math.nan
            shares[i] = 0.0
            continue
        move, width = float(numbers[int(places[SCALE]) + i]), float(numbers[int(places[WIDTH]) + i])
        twin = int(places[places[TWINS] + i])
        if twin < i and numbers[places[SCALE] + twin] == move and numbers[places[WIDTH] + twin] == width:
            _repeat(out, shares, twin, i)
            continue
        for h in range(horizons):
            _transfer(numbers, places[SAID] + (first + h) * SAYINGS, move, width, out, i, h)
        _share(numbers, bundle, places[BETA] + (first + places[PRIMARY]) * m, move, shares, i)


@kernel("void(i8[::1], f8[::1], f8[::1], f8[:,:,::1], f8[:,::1])")
def score(places: Places, numbers: Floats, surprises: Floats, out: Floats, shares: Floats) -> None:
    """Score one bundle for all instruments at all horizons.

    Args:
        places: Sizes and places, from :func:`lay_out`.
        numbers: The model's numbers, and scratch, laid out by it.
        surprises: z of each coordinate, NaN where there is none.
        out: ``[instrument, horizon, OUTPUTS]``; written.
        shares: ``[instrument, coordinate]``, basis points of the mean at the primary horizon; written.
    """
    _score(places, numbers, surprises, out, shares)


@kernel("void(i8[::1], f8[::1], f8[:,::1], f8[:,:,:,::1], f8[:,:,::1])")
def score_each(places: Places, numbers: Floats, surprises: Floats, out: Floats, shares: Floats) -> None:
    """The same for every row of ``surprises``; ``out`` and ``shares`` have one more axis in front, of its length."""
    for case in range(surprises.shape[0]):
        _score(places, numbers, surprises[case], out[case], shares[case])
