"""What had moved before releases: how much of the adjustment that was, and whether knowing it makes predictions better.

Kurov, Sancetta, Strasser & Halova Wolfe (2019, "Price drift before U.S. macroeconomic news", Journal of Financial and
Quantitative Analysis 54) find it in the last thirty minutes; the review of the first quarter of 2025 in ten hours.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from signald.core.movers.drift import share_gone
from signald.model.time import NS_PER_S, Nanos
from signald.research.judging import Judged, edge_of
from signald.research.paired import Compared, compare_pairs, scored
from signald.research.prices import Bars, moves_of
from signald.research.sample import Floats

WINDOWS: Final[Mapping[str, int]] = {"drift": 36_000, "drift-30m": 1_800}
"""Variant → seconds before the release over which it looks."""

_LEAST: Final = 3


class ShareGone(NamedTuple):
    """The share of an adjustment that was over before the figure, its standard error, and of how many releases."""

    share: float
    error: float
    n: int


class DriftResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a drift before releases says, over the primary horizon.

    Attributes:
        seconds: Before the release over which was looked.
        n: Releases.
        share: Of the whole move along the prediction, what had happened before the release; ``None``: unknown.
        share_error: Its standard error.
        gain: What discounted predictions are better by than those that are not; ``None`` with no release.
    """

    seconds: int
    n: int
    share: float | None
    share_error: float | None
    gain: Compared | None


def moves_before(bars: Sequence[Bars], ts: Sequence[Nanos] | Floats, seconds: int) -> Floats:
    """Each moment's move over the ``seconds`` before it, basis points; NaN where the prices do not say."""
    return moves_of(bars, (np.asarray(ts, dtype=np.int64) - seconds * NS_PER_S).tolist(), seconds)


def share_before(expected: Floats, before: Floats, after: Floats) -> ShareGone | None:
    """How much of the adjustment in an expected direction was over before the figure.

    c = Σxm/Σx² of the moves m before and after on what is expected, x (surprises, or predicted moves: its scale is of
    no account); the share is c_before/(c_before + c_after), its standard error by the delta method from the covariance
    of the two with residuals of any scale (White 1980, "A Heteroskedasticity-Consistent Covariance Matrix Estimator
    and a Direct Test for Heteroskedasticity", Econometrica 48).

    Args:
        expected: Of each release; rows with a NaN anywhere are left out.
        before: Its move before the figure.
        after: Its move after it.

    Returns:
        ``None`` of fewer than three releases, or where nothing moved along.
    """
    known = ~(np.isnan(expected) | np.isnan(before) | np.isnan(after))
    x, moves = expected[known], np.column_stack([before[known], after[known]])
    square = float(x @ x)
    if len(x) < _LEAST or not square > 0.0:
        return None
    slopes = x @ moves / square
    whole = float(slopes.sum())
    if whole == 0.0:
        return None
    left = (moves - np.outer(x, slopes)) * x[:, None]
    covariance = left.T @ left / square**2 * len(x) / (len(x) - 1)
    slope = np.array([slopes[1], -slopes[0]]) / whole**2
    return ShareGone(float(slopes[0]) / whole, math.sqrt(float(slope @ covariance @ slope)), len(x))


def discount(judged: Judged, before: Floats) -> Judged:
    """The same predictions, each less the share of it that was over; ``before`` has the moves of the sample's rows."""
    law = judged.model
    moved = before[list(judged.rows)]
    gone = [0.0 if math.isnan(move) else share_gone(move, mean) for move, mean in zip(moved, law.mean, strict=True)]
    mean = law.mean * (1.0 - np.array(gone).reshape(-1))
    edge = np.array([edge_of(*one) for one in zip(mean.tolist(), judged.std_mean.tolist(), strict=True)])
    return judged._replace(model=law._replace(mean=mean), edge=edge)


def weigh(judged: Judged, before: Floats, ts: Sequence[Nanos], *, seconds: int) -> DriftResult:
    """What a drift over ``seconds`` says of predictions that are not discounted, and what discounting gains."""
    rows = list(judged.rows)
    found = share_before(judged.model.mean, before[rows], judged.moves)
    times = {row: ts[row] for row in rows}
    plain, less = ({one.ts: one for one in scored(each, times)} for each in (judged, discount(judged, before)))
    return DriftResult(
        seconds=seconds,
        n=len(rows) if found is None else found.n,
        share=None if found is None else found.share,
        share_error=None if found is None else found.error,
        gain=compare_pairs(less, plain),
    )
