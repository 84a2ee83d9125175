"""The console in a real browser, on a demo that plays."""

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from redis import Redis

from tests.support.browser import browser, opened, picture, violations
from tests.support.demo import Demo
from tests.support.waiting import eventually

__all__ = ["browser"]

pytestmark = pytest.mark.timeout(120)

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
    demo = Demo(tmp_path_factory.mktemp("demo"), duration_s=40, console=True)
    try:
        eventually(lambda: "console: " in demo.told or demo.process.poll() is not None, within_s=100)
        eventually(lambda: state_of(demo) is not None, within_s=20)
        yield demo
    finally:
        demo.process.terminate()
        try:
            demo.process.wait(20)
        finally:
            demo.kill()


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


def test_signal_appears_within_200_ms_of_its_entry(page: Page) -> None:
    page.evaluate(ENTRIES_WITH_THEIR_TIME)

    def delays() -> list[int]:
        seen: dict[str, int] = page.evaluate("() => window.seen")
        return [at - int(entry.partition("-")[0]) for entry, at in seen.items()]

    assert eventually(lambda: [ms for ms in delays() if ms <= APPEARS_WITHIN_MS], within_s=40), delays()


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
        page.wait_for_selector(shown, state="attached", timeout=40_000)


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
    assert [fields[b"action"] for _, fields in audit] == [b"halt", b"resume"]


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
