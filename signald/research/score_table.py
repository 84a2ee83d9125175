"""The scores of a backtest as a table that a quant can read."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from signald.research.backtest import BacktestResult
from signald.research.cuts import sentences
from signald.research.drift import DriftResult
from signald.research.skill import HorizonScores, Interval
from signald.research.sweep import SweepResult

SCORES: Final = (
    ("log_score_skill_vs_zero", "log score gain on zero, nats"),
    ("log_score_skill_vs_ols", "… on least squares"),
    ("log_score_skill_vs_sign", "… on the surprise's sign"),
    ("crps_skill_vs_zero", "CRPS skill against zero"),
    ("crps_skill_vs_ols", "… against least squares"),
    ("crps_skill_vs_sign", "… against the surprise's sign"),
    ("r2", "R² out of sample"),
    ("brier", "Brier score"),
    ("brier_reliability", "… reliability (0 is best)"),
    ("brier_resolution", "… resolution"),
    ("brier_uncertainty", "… uncertainty"),
    ("coverage_50", "coverage of 50 % intervals"),
    ("coverage_90", "coverage of 90 % intervals"),
    ("hit_rate", "hit rate of verdicts"),
    ("hit_rate_sign", "hit rate of the surprise's sign"),
    ("no_edge", "share without a verdict"),
)
"""Score → what it is called, in the order shown."""


def render_scores(result: BacktestResult) -> Group:
    """Each score over each horizon with its 90 % interval, then strategy and placebo days in a sentence each."""
    table = Table("", title=f"{result.asset}: {result.releases} figures", title_justify="left")
    for seconds, scores in result.horizons.items():
        table.add_column(f"{seconds} s, n = {scores.n}", justify="right")
    for name, title in SCORES:
        table.add_row(title, *(_cell(name, scores) for scores in result.horizons.values()))
    return Group(table, *(Text(line) for line in conclude(result)))


def render_drift(result: DriftResult) -> Group:
    """What had moved before releases, and what it gains to take that off, in a sentence each."""
    lines = [f"of the whole move along the prediction {_number(result.share)} ± {_number(result.share_error)} was over"]
    lines[0] += f" in the {result.seconds} s before the release (n = {result.n})"
    if result.gain is not None:
        crps, density = result.gain.crps, result.gain.log_score
        lines.append(
            f"predictions less what was over: CRPS {crps.mean:+.1%} ({crps.lo:+.1%} … {crps.hi:+.1%}), log score "
            f"{density.mean:+.3f} nats ({density.lo:+.3f} … {density.hi:+.3f}); {result.gain.changed} of "
            f"{result.gain.n} predictions are others"
        )
    return Group(*(Text(line) for line in lines))


def render_sweep(result: SweepResult) -> Group:
    """A row for each point, then what luck alone would have given."""
    table = Table(title=f"{len(result.points)} points, {result.trials} trials", title_justify="left")
    for name in ("asset", "variant", "embargo, s", "cost, bp", "CRPS skill", "trades", "bp each", "deflated Sharpe"):
        table.add_column(name, justify="right")
    for place, one in enumerate(result.points):
        strategy = one.strategy
        cells = (
            one.asset,
            one.variant or "decided",
            str(one.embargo_s),
            f"{one.cost_bps:g}",
            _number(one.scores.crps_skill_vs_zero),
            str(strategy.trades),
            _number(strategy.mean_bps),
            _number(strategy.deflated_sharpe),
        )
        table.add_row(*cells, style="bold" if place == result.best else None)
    luck = f"The luckiest of {result.trials} trials without any skill would show a Sharpe ratio of"
    return Group(table, Text(f"{luck} {_number(result.sharpe_luck)} a trade."))


def conclude(result: BacktestResult) -> Iterator[str]:
    """Power, strategy and placebo days, a sentence each."""
    primary = result.horizons[str(result.strategy.seconds)]
    power = primary.power
    if power.crps_skill is not None and power.log_score_skill is not None:
        yield (
            f"Power: {primary.n} timestamps show at 5 %, four times in five, a CRPS skill of {power.crps_skill:.3f}"
            f" or a log score gain of {power.log_score_skill:.3f} nats, and nothing smaller."
        )
    strategy = result.strategy
    if strategy.mean_bps is None:
        yield f"Strategy: no predicted mean exceeds costs of {strategy.cost_bps:g} bp."
    else:
        yield (
            f"Strategy: {strategy.trades} trades, {strategy.mean_bps:+.1f} bp each after costs of"
            f" {strategy.cost_bps:g} bp{_between(strategy.mean_lo_bps, strategy.mean_hi_bps)}; deflated Sharpe"
            f" {_number(strategy.deflated_sharpe)} of {strategy.trials} trials."
        )
    placebo = result.placebo.get("all")
    if placebo is not None:
        yield (
            f"Placebo days: {placebo.rejections:.1%} of {placebo.tests} tests at 5 % see a response"
            f" (90 % interval {placebo.lo:.1%} … {placebo.hi:.1%}); of t-tests with HC1 errors"
            f" {placebo.rejections_hc1:.1%}."
        )
    if result.expectations is not None:
        yield from sentences(result.expectations)


def _cell(name: str, scores: HorizonScores) -> str:
    value: float | None = getattr(scores, name)
    interval = scores.intervals.get(name, Interval())
    if value is None:
        return "–"
    shown = f"{value:.3f}{_between(interval.lo, interval.hi, digits=2)}"
    return f"{shown} of {scores.hits_n}" if name == "hit_rate" else shown


def _between(lo: float | None, hi: float | None, *, digits: int = 1) -> str:
    return "" if lo is None or hi is None else f" [{lo:.{digits}f}, {hi:.{digits}f}]"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
