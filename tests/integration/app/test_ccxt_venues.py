"""Two exchanges without sources of ours, in ``signald run``: each in a process of its own, in the same board rows."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signald.model.instruments import encode_instruments
from signald.simulate.servers import embedded_broker, embedded_valkey
from tests.support.agency import Agency
from tests.support.ccxt_exchanges import Bitfinex, Bitstamp
from tests.support.daemons import Daemon, daemon
from tests.support.exchange import running_in_thread
from tests.support.instruments import BITFINEX_BTC, BITSTAMP_BTC
from tests.support.servers import installed
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(500)

WITHIN_S = 120.0
"""ccxt takes seconds to import, in each of two processes at once."""
NAMES = {BITSTAMP_BTC.id, BITFINEX_BTC.id}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Daemon]:
    file = tmp_path / "instruments.toml"
    file.write_bytes(encode_instruments([BITSTAMP_BTC, BITFINEX_BTC]))
    with (
        installed(embedded_broker) as broker,
        installed(embedded_valkey) as valkey,
        running_in_thread(Bitstamp()) as bitstamp,
        running_in_thread(Bitfinex()) as bitfinex,
    ):
        venues = [
            {"name": "ccxt:bitstamp", "instruments": [BITSTAMP_BTC.id], **bitstamp.exchange.keys},
            {"name": "ccxt:bitfinex", "instruments": [BITFINEX_BTC.id], **bitfinex.exchange.keys},
        ]
        with daemon(
            tmp_path / "here",
            mqtt_port=broker.port,
            redis_port=valkey.port,
            lists={"venues": venues},
            instruments={"path": str(file)},
        ) as started:
            yield started


def live(running: Daemon) -> dict[str, int]:
    """How often each book went live."""
    names = [event["instrument"] for event in running.events("book_went_live")]
    return {name: names.count(name) for name in NAMES}


def documents(running: Daemon, release_id: str) -> dict[str, dict[str, Any]]:
    """What is said of a figure, by instrument, once all of it is there."""
    agency = Agency(running.tables["mqtt"]["port"])
    agency.schedule(release_id)
    agency.release(release_id)

    def look() -> dict[str, dict[str, Any]]:
        said = {each["instrument"]: each for each in running.documents() if each["kind"] == "release"}
        return said if said.keys() >= NAMES else {}

    return eventually(look, within_s=WITHIN_S)


def test_each_has_a_process_of_its_own_that_comes_back_and_flagged_rows_that_replay(running: Daemon) -> None:
    eventually(lambda: set(live(running).values()) == {1}, within_s=WITHIN_S)
    eventually(lambda: {"feed-1", "feed-2"} <= running.processes().keys(), within_s=WITHIN_S)
    frames = 'signald_frames_total{venue="ccxt:bitstamp"}'
    eventually(lambda: running.metrics().get(frames, 0) > 1, within_s=WITHIN_S)

    os.kill(running.processes()["feed-1"]["pid"], signal.SIGKILL)
    running.wait_for("books_disowned", member="feed-1")
    eventually(lambda: live(running)[BITSTAMP_BTC.id] == 2, within_s=WITHIN_S)
    restarts = 'signald_process_restarts_total{process="feed-1"}'
    eventually(lambda: running.metrics().get(restarts) == 1, within_s=WITHIN_S)
    said = documents(running, "us.cpi.yoy:2025-01")
    code = running.terminate()

    assert code == 0
    assert live(running)[BITFINEX_BTC.id] == 1
    for name in NAMES:
        assert {"unsequenced_book", "unsummed_book"} <= set(said[name]["flags"])
        assert "no_book" not in said[name]["flags"]
        assert (said[name]["book"]["bid"], said[name]["book"]["ask"]) == (95_000.0, 95_001.0)
    assert running.verified()["difference"] is None
