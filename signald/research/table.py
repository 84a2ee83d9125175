"""The model as a table that a quant can read."""

import math

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from signald.model.expectations import CutsModel
from signald.model.nowcast import NowcastModel
from signald.model.parameters import Family, Parameters, Response, Series
from signald.research.bridge import sentences as bridges_told
from signald.research.cuts import sentences
from signald.research.estimate import taken_alone


def render_table(parameters: Parameters) -> Group:
    """One table per asset over the primary horizon, then what the families lend, then what it all rests on.

    ``β`` is the response with the report's other surprises held, ``alone`` that to the figure when it comes alone;
    beside it what joint least squares say, and of ``n`` releases how many still count.
    """
    tables = [
        _responses(parameters, asset, response)
        for asset, responses in parameters.assets.items()
        for response in responses
        if response.seconds == parameters.primary_s
    ]
    families = [
        _families(asset, response)
        for asset, responses in parameters.assets.items()
        for response in responses
        if response.seconds == parameters.primary_s and response.families
    ]
    cuts = parameters.expectations
    told = [Text(one) for one in sentences(cuts)] if isinstance(cuts, CutsModel) else []
    if isinstance(parameters.nowcast, NowcastModel):
        told += [Text(one) for one in bridges_told(parameters.nowcast)]
    return Group(*tables, *families, Text(_foot(parameters)), *told)


def _responses(parameters: Parameters, asset: str, response: Response) -> Table:
    title = f"{asset}, {response.seconds} s: n = {response.n} timestamps, least squares R² = {response.r2:.2f}"
    if response.scores is not None:
        title += (
            f"; last year out of sample: CRPS skill {response.scores.crps_skill:+.3f},"
            f" log score {response.scores.log_score_gain:+.3f} nats, R² {response.scores.r2:+.2f},"
            f" 90 % interval {response.scores.coverage_90:.0%} (n = {response.scores.n})"
        )
    table = Table(title=title, title_justify="left")
    table.add_column("series", no_wrap=True)
    for column in (
        "σ",
        "β, bp per σ",
        "s.e.",
        "t",
        "alone",
        "t",
        "least squares",
        "t",
        "n",
        "count",
        "residual, bp",
        "df",
    ):
        table.add_column(column, justify="right")
    described = {one.id: one for one in parameters.series}
    alone = taken_alone(parameters.own, parameters.reports, np.array(response.beta), np.array(response.covariance))
    for place, name in enumerate(parameters.own):
        beta, error = response.beta[place], math.sqrt(response.covariance[place][place])
        plain = response.least_squares[place]
        table.add_row(
            _marked(described[name]),
            f"{described[name].sigma:.3g}",
            f"{beta:+.1f}",
            f"{error:.1f}",
            f"{beta / error:+.1f}",
            f"{alone[place].mean:+.1f}",
            f"{alone[place].mean / math.sqrt(alone[place].variance):+.1f}",
            f"{plain:+.1f}",
            f"{plain / response.least_squares_error[place]:+.1f}",
            str(response.count[place]),
            f"{response.effective[place]:.1f}",
            f"{response.residual[place]:.0f}",
            "" if response.residual_df is None else str(response.residual_df[place]),
        )
    return table


def _families(asset: str, response: Response) -> Table:
    table = Table("family", title=f"{asset}, {response.seconds} s: lent to short histories", title_justify="left")
    for column in ("mean, bp per σ", "s.e.", "between series", "n"):
        table.add_column(column, justify="right")
    for name, family in response.families.items():
        table.add_row(name, *_family(family))
    return table


def _family(family: Family) -> tuple[str, str, str, str]:
    spread = math.sqrt(family.between)
    return f"{family.mean:+.1f}", f"{math.sqrt(family.variance):.1f}", f"{spread:.1f}", str(family.count)


def _marked(series: Series) -> str:
    return f"{series.id} *" if series.thin_history else series.id


def _foot(parameters: Parameters) -> str:
    return (
        f"model {parameters.id}: releases {parameters.first_release} … {parameters.last_release}; S on the last"
        f" {parameters.window} surprises, cut at ±{parameters.winsor:g}; responses shrunk to zero by family, drifting,"
        " Student's law; least squares: joint, HC1 errors;"
        f" {len(parameters.pooled)} series of short history take their family's response; * thin history"
    )
