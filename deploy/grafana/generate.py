"""Writes dashboards/*.json from panels/: `make dashboards`."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from panels import BOARDS
from panels.board import Board, Panel

PLACE = Path(__file__).parent / "dashboards"
SOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")
KINDS: dict[str, Any] = {
    "lines": timeseries.Panel,
    "stat": stat.Panel,
    "heat": heatmap.Panel,
    "states": statetimeline.Panel,
    "bars": bargauge.Panel,
    "table": table.Panel,
}
INSTANT = {"stat", "bars", "table"}
BLUE, AMBER, RED = "#56B4E9", "#E69F00", "#D55E00"  # told apart by everybody (Okabe and Ito)


def thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    """Steps from calm to alarm; of a number that must not fall the other way round."""
    limits = [(panel.warn, AMBER), (panel.alarm, RED)]
    steps = [models.Threshold(value=None, color=BLUE)]
    if panel.below:
        steps = [models.Threshold(value=None, color=RED if panel.alarm is not None else BLUE)]
        limits = [(panel.alarm, AMBER), (panel.warn, BLUE)]
    seen: set[float] = set()
    for value, color in limits:
        if value is not None and value not in seen:
            seen.add(value)
            steps.append(models.Threshold(value=value, color=color))
    if panel.warn is not None and panel.warn == panel.alarm:
        steps[-1] = models.Threshold(value=panel.warn, color=BLUE if panel.below else RED)
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def built(panel: Panel) -> Any:
    """One panel."""
    made = (
        KINDS[panel.kind]()
        .title(panel.title)
        .description(panel.about)
        .unit(panel.unit)
        .datasource(SOURCE)
        .thresholds(thresholds(panel))
        .links([dashboard.DashboardLink("Runbook").url(f"${{runbook}}#{panel.runbook}").target_blank(True)])
        .span(panel.width)
        .height(panel.height)
    )
    if panel.decimals is not None:
        made = made.decimals(panel.decimals)
    if panel.kind == "lines":
        made = made.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        ).fill_opacity(8)
    if panel.kind == "heat":
        made = made.calculate(False)
    for number, (expression, legend) in enumerate(panel.queries):
        query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + number))
        query = query.instant() if panel.kind in INSTANT else query.range()
        if panel.kind == "heat":
            query = query.format(prometheus_models.PromQueryFormat.HEATMAP)
        if "_bucket" in expression and panel.kind == "lines":
            query = query.exemplar(True)
        made = made.with_target(query)
    return made


def releases() -> dashboard.AnnotationQuery:
    """Releases as marks on every panel."""
    return (
        dashboard.AnnotationQuery()
        .name("Releases")
        .datasource(SOURCE)
        .enable(True)
        .hide(False)
        .icon_color(RED)
        .expr('changes(signald_releases_total{state="released"}[30s]) > 0')
    )


def document(board: Board) -> str:
    """One dashboard as Grafana reads it."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags(["signald"])
        .refresh("5s")
        .time("now-1h", "now")
        .timezone("utc")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.ConstantVariable("runbook").value("docs/runbook.md"))
        .link(dashboard.DashboardLink("signald").type(models.DashboardLinkType.DASHBOARDS).tags(["signald"]))
        .annotation(releases())
    )
    for title, panels in board.rows:
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(built(panel))
    whole = made.build()
    for variable in whole.templating.list_val or ():
        variable.auto = variable.auto_min = variable.auto_count = None  # of intervals; the schema has them nowhere
    return JSONEncoder(sort_keys=True, indent=2).encode(whole) + "\n"


def main() -> None:
    """Write them all."""
    for board in BOARDS:
        (PLACE / f"{board.uid}.json").write_text(document(board), encoding="utf-8")


if __name__ == "__main__":
    main()
