"""The demo's other scenario: each fault leads to the document that says so, and the journal replays to the byte."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signald.simulate.child import free_port

SIGNALD = [sys.executable, "-m", "signald"]

pytestmark = pytest.mark.timeout(150)


def test_every_fault_is_noticed_and_the_journal_replays(tmp_path: Path) -> None:
    mqtt, redis, metrics = free_port(2), free_port(), free_port()
    ports = [f"--mqtt-port={mqtt}", f"--redis-port={redis}", f"--metrics-port={metrics}"]

    demo = subprocess.run(  # noqa: S603 - our own program
        [*SIGNALD, "demo", "--scenario=faults", "--duration=20", "--json", "--no-console", *ports],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (demo.returncode, demo.stderr if demo.returncode else "") == (0, "")
    shown = json.loads(demo.stdout.splitlines()[-1])["shown"]
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
