"""A backtest's report of two hundred releases, as a browser shows it: by day, by night and on paper."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from signald.model.indicators import load_indicators
from signald.model.time import NS_PER_S
from signald.research.backtest import examine
from signald.research.prices import Bars
from signald.research.recorded import Recorded, Shown
from signald.research.report.backtest_page import render_backtest
from signald.research.scope import Scope
from tests.support.browser import chromium
from tests.support.samples import DAY_NS, plant
from tests.support.signals import sample_signal

pytestmark = pytest.mark.timeout(180)

RELEASES = 200
WARM_UP = 20
_CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two hundred releases, each with bars, book and documents."""
    sample = plant({"us.cpi.mom": -30.0}, {"us.cpi": ["us.cpi.mom"]}, releases=RELEASES + WARM_UP, noise_bps=15.0)
    starts = np.concatenate([ts + np.arange(-6, 12) * 300 * NS_PER_S for ts in sample.ts])
    closes = 100.0 + 0.01 * np.sin(np.arange(len(starts)))
    bars = Bars(300 * NS_PER_S, starts, np.full(len(starts), 100.0), closes, np.zeros(len(starts), np.int64))
    indicators = load_indicators((_CONFIGS / "indicators.toml").read_bytes())
    scope = Scope(begin=int(sample.ts[WARM_UP]), end=int(sample.ts[-1]) + DAY_NS)
    examined = examine(sample, {"BTC": [bars]}, indicators, scope=scope)
    shown = [Shown(float(one), 1.0 + one % 3, 2e6 + one) for one in range(-60, 180)]
    recorded = {
        ts: Recorded("BTC", shown, [sample_signal(ts_scheduled=ts, ts_ingest=ts + NS_PER_S)]) for ts in examined.ts
    }
    path = tmp_path_factory.mktemp("report") / "backtest.html"
    path.write_text(render_backtest(examined, [], what="consumer prices", recorded=recorded), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("media", "scheme", "ground"),
    [
        ("screen", "light", "rgb(255, 255, 255)"),
        ("screen", "dark", "rgb(20, 23, 27)"),
        ("print", "dark", "rgb(255, 255, 255)"),
    ],
)
def test_the_report_shows_every_release_and_fetches_nothing(
    report: Path, media: Literal["screen", "print"], scheme: Literal["light", "dark"], ground: str
) -> None:
    fetched: list[str] = []
    problems: list[str] = []
    with chromium() as browser:
        page = browser.new_context(color_scheme=scheme, viewport={"width": 1200, "height": 900}).new_page()
        page.on("request", lambda request: fetched.append(request.url))
        page.on("console", lambda said: problems.append(said.text))
        page.emulate_media(media=media)

        page.goto(report.as_uri(), timeout=60_000)

        strips = page.locator('svg[aria-label^="price and prediction around"]')
        assert strips.count() == RELEASES
        assert page.locator('svg[aria-label^="spread, bp around"]').count() == RELEASES
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        line = strips.first.locator("polyline.line.b")
        box = line.bounding_box()
        assert box is not None
        assert box["width"] > 100
        assert line.evaluate("node => getComputedStyle(node).stroke") != ground
        assert page.get_by_text("deflated Sharpe").first.is_visible()
    assert fetched == [report.as_uri()]
    assert problems == []
