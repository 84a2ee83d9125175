"""``signald serve``: a daemon and a client of another kind are fed a recording, and see what it holds."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from signald.bench.frames import made_frames
from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.simulate.child import Server, free_port
from signald.simulate.servers import embedded_valkey
from tests.support.calendar import CPI_JANUARY, T0, release_payload, schedule_payload
from tests.support.daemons import daemon
from tests.support.instruments import BTCUSDT
from tests.support.journals import write_journal
from tests.support.servers import installed
from tests.support.waiting import eventually

FRAMES = 80
RELEASE_AT = 60

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def valkey() -> Iterator[Server]:
    with installed(embedded_valkey) as server:
        yield server


def recorded(path: Path) -> Path:
    """Eight seconds of a book, and a figure in the sixth."""
    made = made_frames(BTCUSDT, changes=20, count=FRAMES)
    begin = T0 - RELEASE_AT * 100 * NS_PER_MS
    records = [record._replace(ts_ingest=begin, channel="binance") for record in made.priming]
    for number, frame in enumerate(made.frames):
        records.append(Record(RecordKind.FRAME, begin + (number + 1) * 100 * NS_PER_MS, "binance", "", frame))
    said = [
        Record(RecordKind.MESSAGE, begin, "mqtt", f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload()),
        Record(RecordKind.MESSAGE, T0 + 1, "mqtt", f"calendar/release/{CPI_JANUARY}/bls", release_payload()),
    ]
    records = sorted([*records, *said], key=lambda record: record.ts_ingest)
    session = Session(mode="import", instruments=(BTCUSDT.id,), steps=(BTCUSDT,))
    return write_journal(path, [session_record(session, begin - NS_PER_S), *records])


async def read_depth(ws_url: str, count: int) -> list[dict[str, Any]]:
    """What a client that knows nothing of us reads."""
    async with connect(f"{ws_url}/ws/btcusdt@depth@100ms") as connection:
        return [json.loads(await connection.recv()) for _ in range(count)]


def test_a_daemon_and_another_client_are_fed_history(tmp_path: Path, valkey: Server) -> None:
    recorded(tmp_path / "journal")
    port = free_port(2)
    serving = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "signald", "serve", "journal", "--broker-port", f"{port}", "--readers", "2", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
    )
    try:
        assert serving.stdout is not None
        (venue,) = json.loads(serving.stdout.readline())["venues"]
        at = {key: venue[key] for key in ("ws_url", "rest_url")}
        with daemon(tmp_path / "run", mqtt_port=port, redis_port=valkey.port, venue=at) as running:
            running.wait_for("ready")
            read = asyncio.run(read_depth(venue["ws_url"], 30))
            released = eventually(
                lambda: [each for each in running.documents() if each["kind"] == "release"], within_s=40.0
            )[0]
        said, _ = serving.communicate(timeout=40)
    finally:
        serving.kill()
        serving.wait()

    assert [frame["e"] for frame in read] == ["depthUpdate"] * 30
    assert all(later["U"] == one["u"] + 1 for one, later in pairwise(read))
    assert [cause["release_id"] for cause in released["causes"]] == [CPI_JANUARY]
    assert released["book"] is not None
    assert serving.returncode == 0
    assert json.loads(said.splitlines()[-1])["messages"] == 2
