"""README's quant section: its three commands, as printed, on the shared data."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(900)  # estimates three assets and walks twice

_ROOT = Path(__file__).resolve().parents[2]
_CHECK_FAILED = 3


def _commands() -> list[str]:
    section = (_ROOT / "README.md").read_text(encoding="utf-8").split("## For quants")[1].split("\n## ")[0]
    return section.split("```")[1].strip().splitlines()


def _run(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run one line as a shell would, with this environment's signald."""
    line = command.replace("uv run signald", f"{sys.executable} -m signald")
    environment = {**os.environ, "SIGNALD_DATA": str(shared_data()), "PYTHONPATH": str(_ROOT)}
    return subprocess.run(  # noqa: S603 - our own program
        ["bash", "-euo", "pipefail", "-c", line],  # noqa: S607 - the system's shell
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_three_commands_work_as_printed(tmp_path: Path) -> None:
    calibrate, backtest, fail_if = _commands()

    calibrated, judged, kept = (_run(tmp_path, command) for command in (calibrate, backtest, fail_if))

    for ran in (calibrated, judged, kept):
        assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "model.json").read_bytes() == (_ROOT / "configs" / "model.json").read_bytes()
    for name in ("calibration.html", "backtest.html"):
        assert (tmp_path / name).read_text(encoding="utf-8").rstrip().endswith("</html>")
    result: dict[str, Any] = json.loads(kept.stdout.splitlines()[-1])
    assert result["horizons"]["300"]["n"] == 48
    assert "CRPS skill against zero" in judged.stdout


def test_a_threshold_that_is_crossed_exits_with_three_and_is_named(tmp_path: Path) -> None:
    command = _commands()[2].partition(" --fail-if")[0].replace("btc_5m_*", "btc_5m_2024H1")

    ran = _run(tmp_path, f"{command} --fail-if 'horizons.300.n<49' --fail-if 'brier>1'")

    assert ran.returncode == _CHECK_FAILED
    assert "horizons.300.n is" in ran.stderr
    assert "brier" not in ran.stderr.splitlines()[-1]
