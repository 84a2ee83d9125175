"""A calibration for people: every response beside the releases it rests on, and what the predictions left."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

import numpy as np

from signald.model.parameters import Parameters, Response, SeriesId
from signald.model.time import NS_PER_S
from signald.research.judging import Judged
from signald.research.regression import regress
from signald.research.report.charts import Chart, axis_over, dated
from signald.research.report.figures import pit_figure, quantile_chart, reliability_figure, residual_chart
from signald.research.report.page import charts, figure, number, page, percent, section, table, tiles
from signald.research.sample import Floats, Sample
from signald.research.skill import score_horizon
from signald.research.walk import Path

_Z_90: Final = 1.6448536269514722
_SIZE: Final = {"width": 300.0, "height": 190.0}


class _Seen(NamedTuple):
    """One series' releases with surprise and move, and least squares on them alone."""

    ts: tuple[int, ...]
    z: Floats
    moves: Floats
    beta: float
    error: float


def render_calibration(
    parameters: Parameters, sample: Sample, judged: Judged, followed: Mapping[SeriesId, Path], *, asset: str
) -> str:
    """The report as one HTML document.

    Args:
        parameters: The model.
        sample: What it was estimated from.
        judged: Predictions of the primary horizon, walking forward through the same sample.
        followed: What was believed of each series over the primary horizon, walking likewise.
        asset: Whose releases are drawn.
    """
    response = next(one for one in parameters.assets[asset] if one.seconds == parameters.primary_s)
    seen = {name: _look(sample, name, asset, parameters.primary_s) for name in parameters.own}
    scores = score_horizon(judged)
    shown = [
        (str(response.n), "release times"),
        (f"{len(parameters.own)} + {len(parameters.pooled)}", "series with a response: own + lent"),
        (number(response.r2), f"R² within the sample, {asset}"),
        (percent(scores.crps_skill_vs_zero, sign=True), "CRPS better than a zero mean, walking forward"),
        (percent(scores.coverage_90), "of moves within 90 % intervals, likewise"),
    ]
    days = f"{parameters.first_release[:10]} to {parameters.last_release[:10]}"
    minutes = parameters.primary_s // 60
    parts = [
        tiles(shown),
        _responses(parameters),
        _horizons(parameters, asset),
        _scatters(parameters, response, seen, asset),
        _paths(parameters, followed, response),
        section(
            "What the predictions left",
            "Each release predicted from those before it only. Residuals are in standard normal units by their"
            " predicted law: if the laws are right they lie on the diagonal, and look alike at all times.",
            charts((_residuals(sample, judged), figure("Against the normal law", quantile_chart(judged)))),
        ),
        section(
            "Are the probabilities right?",
            "If they are, the line stays near the diagonal and the bars are level, within the grey of chance.",
            charts((reliability_figure(scores, judged), pit_figure(scores))),
        ),
    ]
    return page(
        "Responses to US releases: calibration",
        f"model {parameters.id} · releases {days} · {', '.join(parameters.assets)} · {minutes} minutes first of all",
        parts,
        foot=_foot(parameters),
    )


def _look(sample: Sample, name: SeriesId, asset: str, seconds: int) -> _Seen:
    z, moves = sample.z[:, sample.series.index(name)], sample.moves[asset][seconds]
    rows = ~np.isnan(z) & ~np.isnan(moves)
    beta, error = _alone(z[rows], moves[rows])
    return _Seen(tuple(sample.ts[rows].tolist()), z[rows], moves[rows], beta, error)


def _alone(z: Floats, moves: Floats) -> tuple[float, float]:
    """Response by least squares on this series alone, and its standard error; NaN where it did not surprise."""
    if len(z) < 3 or np.count_nonzero(z) < 2:  # noqa: PLR2004 - a slope and its error
        return math.nan, math.nan
    fit = regress(moves, z[:, None])
    return float(fit.beta[0]), math.sqrt(float(fit.covariance[0, 0]))


def _responses(parameters: Parameters) -> str:
    described = {one.id: one for one in parameters.series}
    of = {
        asset: next(one for one in responses if one.seconds == parameters.primary_s)
        for asset, responses in parameters.assets.items()
    }
    counts = next(iter(of.values())).count
    rows = [
        (
            escape(name) + (" *" if described[name].thin_history else ""),
            f"{described[name].sigma:.3g}",
            str(counts[place]),
            *(_beta(one, place) for one in of.values()),
        )
        for place, name in enumerate(parameters.own)
    ]
    head = ("series", "σ of surprise", "n", *(f"{asset}, bp per σ" for asset in of))
    lead = (
        f"Move over {parameters.primary_s // 60} minutes in basis points per standard deviation of surprise, the other"
        " surprises of the minute held, as believed at the end of the sample; then its standard error and t. An"
        " asterisk marks a thin history."
    )
    return section("Responses", lead, table(head, rows), _lent(parameters, of))


def _lent(parameters: Parameters, of: dict[str, Response]) -> str:
    families = sorted({name for one in of.values() for name in one.families})
    if not families:
        return ""
    rows = [
        (
            escape(name),
            *(
                _estimate(one.families[name].mean, one.families[name].variance) if name in one.families else "–"
                for one in of.values()
            ),
        )
        for name in families
    ]
    borrowers = f"<p class=note>Lent to {escape(', '.join(parameters.pooled))}.</p>" if parameters.pooled else ""
    return table(("lent by family", *of), rows) + borrowers


def _beta(response: Response, place: int) -> str:
    return _estimate(response.beta[place], response.covariance[place][place])


def _estimate(mean: float, variance: float) -> str:
    error = math.sqrt(variance)
    t = number(mean / error, 1, sign=True) if error > 0.0 else "–"
    return f"{number(mean, 1, sign=True)}<small>± {number(error, 1)} &ensp;t {t}</small>"


def _horizons(parameters: Parameters, asset: str) -> str:
    responses = parameters.assets[asset]
    rows = [(escape(name), *(_beta(one, place) for one in responses)) for place, name in enumerate(parameters.own)]
    head = (f"{asset}, bp per σ", *(f"{one.seconds // 60} min, R² {number(one.r2)}" for one in responses))
    return section("Over longer horizons", "The same responses as time goes on.", table(head, rows))


def _scatters(parameters: Parameters, response: Response, seen: dict[SeriesId, _Seen], asset: str) -> str:
    figures = [_scatter(name, seen[name], response.beta[place]) for place, name in enumerate(parameters.own)]
    lead = (
        f"Move of {asset} over {parameters.primary_s // 60} minutes against surprise, release by release. The line is"
        " least squares on the series alone with its 90 % band (HC1); dashed the model's response, other surprises"
        " held."
    )
    return section("Release by release", lead, charts(figures, small=True))


def _scatter(name: SeriesId, seen: _Seen, beta: float) -> str:
    x = axis_over(seen.z.tolist(), "surprise, σ", count=4, zero=True)
    y = axis_over(seen.moves.tolist(), "move, bp", count=4, zero=True)
    chart = Chart(x, y, **_SIZE)
    chart.level(0.0)
    chart.upright(0.0)
    ends = np.linspace(x.lo, x.hi, 25)
    if math.isfinite(seen.beta):
        wide = _Z_90 * seen.error * np.abs(ends)
        chart.band(ends.tolist(), (seen.beta * ends - wide).tolist(), (seen.beta * ends + wide).tolist())
        chart.line([x.lo, x.hi], [seen.beta * x.lo, seen.beta * x.hi])
    chart.line([x.lo, x.hi], [beta * x.lo, beta * x.hi], of="b", dashed=True)
    titles = [
        f"{_day(ts)}: {number(z, 2, sign=True)} σ, {number(move, 1, sign=True)} bp"
        for ts, z, move in zip(seen.ts, seen.z.tolist(), seen.moves.tolist(), strict=True)
    ]
    chart.points(seen.z.tolist(), seen.moves.tolist(), titles)
    said = (
        f"{number(seen.beta, 1, sign=True)} bp per σ, t {number(seen.beta / seen.error, 1, sign=True)}, n {len(seen.z)}"
    )
    return figure(name, chart.render(f"moves against surprises of {name}"), said)


def _paths(parameters: Parameters, followed: Mapping[SeriesId, Path], response: Response) -> str:
    figures = [
        _path(name, followed[name], response.beta[place])
        for place, name in enumerate(parameters.own)
        if name in followed and len(followed[name].ts) > 1
    ]
    lead = (
        "What was believed of each response before each of its releases, with the belief's 90 % band: learnt from the"
        " releases before it only, drifting towards zero in between. Dashed what is believed now; all at the"
        " volatility of the last year."
    )
    return section("Responses over time", lead, charts(figures, small=True))


def _path(name: SeriesId, path: Path, beta: float) -> str:
    at = [ts / NS_PER_S for ts in path.ts]
    lo, hi = path.mean - _Z_90 * path.error, path.mean + _Z_90 * path.error
    x = dated(path.ts[0], path.ts[-1], most=4)
    chart = Chart(x, axis_over([*lo.tolist(), *hi.tolist(), beta], "bp per σ", count=4, zero=True), **_SIZE)
    chart.level(0.0)
    chart.band(at, lo.tolist(), hi.tolist())
    chart.line(at, path.mean.tolist())
    chart.line([x.lo, x.hi], [beta, beta], of="b", dashed=True)
    return figure(name, chart.render(f"response to {name} over time"))


def _residuals(sample: Sample, judged: Judged) -> str:
    return figure("Over time", residual_chart(judged, sample.ts[list(judged.rows)].tolist()))


def _foot(parameters: Parameters) -> str:
    files = "".join(
        f"<div>{escape(one.name)} <code>{one.sha256}</code></div>"
        for one in (*parameters.calendars, *parameters.prices)
    )
    return (
        f"<p>Surprise: actual less consensus over the standard deviation of the series' last {parameters.window}"
        f" surprises, cut at ±{parameters.winsor:g} (Balduzzi, Elton &amp; Green 2001); joint responses: Andersen,"
        f" Bollerslev, Diebold &amp; Vega (2003). SHA-256 of what this rests on:</p>{files}"
    )


def _day(ts: int) -> str:
    return datetime.fromtimestamp(ts / NS_PER_S, UTC).strftime("%-d %b %Y")
