"""Both reports: whole, self-contained, and true to the numbers they were made from."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from signald.model.indicators import load_indicators
from signald.model.parameters import SourceFile
from signald.model.time import NS_PER_S
from signald.research.backtest import Examined, examine
from signald.research.judging import judge, kin_of
from signald.research.learner import CANDIDATES
from signald.research.prices import Bars
from signald.research.recorded import Recorded, Shown
from signald.research.report.backtest_page import render_backtest
from signald.research.report.calibration_page import render_calibration
from signald.research.report.page import number, percent
from signald.research.report.strips import path_of
from signald.research.sample import Sample
from signald.research.scope import Scope
from signald.research.walk import follow
from tests.support.models import build_model, build_response, build_series
from tests.support.samples import DAY_NS, plant
from tests.support.signals import sample_signal

_FILE = SourceFile(name="calendar <1>.csv", sha256="0" * 64)
_VOID = {"meta", "br", "wbr", "link", "img"}


class _Page(HTMLParser):
    """Tags that are open, text, and everything that would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.fetched: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    page.close()
    return page


_INDICATORS = load_indicators((Path(__file__).parents[4] / "configs" / "indicators.toml").read_bytes())
_BETA = {"us.cpi.mom": -30.0, "us.ppi.mom": -12.0}


@pytest.fixture(scope="module")
def sample() -> Sample:
    return plant(_BETA, {"us.cpi": ["us.cpi.mom"], "us.ppi": ["us.ppi.mom"]}, releases=60, noise_bps=15.0)


def _examine(sample: Sample, scope: Scope) -> Examined:
    bars = Bars(300 * 10**9, np.array([0, 1]), np.ones(2), np.ones(2), np.zeros(2, dtype=np.int64))
    return examine(sample, {"BTC": [bars]}, _INDICATORS, scope=scope)


@pytest.fixture(scope="module")
def backtest(sample: Sample) -> Examined:
    return _examine(sample, Scope(begin=20 * DAY_NS))


@pytest.fixture(scope="module")
def calibration(sample: Sample) -> str:
    model = build_model(
        [build_series("us.cpi.mom", "us.cpi"), build_series("us.ppi.mom", "us.ppi", thin=True)],
        {"BTC": (build_response(300, [-31.25, -11.5]),)},
    )
    kin = kin_of(sample, _INDICATORS)
    judged = judge(sample, kin, asset="BTC", seconds=300)
    followed = follow(sample, kin, asset="BTC", seconds=300, candidates=CANDIDATES[::37])
    return render_calibration(model, sample, judged, followed, asset="BTC")


def test_a_report_is_whole_and_fetches_nothing(backtest: Examined, calibration: str) -> None:
    for html in (render_backtest(backtest, [_FILE], what="all indicators"), calibration):
        page = _read(html)

        assert page.open == []
        assert page.fetched == []
        assert "script" not in page.seen
        assert "url(" not in html
        assert "nan" not in "".join(page.text)
        assert "prefers-color-scheme:dark" in html
        assert "@media print" in html


def test_a_backtest_shows_every_score_as_it_was_found(backtest: Examined) -> None:
    page = _read(render_backtest(backtest, [_FILE], what="all indicators"))
    text = "".join(page.text)

    scores = backtest.result.horizons["300"]
    assert number(scores.crps_skill_vs_zero, 3) in page.text
    assert number(scores.log_score_skill_vs_ols, 3) in page.text
    assert f"reliability {number(scores.brier_reliability, 3)}" in text
    assert f"{backtest.result.strategy.trades} trades" in text
    assert f"the luckiest of {backtest.result.strategy.trials} trials" in text
    assert "calendar <1>.csv" in text
    assert "There were not enough quiet days" in text


def test_a_backtest_draws_each_release_and_its_intervals(backtest: Examined) -> None:
    html = render_backtest(backtest, [_FILE], what="all indicators")

    assert html.count('class="stem a"') == backtest.result.horizons["300"].n
    assert html.count("predicted ") > backtest.result.horizons["300"].n


def test_a_backtest_has_a_strip_for_each_release_with_what_was_recorded(backtest: Examined) -> None:
    row = backtest.judged[300].rows[-1]
    moment = backtest.ts[row]
    shown = [Shown(float(one), 1.0 + one, 2e6) for one in range(-5, 6)]
    said = [
        sample_signal(kind="guard", instrument="BTC", ts_scheduled=moment, ts_ingest=moment - 60 * NS_PER_S),
        sample_signal(kind="release", instrument="BTC", ts_scheduled=moment, ts_ingest=moment + NS_PER_S // 2),
        sample_signal(
            kind="reaction",
            instrument="BTC",
            ts_scheduled=moment,
            ts_ingest=moment + 300 * NS_PER_S,
            realised_bps=-42.0,
        ),
    ]

    html = render_backtest(backtest, [], what="all", recorded={moment: Recorded("BTC", shown, said)})

    text = "".join(_read(html).text)
    assert html.count("price and prediction around") == len(backtest.judged[300].rows)
    assert html.count("spread, bp around") == html.count("depth, $m around") == 1
    assert "guard: released −60.0 s" in text
    assert "reaction: −42 bp +5 min" in text
    assert "the first figure was there 500 ms after T0" in text


def test_a_price_path_is_of_the_shortest_bars_of_one_origin() -> None:
    starts = np.arange(-12, 24) * 300 * NS_PER_S
    closes = np.linspace(100.0, 100.35, 36)
    origin = np.where(np.arange(36) < 34, 0, 1)
    bars = Bars(300 * NS_PER_S, starts, np.full(36, 100.0), closes, origin)

    path = path_of([bars], 0)

    assert path[0] == (-1500.0, pytest.approx(6.0))
    assert (0.0, 0.0) in path
    assert path[-1] == (3600.0, pytest.approx(23.0))
    assert path_of([bars], 1) == []


def test_a_backtest_of_nothing_says_so(sample: Sample) -> None:
    nothing = _examine(sample, Scope(begin=10_000 * DAY_NS))

    text = "".join(_read(render_backtest(nothing, [], what="all indicators")).text)

    assert "Nothing could be scored" in text


def test_a_calibration_shows_each_response_beside_its_releases(calibration: str) -> None:
    page = _read(calibration)

    assert number(-31.25, 1) in page.text
    assert "us.ppi.mom *" in page.text
    assert page.seen.count("svg") == 2 * len(_BETA) + 4
    assert calibration.count(" bp</title>") == 2 * 60


def test_numbers_are_written_for_reading() -> None:
    assert number(-1.25, 1) == "−1.2"
    assert number(3.0, 2, sign=True) == "+3.00"
    assert number(None) == "–"
    assert percent(0.054, 1) == "5.4 %"
