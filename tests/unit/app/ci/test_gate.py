"""`signald ci` over a small calendar with a planted response: twice, with one parameter changed."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest

from signald.cli import EXIT_CHECK_FAILED, EXIT_DONE, EXIT_USAGE, run
from tests.support.quant_files import write_quant_files

pytestmark = pytest.mark.timeout(180)  # the first to use the scorer loads its kernels

_PLAN = """\
[replay]
journals = ["journal"]
golden = "{golden}"

[backtest]
calendars = ["calendar.csv"]
prices = ["btc_*.csv"]
from = "2021-01-01"
embargo_s = {embargo_s}
fail_if = ["crps_skill_vs_zero < {least}", "coverage_90 < 0.5"]
report = "report/backtest.html"
"""


class _Gate(NamedTuple):
    folder: Path

    def run(self, *arguments: str, golden: str = "", embargo_s: int = 3_600, least: float = 0.0) -> int:
        plan = _PLAN.format(golden=golden, embargo_s=embargo_s, least=least)
        (self.folder / "ci.toml").write_text(plan, encoding="utf-8")
        return run(["ci", str(self.folder / "ci.toml"), *arguments])

    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_bytes())

    def failures(self) -> list[str]:
        root = ET.parse(self.folder / "junit.xml").getroot()  # noqa: S314 - our own
        return [case.attrib["name"] for case in root.iter("testcase") if case.find("failure") is not None]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> _Gate:
    folder = tmp_path_factory.mktemp("gate")
    (folder / "report").mkdir()
    files = write_quant_files(folder)
    assert run(["import", "calendar-csv", str(files.calendar), "--out", str(folder / "journal")]) == EXIT_DONE
    return _Gate(folder)


def test_a_gate_whose_checks_hold_passes_and_leaves_its_files(gate: _Gate) -> None:
    code = gate.run()

    assert code == EXIT_DONE
    result = gate.result()
    assert result["passed"] is True
    assert result["backtest"]["horizons"]["300"]["n"] == len(result["predictions"]["300"])
    assert gate.failures() == []
    assert (gate.folder / "summary.md").read_text(encoding="utf-8").startswith("## signald: passed\n")
    assert (gate.folder / "report" / "backtest.html").stat().st_size > 10_000


def test_the_same_plan_twice_gives_the_same_result(gate: _Gate) -> None:
    gate.run()
    once = gate.result()

    gate.run()

    assert gate.result() == once


def test_a_check_that_fails_is_exit_3_and_in_every_file(gate: _Gate, capsys: pytest.CaptureFixture[str]) -> None:
    code = gate.run(golden="0" * 64, least=0.99)

    assert code == EXIT_CHECK_FAILED
    assert gate.failures() == ["documents have the golden digest", "not crps_skill_vs_zero < 0.99"]
    assert "❌ | replay" in (gate.folder / "summary.md").read_text(encoding="utf-8")
    assert "crps_skill_vs_zero is" in capsys.readouterr().err


def test_a_changed_parameter_is_told_release_by_release_and_against_noise(gate: _Gate) -> None:
    gate.run()
    base = gate.folder / "base.json"
    base.write_bytes((gate.folder / "result.json").read_bytes())

    same = gate.run("--base", str(base))
    unchanged = gate.result()
    gate.run("--base", str(base), embargo_s=9_000_000)

    changed = gate.result()
    assert same == EXIT_DONE
    assert unchanged["compared"]["300"]["changed"] == 0
    assert unchanged["changed"] == []
    assert changed["compared"]["300"]["changed"] > 0
    assert changed["compared"]["300"]["crps"]["lo"] <= changed["compared"]["300"]["crps"]["mean"]
    said = (gate.folder / "summary.md").read_text(encoding="utf-8")
    assert "### Against base" in said
    assert "predictions changed; CRPS" in said


def test_a_base_that_is_no_result_is_refused(gate: _Gate, capsys: pytest.CaptureFixture[str]) -> None:
    (gate.folder / "none.json").write_text("{}")

    code = gate.run("--base", str(gate.folder / "none.json"))

    assert code == EXIT_USAGE
    assert "none.json" in capsys.readouterr().err


def test_paths_are_seen_from_the_plans_folder(gate: _Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.sep)

    assert gate.run() == EXIT_DONE
