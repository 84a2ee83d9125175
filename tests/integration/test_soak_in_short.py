"""An hour of eight venues in fast motion leaves the process as it was: the short form of ``make soak``."""

import json
import subprocess
import sys

import pytest


@pytest.mark.timeout(150)
def test_nothing_grows() -> None:
    command = [sys.executable, "-m", "tests.soak.run", "--frames", "60000", "--releases", "12", "--hours", "1"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    told = json.loads(done.stdout)
    assert (done.returncode, told["grown"]) == (0, [])
    assert told["frames"] >= 60_000
    assert told["connections"] > 500
    assert told["hours"] >= 1.0
    assert told["counts"]["document reaction"] > 0
    assert told["end"]["threads"] == told["warm"]["threads"]
