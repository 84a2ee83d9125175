"""What the committed journal of a demo's first days has of its releases."""

import os
from pathlib import Path

import pytest

from signald.app.recordings import models_of, recorded
from signald.app.world import build_pipeline, load_world
from signald.config import find_file, load_config
from signald.journal.parts import parts
from signald.model.time import parse_rfc3339
from signald.research.recorded import AFTER_S, BEFORE_S, latencies_ms, read_recorded

JOURNAL = Path(__file__).parents[2] / "golden" / "demo" / "journal"
INSTRUMENT = "BTCUSDT.BINANCE"
PAYROLLS, PRICES, NOTHING = map(parse_rfc3339, ("2025-01-10T13:30:00Z", "2025-01-15T13:30:00Z", "2025-01-12T13:30:00Z"))

pytestmark = pytest.mark.timeout(180)  # the first to replay loads the kernels


def test_a_journal_gives_book_documents_and_latency_of_each_release_it_has() -> None:
    config = load_config(find_file("configs/signald.toml"), {**os.environ})
    journals = parts(JOURNAL)
    world, connections = recorded(load_world(config), journals)

    found = read_recorded(
        journals,
        lambda: build_pipeline(world, tuple(connections.values()), channels=tuple(connections)),
        [PAYROLLS, PRICES, NOTHING],
        wanted=[INSTRUMENT],
        find_model=models_of(journals),
    )

    assert sorted(found) == [PAYROLLS, PRICES]
    for of in found.values():
        assert of.instrument == INSTRUMENT
        assert {"scenario", "guard", "release", "reaction", "outcome"} <= {one.kind for one in of.said}
        seconds = [one.seconds for one in of.shown]
        assert len(seconds) >= 2
        assert seconds == sorted(seconds)
        assert -BEFORE_S <= seconds[0] < 0.0 < seconds[-1] <= AFTER_S
        assert all(one.spread_bps > 0.0 and one.depth_usd > 0.0 for one in of.shown)
    assert len(latencies_ms(found)) == len(found)
