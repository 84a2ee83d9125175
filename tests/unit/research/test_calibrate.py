from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import statsmodels.api as sm
from rich.console import Console

from signald.core.board import empty_rows
from signald.core.scoring import Prediction, Scorer
from signald.errors import ConfigError
from signald.model.indicators import load_indicators
from signald.model.parameters import Parameters, decode_parameters, encode_parameters
from signald.research.calibrate import calibrate, read_moments, read_sample, write_model
from signald.research.sample import Sample
from signald.research.table import render_table
from tests.support.models import build_instrument
from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(60)  # reads 23 months of bars of three assets

_ROOT = Path(__file__).parents[3]
_INDICATORS = load_indicators((_ROOT / "configs" / "indicators.toml").read_bytes())


class _Files(NamedTuple):
    calendars: list[Path]
    prices: list[Path]


@pytest.fixture(scope="module")
def files() -> _Files:
    calendar = shared_data("macro", "calendar")
    return _Files(
        [calendar / "calendar_us_ff.csv", calendar / "calendar_us_investing.csv"],
        sorted(shared_data("macro", "prices").glob("*_5m_*.csv.gz")),
    )


@pytest.fixture(scope="module")
def model(files: _Files) -> Parameters:
    return calibrate(files.calendars, files.prices, _INDICATORS)


@pytest.fixture(scope="module")
def sample(files: _Files) -> Sample:
    return read_sample(files.calendars, files.prices, _INDICATORS)


def _alone(sample: Sample, series: str, seconds: int) -> tuple[float, float, int]:
    """Response, t and n of one series by itself: statsmodels on the raw columns, apart from what is tested."""
    z, moves = sample.z[:, sample.series.index(series)], sample.moves["BTC"][seconds]
    rows = ~np.isnan(z) & ~np.isnan(moves)
    fit = sm.OLS(moves[rows], z[rows]).fit(cov_type="HC1")
    return float(fit.params[0]), float(fit.tvalues[0]), int(rows.sum())


def test_moments_of_releases_are_known_without_a_surprise_too(files: _Files, sample: Sample) -> None:
    moments = read_moments(files.calendars, _INDICATORS)

    assert moments == sorted(set(moments))
    assert set(sample.ts.tolist()) < set(moments)


def test_the_shipped_model_is_what_the_shared_data_give(model: Parameters) -> None:
    shipped = (_ROOT / "configs" / "model.json").read_bytes()

    assert encode_parameters(model) == shipped


def test_the_model_names_its_files_without_their_folders(model: Parameters) -> None:
    assert b"/" not in b"".join(one.name.encode() for one in (*model.calendars, *model.prices))
    assert [one.name for one in model.calendars] == ["calendar_us_ff.csv", "calendar_us_investing.csv"]
    assert all(len(one.sha256) == 64 for one in model.prices)


def test_the_series_of_early_2025_are_scaled_and_the_short_ones_lean_on_their_family(model: Parameters) -> None:
    described = {one.id: one for one in model.series}

    own = {"us.cpi.mom", "us.cpi.yoy", "us.core_cpi.mom", "us.ppi.mom", "us.core_pce.mom", "us.nfp"}
    assert own | {"us.unemployment_rate", "us.average_hourly_earnings.mom"} <= set(model.own)
    for name in ("us.ppi.yoy", "us.pce.yoy", "us.core_pce.yoy"):
        assert described[name].response == "pooled"
        assert described[name].thin_history
    assert not described["us.nfp"].thin_history
    assert sorted(model.assets) == ["BTC", "ETH", "SOL"]
    assert {tuple(one.seconds for one in of) for of in model.assets.values()} == {(300, 900, 3600)}


@pytest.mark.parametrize(
    ("series", "low", "high", "least_t"),
    [
        ("us.cpi.mom", -260.0, -110.0, -3.0),  # -184 before mid-2024 (published orientation)
        ("us.core_cpi.mom", -260.0, -90.0, -2.5),
        ("us.nfp", -100.0, -30.0, -3.0),
        ("us.core_pce.mom", -50.0, -15.0, -2.5),
        ("us.ppi.mom", -40.0, 0.0, -1.0),
        ("us.unemployment_rate", 5.0, 50.0, 1.0),
    ],
)
def test_five_minute_responses_replicate_what_was_published(
    sample: Sample, series: str, low: float, high: float, least_t: float
) -> None:
    beta, t, n = _alone(sample, series, 300)

    assert low < beta < high
    assert abs(t) > abs(least_t)
    assert n == 23


@pytest.mark.parametrize("series", ["us.ism_manufacturing", "us.adp", "us.jobless_claims", "us.consumer_confidence"])
def test_activity_and_claims_move_nothing_in_five_minutes(sample: Sample, series: str) -> None:
    _, t, _ = _alone(sample, series, 300)

    assert abs(t) < 2.0


def test_on_average_nothing_happens_after_the_first_five_minutes(sample: Sample) -> None:
    z = sample.z[:, sample.series.index("us.cpi.mom")]
    after = sample.moves["BTC"][900] - sample.moves["BTC"][300]
    rows = ~np.isnan(z) & ~np.isnan(after)

    assert abs(float(sm.OLS(after[rows], z[rows]).fit(cov_type="HC1").tvalues[0])) < 2.0


def test_truncating_the_data_after_a_release_leaves_all_earlier_rows_unchanged(files: _Files, tmp_path: Path) -> None:
    cut = "2023-06-01"
    calendars = [_truncate(path, tmp_path, cut) for path in files.calendars[:1]]
    whole = read_sample(files.calendars[:1], files.prices, _INDICATORS)

    early = read_sample(calendars, files.prices, _INDICATORS)

    rows = len(early.ts)
    assert rows > 200
    assert whole.ts[:rows].tolist() == early.ts.tolist()
    for name in early.series:
        a, b = early.series.index(name), whole.series.index(name)
        assert np.array_equal(early.z[:, a], whole.z[:rows, b], equal_nan=True)


def _truncate(path: Path, folder: Path, day: str) -> Path:
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cut = folder / path.name
    cut.write_text(header + "".join(line for line in lines if line < day), encoding="utf-8")
    return cut


def _predict(model: Parameters, figures: Sequence[tuple[str, float, float | None]]) -> Prediction:
    scorer = Scorer(model, [build_instrument("BTC")])
    plan = scorer.plan([release for release, _, _ in figures])
    found = [scorer.surprise(*figure) for figure in figures]
    return scorer.score(plan, [one.z if one else None for one in found], empty_rows(1), ts_ingest=0)[0]


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ([("us.nfp:2024-12", 256.0, 160.0), ("us.unemployment_rate:2024-12", 4.1, 4.2)], "down"),
        ([("us.ppi.yoy:2024-12", 3.3, 3.4)], "no_edge"),
        ([("us.cpi.yoy:2024-12", 2.9, 2.9)], "no_edge"),
        ([("us.core_pce.yoy:2024-12", 2.8, 2.8)], "no_edge"),
        ([("us.nfp:2025-01", 143.0, 170.0), ("us.unemployment_rate:2025-01", 4.0, 4.1)], "no_edge"),
        ([("us.cpi.yoy:2025-01", 3.0, 2.9)], "down"),
        ([("us.core_pce.yoy:2025-01", 2.6, None)], "no_edge"),
        ([("us.cpi.yoy:2025-02", 2.8, 2.9)], "up"),
        ([("us.pce.yoy:2025-02", 2.5, 2.5), ("us.core_pce.yoy:2025-02", 2.8, 2.7)], "no_edge"),
    ],
)
def test_the_figures_of_early_2025_get_sane_verdicts(
    model: Parameters, figures: Sequence[tuple[str, float, float | None]], verdict: str
) -> None:
    assert _predict(model, figures).verdict == verdict


def test_opposing_figures_net_out_by_the_model(model: Parameters) -> None:
    weak = _predict(model, [("us.nfp:2025-01", 143.0, 170.0)])
    both = _predict(model, [("us.nfp:2025-01", 143.0, 170.0), ("us.unemployment_rate:2025-01", 4.0, 4.1)])

    assert both.horizons[0].mean_bps < weak.horizons[0].mean_bps
    assert both.drivers[0].contribution_bps > 0.0 > both.drivers[1].contribution_bps


def test_a_figure_without_consensus_says_nothing(model: Parameters) -> None:
    assert _predict(model, [("us.core_pce.yoy:2025-01", 2.6, None)]).horizons == ()


def test_a_written_model_reads_back_and_no_draft_is_left(model: Parameters, tmp_path: Path) -> None:
    path = tmp_path / "model.json"

    write_model(path, model)

    assert decode_parameters(path.read_bytes()) == model
    assert [one.name for one in tmp_path.iterdir()] == ["model.json"]


def test_the_table_shows_each_series_with_its_t(model: Parameters) -> None:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(render_table(model))

    shown = captured.get()
    assert model.id in shown
    assert all(name in shown for name in model.own)


def test_files_in_which_nothing_can_be_estimated_are_refused(files: _Files, tmp_path: Path) -> None:
    calendar = tmp_path / "calendar.csv"
    calendar.write_text("ts_scheduled,indicator,period,actual,consensus,prior\n")

    with pytest.raises(ConfigError, match=r"calendar\.csv"):
        calibrate([calendar], files.prices[:1], _INDICATORS)
