"""Debian's Chromium, led by Playwright; where it is not installed the test is skipped, with ``CI=true`` it fails."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PICTURES: Final = Path("build/console")
"""Where tests leave what they saw."""

_AXE: Final = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_PROGRAM: Final = "chromium"
_PATIENCE_MS: Final = 20_000


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser as long as the body runs."""
    program = shutil.which(_PROGRAM)
    if program is None:
        problem = f"{_PROGRAM} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(problem, pytrace=False)
        pytest.skip(problem)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Generator[Page]:  # noqa: ANN401 - Playwright's own options
    """A page of the console on which nothing went wrong: no error in a script, nothing that its policy forbids."""
    context = browser.new_context(**options)
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    page.on("request", lambda request: None if request.url.startswith(url) else problems.append(request.url))
    page.goto(url)
    page.wait_for_selector("#link[data-level=ok]")
    try:
        yield page
        assert problems == []
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    page.evaluate(_AXE)
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def picture(page: Page, name: str) -> None:
    """Keep what the page looks like."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module's tests."""
    with chromium() as running:
        yield running
