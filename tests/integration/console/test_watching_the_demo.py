"""A demo that plays, in a real browser and in a real Prometheus, which scrapes it every second.

One demo for all of it: starting one takes longer than looking at it.
"""

import json
import math
import os
import re
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page
from redis import Redis

from signald.console.catalogue import CATALOGUE
from tests.support.browser import browser, opened, picture, violations
from tests.support.demo import Demo
from tests.support.grafana import Grafana
from tests.support.prometheus import Prometheus, prometheus
from tests.support.waiting import eventually

__all__ = ["browser"]

pytestmark = pytest.mark.timeout(300)

DEPLOY = Path(__file__).parents[3] / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "rules" / "signald.yml").read_text())["groups"]
    for rule in group["rules"]
]
LIMIT = re.compile(r"\s*(==|<=|>=|<|>)\s*-?[\d.e]+")
WHERE_CONFIGURED = "signald_clock_offset_seconds"
"""There only where a time server is asked, which the demo does not."""

DEMO_S = 240
"""Longer than a busy machine takes for all of this: who is done ends it."""

PATIENCE_S = 100
"""By then a release was followed to its end, on a busy machine too."""

WIDE = {"width": 1600, "height": 1000}
PHONE = {"width": 390, "height": 844}
APPEARS_WITHIN_MS = 200
ENTRIES_WITH_THEIR_TIME = """() => {
  window.seen = {};
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes)
      if (node.dataset?.entry && !(node.dataset.entry in window.seen)) window.seen[node.dataset.entry] = Date.now();
  }).observe(document.getElementById("signals"), { childList: true });
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that has just become ready."""
    demo = Demo(tmp_path_factory.mktemp("demo"), duration_s=DEMO_S, console=True, scenario="faults")
    try:
        eventually(lambda: "console: " in demo.told or demo.process.poll() is not None, within_s=100)
        eventually(lambda: state_of(demo) is not None, within_s=20)
        with Redis(port=demo.ports[1]) as redis:
            redis.xgroup_create("{signald}:consumer:demo-desk", "desk", id="0", mkstream=True)
        yield demo
    finally:
        demo.process.terminate()
        try:
            demo.process.wait(20)
        finally:
            demo.kill()


@pytest.fixture(scope="module", autouse=True)
def watching(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server that scrapes it, from the beginning."""
    with prometheus(tmp_path_factory.mktemp("prometheus"), [demo.ports[2], demo.console_port]) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def witness(demo: Demo, browser: Browser) -> Iterator[Page]:
    """A page that looks on from the beginning, and notes when each signal appears on it."""
    with opened(browser, url_of(demo)) as page:
        page.evaluate(ENTRIES_WITH_THEIR_TIME)
        yield page


@pytest.fixture
def page(demo: Demo, browser: Browser) -> Iterator[Page]:
    with opened(browser, url_of(demo), viewport=WIDE, color_scheme="dark") as page:
        yield page


def url_of(demo: Demo) -> str:
    return f"http://127.0.0.1:{demo.console_port}/"


def state_of(demo: Demo) -> dict[str, Any] | None:
    connection = HTTPConnection("127.0.0.1", demo.console_port, timeout=5)
    try:
        connection.request("GET", "/state")
        return json.loads(connection.getresponse().read())
    except OSError:
        return None
    finally:
        connection.close()


def test_countdown_ticks_by_signalds_clock(demo: Demo, page: Page) -> None:
    shown = {page.text_content("#countdown")}

    def has_ticked() -> bool:
        shown.add(page.text_content("#countdown"))
        return len(shown) > 5

    def agrees() -> bool:
        state = state_of(demo)
        drawn = page.evaluate("async () => (await import('/static/time.js')).now()")
        return state is not None and abs(drawn - state["clock"]["now"]) < 1_000

    assert eventually(has_ticked)
    assert eventually(agrees)  # the demo's clock jumps now and then
    assert all(re.fullmatch(r"T[−+]([\d:.]+|\d+ d [\d:]+)", text or "") for text in shown), shown


def test_signal_appears_within_200_ms_of_its_entry(witness: Page) -> None:
    def delays() -> list[int]:
        seen: dict[str, int] = witness.evaluate("() => window.seen")
        return [at - int(entry.partition("-")[0]) for entry, at in seen.items()]

    assert eventually(lambda: [ms for ms in delays() if ms <= APPEARS_WITHIN_MS], within_s=PATIENCE_S), delays()


def test_everything_is_on_the_page(page: Page) -> None:
    for shown in (
        "#next-ready:not(:empty)",
        "#ladder tr svg",
        "#signals li svg polyline.path",
        "#books tr[data-instrument='BTCUSDT.BINANCE'] .health",
        "#guard svg rect",
        "#latency svg rect",
        "#notices li",
        "#due tr",
    ):
        page.wait_for_selector(shown, state="attached", timeout=1_000 * PATIENCE_S)


def test_halting_needs_the_token_and_resuming_undoes_it(demo: Demo, page: Page) -> None:
    found = re.search(r"to halt there: (\S+)\)", demo.told)
    assert found is not None

    def command(name: str, *, token: str) -> None:
        page.keyboard.press("h")
        page.check(f"input[value={name}]")
        page.fill("input[name=reason]", "a test")
        page.fill("input[name=token]", token)
        page.click("#control-send")
        page.wait_for_function("() => !['', 'Sending…'].includes(document.getElementById('control-said').textContent)")

    command("halt", token="another")  # noqa: S106 - a wrong one
    refused = page.text_content("#control-said")
    page.click("#control-close")
    command("halt", token=found[1])
    page.wait_for_selector("#alarm:visible")
    page.click("#control-close")
    halted = page.text_content("#alarm")
    picture(page, "halted")
    command("resume", token=found[1])
    page.wait_for_selector("#alarm", state="hidden")
    page.click("#control-close")

    assert refused == "Not done: the token is missing or wrong"
    assert halted == "All signals are halted by console: a test"
    with Redis(port=demo.ports[1]) as redis:
        audit: Any = redis.xrange("{signald}:audit")
    actions = [fields[b"action"] for _, fields in audit]
    assert [action for action in actions if action in {b"halt", b"resume"}] == [b"halt", b"resume"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {"viewport": WIDE, "color_scheme": "light"}),
        ("dark", {"viewport": WIDE, "color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}),
    ],
)
def test_page_is_accessible(demo: Demo, browser: Browser, name: str, options: dict[str, Any]) -> None:
    with opened(browser, url_of(demo), **options, reduced_motion="reduce") as page:
        page.wait_for_selector("#books tr")
        picture(page, name)

        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

        page.click("#open-control")
        assert violations(page) == []


def test_keys_work_without_a_mouse(page: Page) -> None:
    page.keyboard.press("t")
    theme = page.text_content("#theme")
    page.keyboard.press("i")
    focused = page.evaluate("() => document.activeElement.id")
    page.keyboard.press("Escape")
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("?")

    assert (theme, focused) == ("Theme: light", "instrument")
    assert page.is_visible("#help")


def panels(dashboard: Path) -> list[dict[str, Any]]:
    """All that ask something; what marks releases on all of them as one more."""
    board = json.loads(dashboard.read_text())
    marks = {"title": "Releases", "type": "marks", "targets": board["annotations"]["list"]}
    return [marks, *(panel for panel in board["panels"] if panel["type"] != "row")]


def has_expected_shape(panel: dict[str, Any], target: dict[str, Any], found: Sequence[dict[str, Any]]) -> bool:
    """Whether the panel can draw it: labels for its legend, numbers that its unit can be, one of what stands alone."""
    labels = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
    values = [float(one["value"][1]) for one in found]
    unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
    return (
        all(labels <= one["metric"].keys() for one in found)
        and len({tuple(one["metric"].get(name) for name in labels) for one in found}) == len(found)
        and any(map(math.isfinite, values))
        and (unit not in {"bool", "bool_yes_no"} or set(values) <= {0.0, 1.0})
        and (unit != "percentunit" or all(-1 <= value <= 1 for value in values if math.isfinite(value)))
        and (unit not in {"bytes", "cps", "currencyUSD"} or all(value >= 0 for value in values))
        and (panel["type"] != "heatmap" or "+Inf" in {one["metric"]["le"] for one in found})
    )


def concrete(expression: str) -> str:
    """As Grafana would ask."""
    for name in ("$__rate_interval", "$__interval"):
        expression = expression.replace(name, "10s")
    return expression


def lately(server: Prometheus, expression: str) -> Sequence[dict[str, Any]]:
    """The most that the expression was at any moment of the demo."""
    return server.query(f"max_over_time(({expression})[3m:1s])")


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_finds_what_it_can_draw(watching: Prometheus, dashboard: Path) -> None:
    for panel in panels(dashboard):
        for target in panel["targets"]:
            asked = concrete(target["expr"])

            def is_drawn(asked: str = asked, panel: Any = panel, target: Any = target) -> bool:  # noqa: ANN401 - JSON
                return has_expected_shape(panel, target, lately(watching, asked))

            assert eventually(is_drawn, within_s=PATIENCE_S), (panel["title"], asked, lately(watching, asked))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_watches_something(watching: Prometheus, rule: dict[str, Any]) -> None:
    watching.query(rule["expr"])

    asked = LIMIT.sub("", rule["expr"])
    assert WHERE_CONFIGURED in asked or eventually(lambda: lately(watching, asked), within_s=PATIENCE_S)


def test_every_metric_is_in_the_catalogue_with_its_labels(watching: Prometheus) -> None:
    known = {one.name: one for one in CATALOGUE}
    expected = {one.name for one in CATALOGUE if not one.is_rare}

    def seen() -> dict[str, set[frozenset[str]]]:
        found: dict[str, set[frozenset[str]]] = {}
        for one in watching.ask("series", **{"match[]": '{__name__=~"signald_.+"}'}):
            name = one["__name__"]
            family = name if name in known else re.sub(r"_(bucket|sum|count)$", "", name)
            found.setdefault(family, set()).add(frozenset(one.keys() - {"__name__", "instance", "job", "le"}))
        return found

    eventually(lambda: expected <= seen().keys(), within_s=PATIENCE_S)
    labels = seen()

    assert labels.keys() <= known.keys()
    for name, one in known.items():
        assert labels.get(name, {frozenset(one.labels)}) == {frozenset(one.labels)}, name
    for name, [said, *_] in watching.ask("metadata").items():
        if name in known:
            assert (name, said["help"], said["type"]) == (name, known[name].meaning, known[name].kind)


def test_exemplars_carry_documents_ids(watching: Prometheus) -> None:
    def ids() -> set[str]:
        found = watching.ask(
            "query_exemplars", query="signald_tick_to_signal_seconds_bucket", start="0", end="4000000000"
        )
        return {exemplar["labels"]["signal_id"] for one in found for exemplar in one["exemplars"]}

    assert all(re.fullmatch(r"[0-9a-f]{16,64}", one) for one in eventually(ids, within_s=PATIENCE_S))


@pytest.mark.skipif("GRAFANA_URL" not in os.environ, reason="GRAFANA_URL names no Grafana")
def test_grafana_takes_every_dashboard_and_answers_every_panel(watching: Prometheus) -> None:
    grafana = Grafana(os.environ["GRAFANA_URL"])
    source = grafana.source(watching.url)

    for dashboard in DASHBOARDS:
        grafana.load(json.loads(dashboard.read_text()))
        for panel in panels(dashboard):
            asked = [{**target, "expr": concrete(target["expr"])} for target in panel["targets"] if "refId" in target]
            answers = grafana.query(source, asked) if asked else {}

            assert {name: answer.get("error") for name, answer in answers.items()} == {
                target["refId"]: None for target in asked
            }, (dashboard, panel["title"])
