"""``signald nowcast`` on files: the example's planted bridge, a moment in the past, and files that say nothing."""

import json
from io import StringIO
from pathlib import Path
from runpy import run_path

import pytest
from rich.console import Console

from signald.app.nowcast import run_nowcast, told_of
from signald.app.world import load_known_indicators
from signald.cli import run
from signald.config import Config
from signald.model.parameters import decode_parameters, encode_parameters
from signald.model.time import parse_rfc3339
from signald.research.calibrate import calibrate
from signald.research.table import render_table
from tests.support.quant_files import write_quant_files

ROOT = Path(__file__).resolve().parents[3]
HEAD = "ts_known,release_id,component,actual\n"


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    run_path(str(ROOT / "examples/nowcast.py"))["make"](tmp_path / "made-up")
    return tmp_path / "made-up"


def test_the_example_recovers_its_planted_bridge_and_differs_from_its_consensus(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--calendar", str(made_up / "calendar.csv"), "--components", str(made_up / "components.csv")]

    code = run(["nowcast", *words, "--json"])

    assert code == 0
    *told, last = capsys.readouterr().out.splitlines()
    found = json.loads(last)
    (one,) = found["nowcasts"]
    assert one["release_id"] == "us.core_pce.mom:2024-12"
    assert one["is_beyond"]
    assert any("more than the past error" in line for line in told)
    full = found["model"]["bridges"][-1]
    planted = [0.06, 0.15, 0.40, 0.05]
    for expected, estimated, error in zip(planted, [full["constant"], *full["beta"]], full["errors"], strict=True):
        assert abs(estimated - expected) < 3.0 * error
    assert full["past_error"] < full["consensus_error"]
    page = (ROOT / "docs/nowcast.md").read_text(encoding="utf-8")
    assert [line for line in told if line not in page] == []


def test_a_moment_in_the_past_knows_nothing_of_what_came_later(made_up: Path) -> None:
    calendars, components = [made_up / "calendar.csv"], made_up / "components.csv"
    moment = parse_rfc3339("2022-03-13T18:00:00Z")  # consumer prices of February are out, producer prices are not
    lines = components.read_text().splitlines(keepends=True)
    early = made_up / "early.csv"
    early.write_text(HEAD + "".join(line for line in lines[1:] if line < "2022-03-13T18"))

    found = run_nowcast(Config(), calendars, components, known_before=moment)
    same = run_nowcast(Config(), calendars, early, known_before=moment)

    assert [one.release_id for one in found.nowcasts] == ["us.core_pce.mom:2022-02"]
    assert list(found.nowcasts[0].components) == ["us.cpi.mom/medical_care", "us.cpi.mom/shelter"]
    assert found.nowcasts == same.nowcasts
    assert found.model.bridges == same.model.bridges
    assert max(one.last_period for one in found.model.bridges) == "2022-01"


def test_without_data_it_says_so(made_up: Path) -> None:
    empty = made_up / "empty.csv"
    empty.write_text(HEAD)
    short = made_up / "short.csv"
    short.write_text(HEAD + "".join((made_up / "components.csv").read_text().splitlines(keepends=True)[-30:]))

    nothing = run_nowcast(Config(), [made_up / "calendar.csv"], empty)
    little = run_nowcast(Config(), [made_up / "calendar.csv"], short)

    assert (nothing.model.bridges, nothing.nowcasts) == ((), ())
    assert list(told_of(nothing))[-1] == "no components are known of a period whose core PCE is not out"
    assert (little.model.bridges, little.nowcasts) == ((), ())
    assert "are needed" in little.silent["us.core_pce.mom:2024-12"]


def test_a_calibration_with_components_writes_the_bridges_into_the_model(made_up: Path, tmp_path: Path) -> None:
    market = write_quant_files(tmp_path, months=40)
    indicators = load_known_indicators(Config())

    model = calibrate(
        [market.calendar, made_up / "calendar.csv"],
        [market.prices],
        indicators,
        components=made_up / "components.csv",
    )
    told = StringIO()
    Console(width=400, file=told).print(render_table(model))

    assert model.nowcast
    assert [len(one.regressors) for one in model.nowcast.bridges] == [2, 1, 3]
    assert model.nowcast.history == "components.csv"
    assert "Past error" in told.getvalue()
    assert decode_parameters(encode_parameters(model)) == model
