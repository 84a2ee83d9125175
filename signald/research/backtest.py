"""Walks forward through releases, and says how good the predictions were beside those one could have without them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from signald.core.scoring.scorer import judge_edge
from signald.errors import ConfigError
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import Parameters, SeriesId
from signald.model.time import Nanos
from signald.research.baselines import apply_model, walk_least_squares
from signald.research.calibrate import PRIMARY_S, read_inputs
from signald.research.estimate import indicator_of
from signald.research.placebo import placebo_rejections
from signald.research.prices import Prices
from signald.research.sample import Flags, Floats, Sample
from signald.research.scores import Law, brier, covered, crps, log_score
from signald.research.walk import CANDIDATES, SILENT, Kin, Walked, walk

LEAST_PER_INDICATOR: Final = 5
"""Releases from which on an indicator has a line of its own."""


class Scope(NamedTuple):
    """What is scored; everything earlier is learnt from.

    Attributes:
        asset: Whose moves.
        begin: First scheduled time scored; ``None``: from the start.
        end: Scheduled times before this are scored; ``None``: to the end.
        indicators: Timestamps at which one of these came; empty: all.
    """

    asset: str = "BTC"
    begin: Nanos | None = None
    end: Nanos | None = None
    indicators: tuple[IndicatorId, ...] = ()


class HorizonScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores over one horizon; ``None`` where nothing was scored.

    Skills are against ``zero`` (the same kind of law around zero, learnt alike) and ``ols`` (least squares on all so
    far, normal law): of the CRPS one less the ratio of means, of the log score the mean difference in nats.

    Attributes:
        n: Timestamps scored.
        brier: Mean squared error of the probability of a rise.
        coverage_50: Share of moves within the central 50 % interval.
        coverage_90: Within that of 90 %.
        hit_rate: Share of the verdicts ``up`` and ``down`` whose sign came.
        hits_n: How many such verdicts there were.
        no_edge: Share of timestamps without one.
        r2: One less the mean squared error over that of zero.
    """

    n: int
    log_score_skill_vs_zero: float | None
    log_score_skill_vs_ols: float | None
    crps_skill_vs_zero: float | None
    crps_skill_vs_ols: float | None
    brier: float | None
    coverage_50: float | None
    coverage_90: float | None
    hit_rate: float | None
    hits_n: int
    no_edge: float | None
    r2: float | None


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result; as JSON it is what ``backtest --json`` prints.

    Attributes:
        releases: Figures with a consensus within the scope.
        horizons: Seconds, as text → scores.
        per_indicator: Indicator → its scores over the primary horizon, where it came often enough.
        placebo_rejections: Share of t-tests at 5 % that saw a response on days without a release.
    """

    releases: int
    horizons: dict[str, HorizonScores]
    per_indicator: dict[IndicatorId, HorizonScores]
    placebo_rejections: float | None


class Judged(NamedTuple):
    """One horizon's predictions beside the baselines', row by row, for looking further into."""

    rows: tuple[int, ...]
    model: Law
    zero: Law
    ols: Law
    edge: Floats
    moves: Floats


def backtest(
    calendars: Sequence[Path],
    prices: Sequence[Path],
    indicators: Mapping[IndicatorId, Indicator],
    *,
    scope: Scope,
    model: Parameters | None = None,
) -> BacktestResult:
    """Evaluate out of sample.

    Args:
        calendars: Calendar files in order of trust.
        prices: Price files.
        indicators: The series that are known.
        scope: What is scored.
        model: Score this model as it stands; ``None``: learn as one goes.

    Raises:
        ImportFormatError: A file is not what it should be.
        ConfigError: The prices or the model do not have the asset, or an indicator is not known.
        OSError: A file cannot be read.
    """
    sample, bars = read_inputs(calendars, prices, indicators)
    return evaluate(sample, bars, indicators, scope=scope, model=model)


def evaluate(
    sample: Sample,
    prices: Prices,
    indicators: Mapping[IndicatorId, Indicator],
    *,
    scope: Scope,
    model: Parameters | None = None,
) -> BacktestResult:
    """The same, of what was read."""
    for name in scope.indicators:
        if name not in indicators:
            raise ConfigError(name, "is no indicator that we know")
    if scope.asset not in prices or (model is not None and scope.asset not in model.assets):
        raise ConfigError(scope.asset, "has no prices here, or is not in the model")
    kin = {name: Kin(one.report, one.family) for name in sample.series for one in (indicator_of(indicators, name),)}
    inside = _inside(sample, scope)
    judged = {
        seconds: judge(sample, kin, asset=scope.asset, seconds=seconds, model=model)
        for seconds in sorted(sample.moves[scope.asset])
    }
    return BacktestResult(
        releases=int(np.count_nonzero(~np.isnan(sample.raw[inside]))),
        horizons={str(seconds): _score(one, inside) for seconds, one in judged.items()},
        per_indicator=_per_indicator(sample, judged[PRIMARY_S], inside),
        placebo_rejections=placebo_rejections(sample, prices[scope.asset], seconds=PRIMARY_S),
    )


def judge(
    sample: Sample, kin: Mapping[SeriesId, Kin], *, asset: str, seconds: int, model: Parameters | None = None
) -> Judged:
    """Predict every row by the model and by both baselines, and keep the rows that all three speak of."""
    ours = (
        walk(sample, kin, asset=asset, seconds=seconds, candidates=CANDIDATES)
        if model is None
        else apply_model(model, sample, asset=asset, seconds=seconds)
    )
    zero = walk(sample, kin, asset=asset, seconds=seconds, candidates=SILENT)
    ols = walk_least_squares(sample, asset=asset, seconds=seconds)
    rows = sorted(set(ours.rows) & set(zero.rows) & set(ols.rows))
    edge = dict(zip(ours.rows, map(_edge, ours.law.mean.tolist(), ours.std_mean.tolist()), strict=True))
    return Judged(
        rows=tuple(rows),
        model=_law_of(ours, rows),
        zero=_law_of(zero, rows),
        ols=_law_of(ols, rows),
        edge=np.array([edge[row] for row in rows]),
        moves=sample.moves[asset][seconds][rows],
    )


def _law_of(walked: Walked, rows: Sequence[int]) -> Law:
    return walked.law.take(np.isin(walked.rows, rows))


def _edge(mean: float, std_mean: float) -> float:
    """The verdict's sign, before costs; 0 for none."""
    return {"up": 1.0, "down": -1.0}.get(judge_edge(mean, std_mean, cost_bps=0.0), 0.0)


def _inside(sample: Sample, scope: Scope) -> Flags:
    inside = np.ones(len(sample.ts), dtype=np.bool_)
    if scope.begin is not None:
        inside &= sample.ts >= scope.begin
    if scope.end is not None:
        inside &= sample.ts < scope.end
    if scope.indicators:
        columns = [i for i, name in enumerate(sample.series) if name.partition(":")[0] in scope.indicators]
        inside &= ~np.isnan(sample.z[:, columns]).all(axis=1)
    return inside


def _per_indicator(sample: Sample, judged: Judged, inside: Flags) -> dict[IndicatorId, HorizonScores]:
    lines: dict[IndicatorId, HorizonScores] = {}
    for name in sorted({name.partition(":")[0] for name in sample.series}):
        columns = [i for i, one in enumerate(sample.series) if one.partition(":")[0] == name]
        scores = _score(judged, inside & ~np.isnan(sample.z[:, columns]).all(axis=1))
        if scores.n >= LEAST_PER_INDICATOR:
            lines[name] = scores
    return lines


def _score(judged: Judged, inside: Flags) -> HorizonScores:
    kept: Flags = inside[list(judged.rows)]
    model, zero, ols = judged.model.take(kept), judged.zero.take(kept), judged.ols.take(kept)
    moves: Floats = judged.moves[kept]
    edge: Floats = judged.edge[kept]
    if not len(moves):
        return HorizonScores(n=0, hits_n=0, **dict.fromkeys(_MEASURES))
    ours = float(crps(model, moves).mean())
    said: Flags = edge != 0.0
    return HorizonScores(
        n=len(moves),
        log_score_skill_vs_zero=float(np.mean(log_score(model, moves) - log_score(zero, moves))),
        log_score_skill_vs_ols=float(np.mean(log_score(model, moves) - log_score(ols, moves))),
        crps_skill_vs_zero=float(1.0 - ours / crps(zero, moves).mean()),
        crps_skill_vs_ols=float(1.0 - ours / crps(ols, moves).mean()),
        brier=float(brier(model, moves).mean()),
        coverage_50=float(covered(model, moves, 0.5).mean()),
        coverage_90=float(covered(model, moves, 0.9).mean()),
        hit_rate=float(np.mean(edge[said] * moves[said] > 0.0)) if said.any() else None,
        hits_n=int(np.count_nonzero(said)),
        no_edge=float(np.mean(~said)),
        r2=float(1.0 - np.sum((moves - model.mean) ** 2) / np.sum(moves**2)),
    )


_MEASURES: Final = tuple(name for name in HorizonScores.__struct_fields__ if name not in {"n", "hits_n"})
