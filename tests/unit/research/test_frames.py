import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from signald.errors import ConfigError
from signald.model.records import Record, RecordKind
from signald.research import events, load, responses
from tests.support.journals import write_journal
from tests.support.quant_files import write_quant_files

NOTEBOOKS = Path(__file__).resolve().parents[3] / "examples/notebooks"


def run(notebook: str) -> dict[str, Any]:
    """Run a notebook's cells one after the other; what they named."""
    named: dict[str, Any] = {}
    for cell in json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), named)  # noqa: S102 - our own examples
    return named


def test_a_planted_response_is_seen_in_frames(tmp_path: Path) -> None:
    files = write_quant_files(tmp_path, response_bps=-60.0)

    surprises = events(load(files.calendar))
    moves = responses(surprises, [files.prices], seconds=[300]).drop_nulls()

    assert surprises.height == 40
    slope = moves.select(pl.col("move_bps").dot("surprise_z") / pl.col("surprise_z").dot("surprise_z")).item()
    assert slope == pytest.approx(-60.0, abs=15.0)
    assert set(moves.get_column("asset")) == {"BTC"}


def test_bars_are_loaded_as_they_stand(tmp_path: Path) -> None:
    files = write_quant_files(tmp_path, months=2)

    bars = load(files.prices)

    assert bars.get_column("date").dtype == pl.Datetime("ns", "UTC")
    assert bars.get_column("date").is_sorted()


def test_nothing_to_load_is_said() -> None:
    with pytest.raises(ConfigError, match="nothing to load"):
        load()


def test_the_notebook_of_surprises_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_quant_files(tmp_path)
    monkeypatch.chdir(tmp_path)

    named = run("surprises")

    assert named["slopes"].height == 2


def test_the_notebook_of_a_journal_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Record(RecordKind.FRAME, 1_000_000 * number, "okx", "", b"{}") for number in range(5)]
    write_journal(tmp_path / "journal", [*frames, Record(RecordKind.MESSAGE, 9_000_000, "mqtt", "heartbeat/x", b"{}")])
    monkeypatch.chdir(tmp_path)

    named = run("journal")

    assert named["records"].height == 6
    assert named["said"].get_column("key").to_list() == ["heartbeat/x"]
