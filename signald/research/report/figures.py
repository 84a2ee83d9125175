"""Figures that both reports show: reliability, PIT, residuals."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import stats

from signald.model.time import NS_PER_S, Nanos
from signald.research.judging import Judged
from signald.research.reliability import reliability_curve
from signald.research.report.charts import Axis, Chart, axis_over, counted, dated
from signald.research.report.page import figure, key, number
from signald.research.sample import Floats
from signald.research.scores import probability_integral, probability_up
from signald.research.skill import PIT_BINS, HorizonScores

_UNIT: Final = Axis(0.0, 1.0, "", [(one / 4.0, f"{one / 4.0:g}") for one in range(5)])
_EDGE: Final = 1e-6


def unit(label: str) -> Axis:
    """An axis of probability."""
    return _UNIT._replace(label=label)


def reliability_figure(scores: HorizonScores, judged: Judged) -> str:
    """How often prices rose against the probability said, with the band of right probabilities."""
    up, rose = probability_up(judged.model), judged.moves > 0.0
    curve = reliability_curve(up, rose)
    chart = Chart(unit("probability of a rise said"), unit("how often it rose"), height=300.0)
    said = curve.said.tolist()
    chart.band(said, curve.lo.tolist(), curve.hi.tolist(), of="c")
    chart.line([0.0, 1.0], [0.0, 1.0], of="c", dashed=True)
    chart.steps(said, curve.came.tolist())
    outcomes: list[bool] = rose[np.argsort(up, kind="stable")].tolist()
    chart.points(said, [0.975 if one else 0.025 for one in outcomes], of="b")
    parts = (
        f"Brier {number(scores.brier, 3)} = reliability {number(scores.brier_reliability, 3)} − resolution"
        f" {number(scores.brier_resolution, 3)} + uncertainty {number(scores.brier_uncertainty, 3)}.<br>"
    )
    return figure(
        "Reliability", chart.render("reliability diagram"), parts + key("b", "what came: a rise above, a fall below")
    )


def pit_figure(scores: HorizonScores) -> str:
    """How many moves fell into each tenth of their predicted law, with the band of right laws."""
    lo, hi = stats.binom.ppf([0.05, 0.95], scores.n, 1.0 / PIT_BINS)
    chart = Chart(
        unit("place of the move in its predicted law"), counted(max(*scores.pit, hi), "release times"), height=300.0
    )
    chart.band([0.0, 1.0], [float(lo)] * 2, [float(hi)] * 2, of="c")
    edges = [one / PIT_BINS for one in range(PIT_BINS + 1)]
    chart.bars(edges, [float(one) for one in scores.pit], [f"{one} of {scores.n}" for one in scores.pit])
    chart.level(scores.n / PIT_BINS)
    return figure("PIT", chart.render("histogram of the PIT"), f"Kolmogorov–Smirnov p = {number(scores.pit_p)}.")


def residual_chart(judged: Judged, moments: Sequence[Nanos]) -> str:
    """Residuals in standard normal units over time; 90 % of right ones lie between the outer lines."""
    left = _normal(judged).tolist()
    chart = Chart(dated(moments[0], moments[-1]), axis_over([*left, -2.5, 2.5], "residual, σ"), height=280.0)
    chart.band([moments[0] / NS_PER_S, moments[-1] / NS_PER_S], [-1.645, -1.645], [1.645, 1.645], of="c")
    chart.level(0.0)
    chart.points([one / NS_PER_S for one in moments], left)
    return chart.render("residuals over time")


def quantile_chart(judged: Judged) -> str:
    """The same in rising order against what the normal law has, with the band of 90 % of such samples."""
    left = np.sort(_normal(judged))
    n = len(left)
    ranks = np.arange(1, n + 1)
    expected, lo, hi = (
        np.asarray(stats.norm.ppf(stats.beta.ppf(level, ranks, n + 1 - ranks))) for level in (0.5, 0.05, 0.95)
    )
    both = axis_over([*left.tolist(), *lo.tolist(), *hi.tolist()])
    chart = Chart(both._replace(label="of the normal law, σ"), both._replace(label="residual, σ"), height=280.0)
    chart.band(expected.tolist(), lo.tolist(), hi.tolist(), of="c")
    chart.line([both.lo, both.hi], [both.lo, both.hi], of="c", dashed=True)
    chart.points(expected.tolist(), left.tolist())
    return chart.render("residuals against the normal law")


def _normal(judged: Judged) -> Floats:
    pit = np.clip(probability_integral(judged.model, judged.moves), _EDGE, 1.0 - _EDGE)
    return np.asarray(stats.norm.ppf(pit))
