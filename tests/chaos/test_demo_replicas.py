"""``signald demo --replicas 2``: two daemons, killed in turn with ``kill -9``, each when the other is ready again."""

from pathlib import Path
from typing import Final

import pytest

from tests.chaos.demo_turns import DemoOfTwo

DURATION_S: Final = 30  # python -m tests.chaos.demo_turns does it for two minutes
MIN_KILLS: Final = 2  # a busy machine takes ten seconds for a start
MOST_KILLS: Final = 8  # and has no time for anything else while it is made to start daemons without end

pytestmark = pytest.mark.timeout(480)


def test_two_replicas_killed_in_turn_lose_and_double_nothing(tmp_path: Path) -> None:
    with DemoOfTwo(tmp_path, seconds=DURATION_S) as demo:
        demo.kill_in_turn(most=MOST_KILLS)

    assert list(demo.problems()) == []
    assert len(demo.killed) >= MIN_KILLS
    assert demo.result()["releases"] == 16
