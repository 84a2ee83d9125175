"""A history of priced cuts beside releases: what changes on days without one, and how moves go with those at one.

The change in priced cuts over the move's own time, as far as the window after a release reaches, is one more regressor
of the move: r = Σ β S + g Δ + ε, joint least squares with HC1 errors. Δ is as unknown before the release as the move
is, so this explains and predicts nothing (Kuttner 2001, "Monetary policy surprises and interest rates", Journal of
Monetary Economics 47, measures it so).
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from signald.core.learning import tidy
from signald.core.movers.cuts import HEARD_NS, threshold_of
from signald.core.movers.moments import DAY, is_weekend
from signald.errors import ImportFormatError
from signald.model.expectations import CutsModel, CutsResponse, CutsThreshold
from signald.model.time import NS_PER_S, Nanos, parse_rfc3339
from signald.research.regression import regress
from signald.research.sample import Floats, Sample
from signald.research.tables import read_table

HEADER: Final = ("ts", "meeting", "implied_cuts_year_end")
LEVEL: Final = 0.9
"""Share of days without a release that stay within the threshold."""
LEAST_SPARE: Final = 10
"""Timestamps beyond the number of regressors before anything is estimated."""

_LEAST_SERIES: Final = 8  # releases before a series has a regressor of its own
_MEETING: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
_FARTHEST: Final = 40.0  # cuts


class History(NamedTuple):
    """Words in order of time: when they were known, the year by whose end, and how many cuts; and their file."""

    ts: Sequence[Nanos]
    year: Sequence[str]
    cuts: Floats
    name: str = ""
    sha256: str = ""


def read_history(path: Path) -> History:
    """A file of ``ts,meeting,implied_cuts_year_end``: RFC 3339, rising; a day; cuts of 25 basis points.

    Raises:
        ConfigError: There is no such file.
        ImportFormatError: A line is not what it should be.
    """
    rows = read_table(path, HEADER)
    ts: list[Nanos] = []
    cuts: list[float] = []
    for line, row in enumerate(rows, start=2):
        try:
            told, meeting, number = row
            ts.append(parse_rfc3339(told))
            cuts.append(float(number))
        except ValueError as error:
            raise ImportFormatError(str(path), line, f"{','.join(row)!r}: {error}") from error
        if not _MEETING.fullmatch(meeting) or not abs(cuts[-1]) <= _FARTHEST:
            problem = f"{','.join(row)!r} is no meeting such as 2025-03-19 with at most {_FARTHEST:g} cuts"
            raise ImportFormatError(str(path), line, problem)
        if len(ts) > 1 and ts[-1] <= ts[-2]:
            raise ImportFormatError(str(path), line, f"{told} is not later than the line before")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return History(ts, [row[1][:4] for row in rows], np.array(cuts), path.name, digest)


def estimate_cuts(history: History, sample: Sample, *, window_s: float, days: Sequence[Nanos] = ()) -> CutsModel:
    """What days without a release change, and how moves go with the change at one.

    Args:
        history: What was priced when.
        sample: Surprises and moves.
        window_s: For how long after a moment a change is its own.
        days: Moments of releases of which there is no surprise: their days are not quiet either.
    """
    moments: list[Nanos] = sample.ts.tolist()
    horizons = sorted({seconds for of in sample.moves.values() for seconds in of})
    changes = {s: changes_at(history, moments, window_s=min(s, window_s)) for s in horizons}  # as a reaction knows them
    return CutsModel(
        threshold=estimate_threshold(history, sorted({*moments, *days}), window_s=window_s),
        assets={
            asset: tuple(one for s in sorted(of) if (one := explain(sample, of[s], changes[s], seconds=s)) is not None)
            for asset, of in sorted(sample.moves.items())
        },
        history=history.name,
        sha256=history.sha256,
    )


def changes_at(history: History, moments: Sequence[Nanos], *, window_s: float) -> Floats:
    """Last change within the window after each moment against what had come before it; NaN: not known."""
    window = round(window_s * NS_PER_S)
    return np.array([_change(history, moment, window, farthest=False) for moment in moments])


def estimate_threshold(history: History, busy: Sequence[Nanos], *, window_s: float) -> CutsThreshold | None:
    """What the farthest change stays within on weekdays without a release, at the clock times of those with one.

    ``None``: fewer days than that takes are known.
    """
    if not history.ts:
        return None
    window = round(window_s * NS_PER_S)
    taken = np.array(busy, dtype=np.int64)
    first, last = history.ts[0], history.ts[-1]
    farthest: list[float] = []
    for clock in sorted({moment % DAY for moment in busy}):
        for moment in range(first - first % DAY + clock, last, DAY):
            if is_weekend(moment) or np.any(np.abs(taken - moment) <= window):
                continue
            change = _change(history, moment, window, farthest=True)
            if not np.isnan(change):
                farthest.append(abs(change))
    found = threshold_of(farthest, level=LEVEL, window_s=window_s)
    return None if found is None else _tidied(found)


def explain(sample: Sample, moves: Floats, changes: Floats, *, seconds: int) -> CutsResponse | None:
    """Regress moves on surprises and changes together; ``None``: too few timestamps have all three."""
    rows = ~np.isnan(moves) & ~np.isnan(changes) & ~np.isnan(sample.z).all(axis=1)
    z = sample.z[rows]
    columns = np.count_nonzero(~np.isnan(z), axis=0) >= _LEAST_SERIES
    surprises = np.nan_to_num(z[:, columns])
    n, size = surprises.shape
    if n < size + 1 + LEAST_SPARE or not np.any(changes[rows]):
        return None
    joint = np.column_stack([surprises, changes[rows]])
    if np.linalg.matrix_rank(joint) <= size:
        return None
    fit = regress(moves[rows], joint)
    return CutsResponse(
        seconds=seconds,
        bps_per_cut=tidy(float(fit.beta[-1])),
        error=tidy(float(np.sqrt(fit.covariance[-1, -1]))),
        n=n,
        r2_without=tidy(regress(moves[rows], surprises).r2) if size else 0.0,
        r2=tidy(fit.r2),
    )


def _change(history: History, moment: Nanos, window: Nanos, *, farthest: bool) -> float:
    """Of the last word, or the farthest, within the window; NaN where none was known before, or came soon after."""
    ts = history.ts
    begin, end = bisect_left(ts, moment), bisect_right(ts, moment + window)
    if begin == 0 or moment - ts[begin - 1] > DAY:
        return np.nan
    year, before = history.year[begin - 1], history.cuts[begin - 1]
    within = [float(history.cuts[place] - before) for place in range(begin, end) if history.year[place] == year]
    if within:
        return max(within, key=abs) if farthest else within[-1]
    heard = bisect_right(ts, moment + HEARD_NS) > begin
    return 0.0 if farthest and heard else np.nan


def _tidied(found: CutsThreshold) -> CutsThreshold:
    return CutsThreshold(
        cuts=tidy(found.cuts),
        low=None if found.low is None else tidy(found.low),
        high=None if found.high is None else tidy(found.high),
        days=found.days,
        window_s=found.window_s,
    )


def sentences(model: CutsModel) -> list[str]:
    """The threshold, then each response, in words."""
    told = ["Priced cuts: too few days without a release to say what they change by."]
    if model.threshold is not None:
        one = model.threshold
        low = "?" if one.low is None else f"{one.low:.3f}"
        high = "?" if one.high is None else f"{one.high:.3f}"
        stays = f"within {one.window_s:g} s they stay within {one.cuts:.3f} (90 % interval {low} … {high})"
        told = [f"Priced cuts: {stays} on {LEVEL:.0%} of days without a release (n = {one.days})."]
    for asset, responses in model.assets.items():
        told += [
            f"{asset}, {one.seconds} s: {one.bps_per_cut:+.1f} bp per cut priced (s.e. {one.error:.1f}, n = {one.n});"
            f" R² {one.r2_without:.2f} of surprises alone, {one.r2:.2f} with it. It explains, it does not predict."
            for one in responses
        ]
    if not any(model.assets.values()):
        told.append("Priced cuts explain nothing yet: too few releases have them, surprises and moves.")
    return told
