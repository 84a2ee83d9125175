"""A file as Tardis.dev writes them, made of a shared recording, is the same book at every checkpoint."""

import json
from pathlib import Path
from typing import Any

import pytest

from signald.cli import EXIT_DONE, run
from tests.support.shared_data import shared_data
from tests.support.tardis import write_tardis

pytestmark = pytest.mark.timeout(300)  # the first to replay loads the kernels

_COMPARED = ("instrument", "n", "bid", "ask", "nb", "na", "top20")


def _checkpoints(folder: Path, command: list[str]) -> list[dict[str, Any]]:
    journal, books = folder / "journal", folder / "books"
    assert run(["import", *command, "--out", str(journal)]) == EXIT_DONE
    replay = ["replay", str(journal), "--out", str(folder / "said"), "--checkpoints", str(books), "--every", "100"]
    assert run(replay) == EXIT_DONE
    return [{name: line[name] for name in _COMPARED} for line in map(json.loads, books.read_text().splitlines())]


def test_a_file_of_tardis_made_of_a_recording_has_its_checkpoints(tmp_path: Path) -> None:
    recording = shared_data("books", "binance_spot", "hft_btcusdt_20240808.gz")
    for name in ("recorded", "tardis"):
        (tmp_path / name).mkdir()
    source = write_tardis(recording, tmp_path / "tardis")

    recorded = _checkpoints(tmp_path / "recorded", ["binance-stream", str(recording)])
    told = _checkpoints(tmp_path / "tardis", ["tardis", str(source)])

    assert len(recorded) == 36
    assert told == recorded
