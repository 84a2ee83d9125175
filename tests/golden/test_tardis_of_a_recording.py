"""A file as Tardis.dev writes them, made of a shared recording, is the same book at every checkpoint."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signald.cli import EXIT_DONE, run
from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(300)  # the first to replay loads the kernels

_HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
_COMPARED = ("instrument", "n", "bid", "ask", "nb", "na", "top20")


def _lines(recording: Path) -> Iterator[str]:
    """What Tardis.dev would have written: the whole book first, then the changes that it did not hold yet."""
    early: list[dict[str, Any]] = []
    held: int | None = None
    yield _HEADER
    with gzip.open(recording) as lines:
        for line in lines:
            local, _, frame = line.partition(b" ")
            us, message = int(local) // 1_000, json.loads(frame)
            if "lastUpdateId" in message:
                held = message["lastUpdateId"]
                yield from _levels(us - len(early), us - len(early), message["bids"], message["asks"], whole=True)
                for number, data in enumerate(one for one in early if one["u"] > held):
                    yield from _levels(data["E"] * 1_000, us - len(early) + 1 + number, data["b"], data["a"])
            elif message["data"].get("e") == "depthUpdate":
                data = message["data"]
                if held is None:
                    early.append(data)
                else:
                    yield from _levels(data["E"] * 1_000, us, data["b"], data["a"])


def _levels(
    event: int, local: int, bids: list[list[str]], asks: list[list[str]], *, whole: bool = False
) -> Iterator[str]:
    for side, levels in (("bid", bids), ("ask", asks)):
        for price, size in levels:
            yield f"binance,BTCUSDT,{event},{local},{str(whole).lower()},{side},{price},{size}"


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
    source = tmp_path / "tardis" / "binance_incremental_book_L2_2024-08-08_BTCUSDT.csv.gz"
    source.write_bytes(gzip.compress("\n".join(_lines(recording)).encode(), 1))

    recorded = _checkpoints(tmp_path / "recorded", ["binance-stream", str(recording)])
    told = _checkpoints(tmp_path / "tardis", ["tardis", str(source)])

    assert len(recorded) == 36
    assert told == recorded
