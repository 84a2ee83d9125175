"""``signald bench books`` still measures what it says; its figures are reported, never asserted."""

import importlib.util

import pytest

from signald.app.world import load_world
from signald.bench.books import bench_books
from signald.bench.frames import made_frames
from signald.config import Config

INSTRUMENTS = load_world(Config()).instruments


@pytest.mark.timeout(180)
def test_bench_reports_what_the_contract_names() -> None:
    result = bench_books(INSTRUMENTS, None, rounds=1, frames=20_000, received=200)

    has_orjson = importlib.util.find_spec("orjson") is not None
    assert set(result["ratio_to_orjson"]) >= {"20+20", "2+2", "recorded", "okx"}
    assert (result["ratio_to_orjson"]["20+20"] is not None) == has_orjson
    assert result["ratio_to_orjson"]["recorded"] is None
    assert result["us_per_frame"]["20+20"]["signald"] > 0
    assert set(result["peers"]) == {"orjson.loads", "msgspec+sorteddict", "ccxt.pro", "cryptofeed", "nautilus_trader"}
    assert result["machine"]["cores"] > 0
    assert 1_000_000 < result["memory"]["bytes_per_book"] <= 2_000_000
    assert result["memory"]["allocations"]["2+2"]["frames"] == 20_000
    assert result["memory"]["allocations"]["2+2"]["kept_bytes"] < 1_000  # what tracemalloc itself keeps
    assert result["memory"]["allocations"]["2+2"]["most_bytes"] < 2_000
    assert set(result["cadence"]) == {"20+20", "2+2", "kraken", "dydx"}
    assert {name: each["frames"] for name, each in result["receiving"].items()} == {"20+20": 200, "2+2": 200}
    assert all(each["ratio_to_websockets"] > 0 for each in result["receiving"].values())
    assert all(each["us_from_socket_to_book"]["picows"] > 0 for each in result["receiving"].values())


def test_made_frames_have_the_changes_they_are_named_for() -> None:
    recording = made_frames(INSTRUMENTS["BTCUSDT.BINANCE"], changes=20, count=10)

    assert len(recording.frames) == 10
    assert recording.changes == pytest.approx(40, abs=0.1)
