"""The example desks, killed twenty times while the demo plays, have handled every id exactly once."""

import os
import shutil
from pathlib import Path

import pytest

from tests.chaos.desks import play

KILLS = 20
SIGNALS = 30

pytestmark = pytest.mark.timeout(240)


@pytest.mark.skipif(shutil.which("node") is None and os.environ.get("CI") != "true", reason="node is not installed")
def test_desks_killed_at_random_have_handled_every_id_exactly_once(tmp_path: Path) -> None:
    outcomes = play(tmp_path, kills=KILLS, seed=8, duration_s=30, signals=SIGNALS)

    assert {outcome.name for outcome in outcomes} == {"python", "node"}
    assert sum(outcome.kills for outcome in outcomes) >= KILLS
    assert all(outcome.published >= SIGNALS for outcome in outcomes)
    assert [(outcome.twice, outcome.never) for outcome in outcomes] == [(0, 0), (0, 0)]
