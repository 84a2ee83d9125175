"""Pools and components in ``signald run``: from the broker to documents in Redis, and to the byte from the journal.

The pools are those of docs/howto/add-a-pool.md; what components lead to is that of docs/nowcast.md.
One daemon does both.
"""

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis import Redis

from signald.app.publishing import publish_by_hand
from signald.config import Config
from signald.model.parameters import encode_parameters
from signald.simulate.child import LOOPBACK
from signald.simulate.servers import embedded_valkey, mosquitto
from signald.transports.settings import MqttConfig
from tests.support.agency import Agency
from tests.support.daemons import Daemon, daemon
from tests.support.nowcasts import SHELTER, build_bridge, build_bridged
from tests.support.servers import installed
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(300)

WITHIN_S = 60.0
HOWTO = Path(__file__).resolve().parents[3] / "docs" / "howto" / "add-a-pool.md"
POOL = "ETH-USDC-5.UNISWAP"
TOPIC = "ethereum/0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
OTHER = POOL.replace("-5.UNISWAP", "-30.SUSHI")
OTHER_TOPIC = "ethereum/0x397ff1542f962076d0bfe58ea045ffa2d347aca0"
COMPOSITE = "ETH-USD.COMPOSITE"
RELEASE = "us.cpi.mom:2025-01"
LED_TO = "us.core_pce.mom:2025-01"


def shown(language: str) -> list[str]:
    """The page's blocks in a language."""
    return [
        re.sub(r"^ {3}", "", block, flags=re.MULTILINE)
        for block in re.findall(rf"```{language}\n(.*?)```", HOWTO.read_text(encoding="utf-8"), flags=re.DOTALL)
    ]


class Chain:
    """Whoever follows it: publishes the page's two states, of this moment, as of a block."""

    def __init__(self, mqtt_port: int) -> None:
        self._config = Config(mqtt=MqttConfig(host=LOOPBACK, port=mqtt_port))
        self._agency = Agency(mqtt_port)
        self._reserves, self._ticks = map(json.loads, shown("json")[0].splitlines())

    def publish(self, block: int, **changes: object) -> None:
        """As ``signald publish`` does it."""
        now = {"block": block, "ts_event": datetime.now(UTC).isoformat()}  # noqa: TID251 - the chain's own clock
        states = [self._ticks | now | {"pool": TOPIC}, self._reserves | now | changes | {"pool": OTHER_TOPIC}]
        assert (
            publish_by_hand(self._config, io.BytesIO("\n".join(map(json.dumps, states)).encode()), name="states") == 2
        )

    def say(self, payload: bytes) -> None:
        """Anything at all, on the topic of the first."""
        self._agency.send(f"pools/{TOPIC}", payload)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Daemon, Chain]]:
    instrument, venue = (block for block in shown("toml")[:2])
    other = instrument.replace(POOL, OTHER).replace(TOPIC, OTHER_TOPIC)
    file = tmp_path / "instruments.toml"
    file.write_text(instrument + other, encoding="utf-8")
    (table,) = msgspec.toml.decode(venue)["venues"]
    model = tmp_path / "model.json"
    model.write_bytes(encode_parameters(build_bridged(build_bridge((SHELTER,), error=0.01))))
    venues = [table | {"instruments": [POOL, OTHER], "stale_after_ms": 600_000}]
    with installed(mosquitto) as broker, installed(embedded_valkey) as valkey:
        chain = Chain(broker.port)
        chain.publish(21_000_000)
        with daemon(
            tmp_path / "here",
            mqtt_port=broker.port,
            redis_port=valkey.port,
            lists={"venues": venues},
            instruments={"path": str(file)},
            model={"path": str(model)},
        ) as started:
            yield started, chain


def live(daemon: Daemon, name: str) -> int:
    """How often a book went live."""
    return len(daemon.events("book_went_live", instrument=name))


def told_of(daemon: Daemon, name: str) -> tuple[float | None, float | None]:
    """The mid of a book, and what of a composite rests on decentralised venues, as the status has it."""
    with Redis.from_url(daemon.tables["redis"]["url"]) as redis:  # pyright: ignore[reportUnknownMemberType] - untyped
        told: Any = redis.hget("{signald}:status", "books")
    books = json.loads(told or b'{"instruments":[]}')
    if name not in books["instruments"]:
        return None, None
    at = books["instruments"].index(name)
    return books["mid"][at], books["dex_share"][at]


def documents(running: Daemon, kind: str) -> dict[str, dict[str, Any]]:
    """What is said of this kind, by instrument, once all of it is there."""

    def look() -> dict[str, dict[str, Any]]:
        said = {each["instrument"]: each for each in running.documents() if each["kind"] == kind}
        return said if said.keys() >= {POOL, OTHER, COMPOSITE} else {}

    return eventually(look, within_s=WITHIN_S)


def test_what_the_broker_keeps_of_pools_becomes_books_documents_and_a_journal_that_replays(
    running: tuple[Daemon, Chain],
) -> None:
    daemon, chain = running
    eventually(lambda: live(daemon, POOL) and live(daemon, OTHER), within_s=WITHIN_S)

    chain.say(b'{"block":"soon"}')
    eventually(lambda: "block: 'soon' is not a whole number" in daemon.said, within_s=WITHIN_S)
    chain.publish(21_000_001, reserves=["60030000000000", "20000000000000000000000"])
    eventually(lambda: (told_of(daemon, OTHER)[0] or 0) > 3_001, within_s=WITHIN_S)
    eventually(lambda: told_of(daemon, COMPOSITE)[1] == 1.0, within_s=WITHIN_S)
    agency = Agency(daemon.tables["mqtt"]["port"])
    agency.schedule(LED_TO, in_s=86_400.0, consensus=0.3)
    agency.schedule(RELEASE, consensus=0.3)
    agency.release(RELEASE, actual=0.4, components={"shelter": 0.4})
    said = documents(daemon, "release")
    nowcasts = documents(daemon, "nowcast")
    code = daemon.terminate()

    assert code == 0
    for name, price in ((POOL, 3_000), (OTHER, 3_001.5)):
        book = said[name]["book"]
        assert {"unsequenced_book", "unsummed_book"} <= set(said[name]["flags"])
        assert book["bid"] < price < book["ask"]
        assert abs(book["mid"] / price - 1) < 1e-3
        assert 0 <= book["age_ms"] < WITHIN_S * 4_000
    assert said[POOL]["book"]["depth_usd"]["25"]["ask"] > 100_000
    assert 3_000 < said[COMPOSITE]["book"]["mid"] < 3_001.5
    for one in nowcasts.values():
        led_to = one["nowcast"]
        assert (led_to["release_id"], led_to["nowcast"], led_to["components"]) == (LED_TO, 0.25, {SHELTER: 0.4})
        assert (led_to["consensus"], led_to["is_beyond"]) == (0.3, True)
        assert [cause["release_id"] for cause in one["causes"]] == [RELEASE]
    assert daemon.verified()["difference"] is None
