"""The demo's other scenario: each fault leads to the document that says so, and the journal replays to the byte.

Two pools trade along, which costs nothing and disturbs nobody.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signald.simulate.child import free_port
from signald.simulate.pools import CONCENTRATED, CONSTANT_PRODUCT

SIGNALD = [sys.executable, "-m", "signald"]

pytestmark = pytest.mark.timeout(300)


def test_every_fault_is_noticed_and_the_journal_replays(tmp_path: Path) -> None:
    mqtt, redis, metrics = free_port(2), free_port(), free_port()
    ports = [f"--mqtt-port={mqtt}", f"--redis-port={redis}", f"--metrics-port={metrics}"]

    demo = subprocess.run(  # noqa: S603 - our own program
        [*SIGNALD, "demo", "--scenario=faults", "--pools", "--duration=20", "--json", "--no-console", *ports],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert (demo.returncode, demo.stderr if demo.returncode else "") == (0, "")
    result = json.loads(demo.stdout.splitlines()[-1])
    for pool in (CONSTANT_PRODUCT, CONCENTRATED):
        assert result["books"][pool]["frames"] > 12
    shown = result["shown"]
    assert sorted(shown) == [
        "conflicting_sources",
        "correction",
        "missed",
        "partial_bundle",
        "quarantined",
        "retraction",
    ]
    assert min(shown.values()) >= 1
    for said in (
        *("scored before its siblings", "corrected to 3.4", "2.9 retracted", "missed"),
        *("143000 quarantined (unit_slip)", "conflicting sources: wire says 3.1", "foreseen"),
    ):
        assert said in demo.stderr
    verified = subprocess.run(  # noqa: S603 - our own program
        [*SIGNALD, "verify", "var/demo-journal"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr if verified.returncode else "") == (0, "")
