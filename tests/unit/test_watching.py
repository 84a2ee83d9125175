"""What is watched agrees with what there is: metrics, log events, dashboards, alerts and the runbook."""

import copy
import json
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from signald.console.catalogue import CATALOGUE, as_markdown
from tests.support.prometheus import program

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
GRAFANA: Any = Draft7Validator(
    json.loads((ROOT / "deploy" / "grafana" / "schema" / "dashboard.schema.json").read_text())
)
RULES = ROOT / "deploy" / "prometheus" / "rules" / "signald.yml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
ANCHORS = {
    re.sub(r"[^a-z0-9 -]", "", heading.lower()).strip().replace(" ", "-"): entry
    for heading, entry in re.findall(
        r"^## (.+?)$(.*?)(?=^## |\Z)", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE | re.DOTALL
    )
}
"""Entries of the runbook, by what links to them end in."""


def test_table_of_metrics_is_current() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == as_markdown(), "run `make tables`"


@pytest.mark.timeout(60)  # it reads every module
def test_table_of_log_events_is_current() -> None:
    tables = runpy.run_path(str(ROOT / ".ci" / "tables.py"))

    assert (ROOT / "docs" / "logs.md").read_text() == tables["logs_markdown"](), "run `make tables`"


def test_metrics_are_named_alike() -> None:
    names = [metric.name for metric in CATALOGUE]

    assert len(names) == len(set(names))
    for metric in CATALOGUE:
        assert re.fullmatch(r"signald(_[a-z0-9]+)+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")


def test_dashboards_are_current() -> None:
    generator = runpy.run_path(str(ROOT / "deploy" / "grafana" / "generate.py"))

    written = {path.name: path.read_text() for path in DASHBOARDS}
    made = {f"{board.uid}.json": generator["document"](board) for board in generator["BOARDS"]}

    assert written == made, "run `make dashboards`"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_grafanas_schema_takes_every_dashboard(dashboard: Path) -> None:
    found = [f"{error.json_path}: {error.message}" for error in GRAFANA.iter_errors(json.loads(dashboard.read_text()))]

    assert found == []


@pytest.mark.parametrize(
    "mistake",
    [
        {"fieldConfig": {"defaults": {"unit": 7}, "overrides": []}},
        {"fieldConfig": {"defaults": {"thresholds": {"mode": "often", "steps": []}}, "overrides": []}},
        {"fieldConfig": {"defaults": {"custom": {"lineWidht": 2}}, "overrides": []}},
        {"gridPos": {"x": 0, "y": 0, "w": "12", "h": 8}},
        {"targets": [{"refId": "A"}]},
        {"targets": [{"refId": "A", "expr": "up", "format": "lines"}]},
        {"options": {"legend": {"displayMode": "loud"}}},
        {"type": "graf"},
        {"titel": "a panel"},
    ],
)
def test_grafanas_schema_finds_mistakes(mistake: dict[str, Any]) -> None:
    dashboard = json.loads((DASHBOARDS[0].parent / "signald-latency.json").read_text())
    lines = next(panel for panel in dashboard["panels"] if panel["type"] == "timeseries")
    before = copy.deepcopy(dashboard)

    lines.update(mistake)

    assert (GRAFANA.is_valid(before), GRAFANA.is_valid(dashboard)) == (True, False)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_says_what_it_shows_and_what_to_do(dashboard: Path) -> None:
    panels = [panel for panel in json.loads(dashboard.read_text())["panels"] if panel["type"] != "row"]

    assert panels
    for panel in panels:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]
        (link,) = panel["links"]
        assert link["url"].removeprefix("${runbook}#") in ANCHORS, link["url"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_a_severity_an_entry_in_the_runbook_and_a_case(alert: dict[str, Any]) -> None:
    cases = yaml.safe_load((ROOT / "deploy" / "prometheus" / "tests.yml").read_text())["tests"]

    file, anchor = alert["annotations"]["runbook_url"].split("#")

    assert alert["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert re.fullmatch(r"\d+[sm]", alert["for"])
    assert (file, anchor in ANCHORS) == ("docs/runbook.md", True)
    assert f"`{alert['alert']}`" in ANCHORS[anchor]
    assert [case["name"] for case in cases].count(alert["alert"]) == 1


def test_prometheus_takes_the_rules_and_their_cases() -> None:
    promtool = program("promtool")
    place = RULES.parents[1]

    for command in (
        [promtool, "check", "rules", "rules/signald.yml"],
        [promtool, "check", "config", "--syntax-only", "prometheus.yml"],
        [promtool, "test", "rules", "tests.yml"],
    ):
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)  # noqa: S603 - see above
        assert done.returncode == 0, done.stdout + done.stderr
