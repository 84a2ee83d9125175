"""Whichever broker it is, however often it says a thing, whatever it forgot: one right signal for each revision."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.simulate.servers import embedded_valkey
from tests.support.agency import Agency
from tests.support.daemons import Daemon, daemon
from tests.support.servers import installed
from tests.support.waiting import eventually

RIGHT_FIRST = "us.cpi.yoy:2025-01"
WRONG_FIRST = "us.ppi.yoy:2025-01"
DUE_IN_S = 6.0

pytestmark = pytest.mark.timeout(150)


def said_of(running: Daemon, release_id: str) -> list[dict[str, Any]]:
    """Documents of a figure of this release, in the stream's order."""
    assert running.process.poll() is None, running.said
    return [
        each
        for each in running.documents()
        if each["kind"] in {"release", "correction", "retraction"}
        and release_id in {cause["release_id"] for cause in each["causes"]}
    ]


def shape(document: dict[str, Any]) -> tuple[object, ...]:
    """Kind, revision, figure that counts, and whether sources contradict each other."""
    (cause,) = document["causes"]
    return (document["kind"], document["revision"], cause["actual"], "conflicting_sources" in document["flags"])


def test_a_broker_that_dies_in_the_minute_before_and_sources_that_repeat_and_contradict_themselves(
    tmp_path: Path, mqtt_server: Server
) -> None:
    trust = {"sources": ["bls", "wire"]}
    with (
        installed(embedded_valkey) as valkey,
        daemon(tmp_path / "here", mqtt_port=mqtt_server.port, redis_port=valkey.port, calendar=trust) as running,
    ):
        running.wait_for("mqtt_connected")
        bls, wire = (Agency(mqtt_server.port, name=name, times=3) for name in ("bls", "wire"))
        for source in (bls, wire):
            source.schedule(RIGHT_FIRST, in_s=DUE_IN_S)
            source.schedule(WRONG_FIRST, in_s=DUE_IN_S + 0.1)
        running.wait_for("release_moved", release_id=WRONG_FIRST, state="armed")

        mqtt_server.kill()
        mqtt_server.start()
        running.wait_for("mqtt_connected", connections=2)
        eventually(lambda: LiveClock.now() > bls.now.timestamp() * NS_PER_S + (DUE_IN_S + 0.2) * NS_PER_S)
        bls.release(RIGHT_FIRST)
        eventually(lambda: said_of(running, RIGHT_FIRST))
        wire.release(RIGHT_FIRST, actual=3.1)
        wire.release(WRONG_FIRST, actual=3.1)
        eventually(lambda: said_of(running, WRONG_FIRST))
        bls.release(WRONG_FIRST)
        eventually(lambda: len(said_of(running, WRONG_FIRST)) == 3)
        bls.release(RIGHT_FIRST, actual=2.8, kind="correction")
        eventually(lambda: len(said_of(running, RIGHT_FIRST)) == 3)
        bls.release("us.pce.yoy:2025-01")  # nobody knows it: when it is refused, all before it has been handled
        running.wait_for("figure_quarantined", reason="unscheduled")
        right, wrong, every = said_of(running, RIGHT_FIRST), said_of(running, WRONG_FIRST), running.documents()

    assert list(map(shape, right)) == [
        ("release", 1, 3.0, False),
        ("release", 1, 3.0, True),  # the same figure: another source says 3.1
        ("correction", 2, 2.8, False),  # the newest edition is its source's alone: the other has not spoken of it
    ]
    assert list(map(shape, wrong)) == [
        ("release", 1, 3.1, False),
        ("retraction", 1, 3.1, False),  # outvoted by the source that is trusted more
        ("release", 2, 3.0, True),
    ]
    assert wrong[1]["retracts"] == [wrong[0]["id"]]
    assert set(Counter(each["id"] for each in every).values()) == {1}
    assert "late_release" not in {flag for each in every for flag in each["flags"]}
