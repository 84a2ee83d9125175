"""How good one horizon's predictions were, with an interval on every score from drawing the releases anew."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from scipy import stats

from signald.research.judging import BASELINES, Judged
from signald.research.reliability import brier_parts_of_draws
from signald.research.sample import Floats
from signald.research.scores import brier, covered, crps, log_score, probability_integral, probability_up

DRAWS: Final = 1_000
"""How often the timestamps are drawn anew for the intervals."""

_PART_DRAWS: Final = 250
"""How many of them the parts of the Brier score are computed for: each is a regression of its own."""

PIT_BINS: Final = 10

_Z_90: Final = float(stats.norm.ppf(0.95))
_POWERED: Final = float(stats.norm.ppf(0.95) + stats.norm.ppf(0.8))
"""Standard errors that an effect must be worth to be seen at 5 %, one-sided, four times in five."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """Where 90 % of a score's values lie when the timestamps are drawn anew, less the drawing's own bias.

    Efron (1981), "Nonparametric standard errors and confidence intervals": the bias-corrected percentile method.
    """

    lo: float | None = None
    hi: float | None = None


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest effect that so many timestamps show at 5 %, one-sided, four times in five.

    Attributes:
        log_score_skill: Against ``zero``, nats.
        crps_skill: Against ``zero``.
        hit_rate: Of verdicts, above one half; above 1 where there were too few to show any.
    """

    log_score_skill: float | None = None
    crps_skill: float | None = None
    hit_rate: float | None = None


class HorizonScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores over one horizon; ``None`` where nothing was scored.

    Skills are against ``zero`` (the same kind of law around zero, learnt alike), ``ols`` (least squares on all so
    far, normal law) and ``sign`` (the same on the signs of the surprises): of the CRPS one less the ratio of means, of
    the log score the mean difference in nats.

    Attributes:
        n: Timestamps scored.
        log_score: Mean, nats.
        crps: Mean, basis points.
        brier: Mean squared error of the probability of a rise: reliability less resolution plus uncertainty.
        coverage_50: Share of moves within the central 50 % interval.
        coverage_90: Within that of 90 %.
        hit_rate: Share of the verdicts ``up`` and ``down`` whose sign came.
        hits_n: How many such verdicts there were.
        hit_rate_sign: Share of timestamps whose move had the sign that ``sign`` expected.
        no_edge: Share of timestamps without a verdict.
        r2: One less the mean squared error over that of zero.
        pit: How many moves fell into each tenth of their predicted law.
        pit_p: Probability of so uneven a PIT if the laws are right (Kolmogorov & Smirnov).
        power: Smallest effect that could have been seen.
        intervals: Score → its interval.
    """

    n: int
    log_score: float | None = None
    log_score_skill_vs_zero: float | None = None
    log_score_skill_vs_ols: float | None = None
    log_score_skill_vs_sign: float | None = None
    crps: float | None = None
    crps_skill_vs_zero: float | None = None
    crps_skill_vs_ols: float | None = None
    crps_skill_vs_sign: float | None = None
    brier: float | None = None
    brier_reliability: float | None = None
    brier_resolution: float | None = None
    brier_uncertainty: float | None = None
    coverage_50: float | None = None
    coverage_90: float | None = None
    hit_rate: float | None = None
    hits_n: int = 0
    hit_rate_sign: float | None = None
    no_edge: float | None = None
    r2: float | None = None
    pit: tuple[int, ...] = ()
    pit_p: float | None = None
    power: Power = Power()
    intervals: dict[str, Interval] = {}


MEASURES: Final = tuple(
    name
    for name in HorizonScores.__struct_fields__
    if name not in {"n", "hits_n", "pit", "pit_p", "power", "intervals"}
)
"""The scores that have an interval."""


def score_horizon(judged: Judged) -> HorizonScores:
    """Score these predictions; every number but counts with its interval."""
    n = len(judged.moves)
    if not n:
        return HorizonScores(n=0, intervals=dict.fromkeys(MEASURES, Interval()))
    columns = _columns(judged)
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1.0 / n), DRAWS).astype(np.float64)
    whole = _scores(columns, judged, np.ones((1, n)))
    spread = _scores(columns, judged, drawn)
    pit = probability_integral(judged.model, judged.moves)
    return HorizonScores(
        n=n,
        **{name: _number(values[0]) for name, values in whole.items()},
        hits_n=int(np.count_nonzero(judged.edge)),
        pit=tuple(np.histogram(pit, bins=PIT_BINS, range=(0.0, 1.0))[0].tolist()),
        pit_p=float(stats.kstest(pit, "uniform").pvalue),
        power=_power(columns, int(np.count_nonzero(judged.edge))),
        intervals={name: _interval(float(whole[name][0]), spread[name]) for name in MEASURES},
    )


def _columns(judged: Judged) -> Mapping[str, Floats]:
    """What is averaged, row by row."""
    model, moves = judged.model, judged.moves
    columns: dict[str, Floats] = {
        "log_score": log_score(model, moves),
        "crps": crps(model, moves),
        "brier": brier(model, moves),
        "coverage_50": covered(model, moves, 0.5).astype(np.float64),
        "coverage_90": covered(model, moves, 0.9).astype(np.float64),
        "no_edge": (judged.edge == 0.0).astype(np.float64),
        "hits": (judged.edge * moves > 0.0).astype(np.float64),
        "right_sign": (judged.baselines["sign"].mean * moves > 0.0).astype(np.float64),
        "said_sign": (judged.baselines["sign"].mean != 0.0).astype(np.float64),
        "error": (moves - model.mean) ** 2,
        "square": moves**2,
    }
    for name in BASELINES:
        columns[f"log_score_{name}"] = log_score(judged.baselines[name], moves)
        columns[f"crps_{name}"] = crps(judged.baselines[name], moves)
    return columns


def _scores(columns: Mapping[str, Floats], judged: Judged, counts: Floats) -> dict[str, Floats]:
    """Every score, for each row of ``counts[draw, timestamp]``."""
    mean = {name: counts @ values / counts.sum(axis=1) for name, values in columns.items()}
    scores = {name: mean[name] for name in ("log_score", "crps", "brier", "coverage_50", "coverage_90", "no_edge")}
    for name in BASELINES:
        scores[f"log_score_skill_vs_{name}"] = mean["log_score"] - mean[f"log_score_{name}"]
        scores[f"crps_skill_vs_{name}"] = 1.0 - mean["crps"] / mean[f"crps_{name}"]
    with np.errstate(invalid="ignore", divide="ignore"):
        scores["hit_rate"] = mean["hits"] / (1.0 - mean["no_edge"])
        scores["hit_rate_sign"] = mean["right_sign"] / mean["said_sign"]
    scores["r2"] = 1.0 - mean["error"] / mean["square"]
    up, rose = probability_up(judged.model), judged.moves > 0.0
    parts = brier_parts_of_draws(up, rose, counts[:_PART_DRAWS])
    for place, name in enumerate(("reliability", "resolution", "uncertainty")):
        scores[f"brier_{name}"] = parts[:, place]
    return scores


def _interval(value: float, drawn: Floats) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if math.isnan(value) or not len(known):
        return Interval()
    below = float(np.mean(known < value) + 0.5 * np.mean(known == value))
    bias = float(stats.norm.ppf(min(max(below, 0.5 / len(known)), 1.0 - 0.5 / len(known))))
    lo, hi = np.quantile(known, stats.norm.cdf([2.0 * bias - _Z_90, 2.0 * bias + _Z_90]))
    return Interval(lo=float(lo), hi=float(hi))


def _power(columns: Mapping[str, Floats], verdicts: int) -> Power:
    n = len(columns["crps"])
    if n < 2:  # noqa: PLR2004 - one has no spread
        return Power()
    log_gain = columns["log_score"] - columns["log_score_zero"]
    ratio = float(columns["crps"].mean() / columns["crps_zero"].mean())
    crps_gain = (ratio * columns["crps_zero"] - columns["crps"]) / columns[
        "crps_zero"
    ].mean()  # its influence on the skill
    return Power(
        log_score_skill=_POWERED * float(log_gain.std(ddof=1)) / math.sqrt(n),
        crps_skill=_POWERED * float(crps_gain.std(ddof=1)) / math.sqrt(n),
        hit_rate=0.5 + _POWERED * 0.5 / math.sqrt(verdicts) if verdicts else None,
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
