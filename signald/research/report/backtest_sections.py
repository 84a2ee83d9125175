"""What a backtest shows beside its scores: indicators, the obvious strategy, placebo days, power."""

from html import escape
from typing import Final

import numpy as np

from signald.model.time import NS_PER_S
from signald.research.backtest import BacktestResult, Examined
from signald.research.report.charts import Axis, Chart, axis_over, counted, dated
from signald.research.report.figures import unit
from signald.research.report.page import charts, figure, key, number, percent, section, table
from signald.research.skill import HorizonScores, Interval
from signald.research.strategy import sharpe

_STRATEGIES: Final = {
    "model": "the model's mean, where it exceeds the costs",
    "verdict": "the model's verdict",
    "ols": "least squares, where it exceeds the costs",
    "sign": "the surprise's sign, where it exceeds the costs",
}


def show_by_indicator(result: BacktestResult, seconds: int) -> str:
    """Skill of each indicator with its interval, best first."""
    lines = [(name, of) for name, of in result.per_indicator.items() if of.crps_skill_vs_zero is not None]
    if not lines:
        return ""
    lines.sort(key=lambda line: -(line[1].crps_skill_vs_zero or 0.0))
    ends = [end for _, of in lines for end in (_ends(of)) if end is not None]
    x = axis_over([max(-1.0, one) for one in ends], "CRPS skill against a zero mean", zero=True)
    names = [(float(-place), f"{name}, n = {of.n}") for place, (name, of) in enumerate(lines)]
    forest = Chart(x, Axis(-len(lines) + 0.4, 0.6, "", names), width=880.0, height=56.0 + 19.0 * len(lines), left=232.0)
    forest.upright(0.0)
    for place, (name, of) in enumerate(lines):
        lo, hi = _ends(of)
        skill = of.crps_skill_vs_zero or 0.0
        title = f"{name}: {number(skill, 3, sign=True)} ({number(lo)} … {number(hi)}), n = {of.n}"
        forest.whisker(float(-place), lo if lo is not None else skill, skill, hi if hi is not None else skill, title)
    return section(
        "By indicator",
        f"Release times at which the indicator came, over {seconds // 60} minutes, with their number. Several"
        " indicators share one report and so one line's figures.",
        figure("", forest.render("skill by indicator")),
    )


def _ends(of: HorizonScores) -> tuple[float | None, float | None]:
    interval = of.intervals.get("crps_skill_vs_zero", Interval())
    return interval.lo, interval.hi


def show_strategy(examined: Examined, seconds: int) -> str:
    """What trading the predictions would have earned, and what was tried besides."""
    strategy = examined.result.strategy
    lead = (
        f"Each release is traded in the direction of the predicted mean where that exceeds {strategy.cost_bps:g} bp,"
        f" the cost of a round trip, and closed {seconds // 60} minutes later. It trades at the price of the release's"
        " own second, which nobody gets: this bounds what was there, it does not promise it."
    )
    drawn = _equity(examined, seconds)
    said = (
        f"{strategy.trades} trades, {number(strategy.mean_bps, 1, sign=True)} bp each after costs"
        f" ({number(strategy.mean_lo_bps, 1)} … {number(strategy.mean_hi_bps, 1)}), largest fall"
        f" {number(strategy.drawdown_bps, 0)} bp. Sharpe ratio {number(strategy.sharpe)} a trade,"
        f" {number(strategy.sharpe_year, 1)} a year; the luckiest of {strategy.trials} trials without any skill would"
        f" show {number(strategy.sharpe_luck)} a trade. Probability that the true ratio is above that, the deflated"
        f" Sharpe ratio: {number(strategy.deflated_sharpe)}."
    )
    rows = [
        (
            escape(_STRATEGIES[name]),
            f"{over // 60} min",
            str(len(of.earned)),
            number(float(of.earned.mean()) if len(of.earned) else None, 1, sign=True),
            number(float(of.earned.sum()), 0, sign=True),
            number(sharpe(of.earned)),
        )
        for (name, over), of in sorted(
            examined.tried.items(), key=lambda item: (item[0][1], list(_STRATEGIES).index(item[0][0]))
        )
    ]
    head = ("All that were tried", "until", "trades", "bp each, net", "bp in all", "Sharpe a trade")
    return section("The obvious strategy", lead, drawn, f"<p>{escape(said)}</p>", table(head, rows))


def _equity(examined: Examined, seconds: int) -> str:
    curves = {name: examined.tried[name, seconds] for name in ("sign", "ols", "model")}
    ts = [one for of in curves.values() for one in of.ts.tolist()]
    if not ts:
        return ""
    x = dated(min(ts), max(ts))
    sums = {name: [0.0, *np.cumsum(of.earned).tolist()] for name, of in curves.items()}
    chart = Chart(
        x,
        axis_over([one for of in sums.values() for one in of], "bp, net, added up", zero=True),
        width=880.0,
        height=260.0,
    )
    chart.level(0.0)
    for (name, of), style in zip(curves.items(), ("c", "b", "a"), strict=True):
        chart.steps([x.lo, *(one / NS_PER_S for one in of.ts.tolist()), x.hi], [*sums[name], sums[name][-1]], of=style)
    caption = key("a", "the model") + key("b", "least squares") + key("c", "sign of the surprise")
    return figure("", chart.render("running sum of what the strategies earned"), caption)


def show_placebo(examined: Examined) -> str:
    """Probabilities of the tests on days without a release, and how many were below 5 %."""
    result = examined.result
    tests = [test for of in examined.tests.values() for test in of]
    lead = (
        "The surprises of each series are laid over weekdays on which nothing came, at the same minute of New York's"
        " clock; then there is no response to find. A test at 5 % must find one in 5 % of cases: more would mean that"
        " its errors are too small. Probabilities are exact, by flipping signs; Student's law with HC1 errors is shown"
        " beside them."
    )
    if not tests:
        return section("Placebo days", lead, "<p>There were not enough quiet days for a single test.</p>")
    counts = np.histogram([one.p for one in tests], bins=20, range=(0.0, 1.0))[0].tolist()
    chart = Chart(unit("p on placebo days"), counted(float(max(counts)), "tests"), height=230.0)
    chart.bars([one / 20.0 for one in range(21)], [float(one) for one in counts], [f"{one} tests" for one in counts])
    chart.level(len(tests) / 20.0)
    rows = [
        (
            "all" if name == "all" else f"{int(name) // 60} min",
            str(of.tests),
            f"{percent(of.rejections, 1)}<small>{percent(of.lo, 1)} … {percent(of.hi, 1)}</small>",
            percent(of.rejections_hc1, 1),
        )
        for name, of in result.placebo.items()
    ]
    shown = charts(
        (
            figure("", chart.render("p-values on placebo days"), "Level if nothing is found but chance."),
            table(("", "tests", "rejected at 5 %", "with HC1 errors"), rows),
        )
    )
    return section("Placebo days", lead, shown)


def show_power(result: BacktestResult, seconds: int) -> str:
    """The smallest effects that the sample would show, beside what was found."""
    rows: list[tuple[str, ...]] = []
    for name, title, digits in (
        ("crps_skill", "CRPS skill against zero", 3),
        ("log_score_skill", "log score gain on zero, nats", 3),
        ("hit_rate", "hit rate of verdicts", 2),
    ):
        found = {"hit_rate": "hit_rate"}.get(name, f"{name}_vs_zero")
        cells = [
            f"{number(getattr(of.power, name), digits)}<small>found {number(getattr(of, found), digits)}</small>"
            for of in result.horizons.values()
        ]
        rows.append((title, *cells))
    lead = (
        "The smallest true effect that so many release times would show at 5 %, one-sided, four times in five. What was"
        " found below it may be real, but could not have been relied upon to show."
    )
    head = ("", *(f"{int(one) // 60} min, n = {of.n}" for one, of in result.horizons.items()))
    lines = [
        (escape(name), str(of.n), number(of.crps_skill_vs_zero, 3, sign=True), number(of.power.crps_skill, 3))
        for name, of in result.per_indicator.items()
    ]
    each = table((f"CRPS skill, {seconds // 60} min", "n", "found", "smallest that shows"), lines) if lines else ""
    return section("Power: what this sample could show", lead, table(head, rows), each)
