"""With signald killed a desk's guard says ``widen`` no later than the guidance it had last was to hold."""

from pathlib import Path

import pytest

from signald.client import Desk
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.servers import embedded_broker, embedded_valkey
from tests.support.agency import Agency
from tests.support.daemons import daemon
from tests.support.desk_stream import CONSUMER, INSTRUMENT
from tests.support.servers import installed
from tests.support.waiting import eventually


@pytest.mark.timeout(120)
def test_guard_widens_within_its_expiry_when_signald_is_killed(tmp_path: Path) -> None:
    reasons: list[str] = []
    with (
        installed(embedded_broker) as broker,
        installed(embedded_valkey) as redis,
        daemon(
            tmp_path / "d",
            mqtt_port=broker.port,
            redis_port=redis.port,
            guard={"renew_every_s": 2.0},
            lists={"consumers": [{"name": CONSUMER, "jurisdiction": "SG"}]},
        ) as running,
        Desk(f"redis://127.0.0.1:{redis.port}/0", consumer=CONSUMER, on_silence=reasons.append) as desk,
    ):
        running.wait_for("ready")
        Agency(broker.port).schedule(in_s=3_600.0)
        eventually(lambda: desk.guard(INSTRUMENT).state == "normal")

        running.process.kill()
        running.process.wait()
        held_s = desk.guard(INSTRUMENT).expires_in_s
        killed = LiveClock.monotonic()
        eventually(lambda: desk.guard(INSTRUMENT).state == "widen")
        widened_s = (LiveClock.monotonic() - killed) / NS_PER_S
        eventually(lambda: bool(reasons))
        reason = desk.guard(INSTRUMENT).reason

    assert 0.0 < held_s <= 4.0
    assert widened_s <= held_s + 1.0  # as often as it is looked at, on a busy machine
    assert reason == "expired"
    assert INSTRUMENT in reasons[0]
