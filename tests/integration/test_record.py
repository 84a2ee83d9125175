"""``signald record``: what venues and broker send is in a journal, gaps too, and it replays without the recorder."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signald.journal.reader import read
from signald.model.records import Record, RecordKind
from signald.simulate.child import LOOPBACK
from signald.simulate.servers import embedded_broker
from tests.support.agency import RELEASE_ID, Agency
from tests.support.daemons import READY_WITHIN_S
from tests.support.exchange import exchange_in_thread
from tests.support.servers import installed
from tests.support.waiting import eventually

DEPTH = "btcusdt@depth@100ms"

pytestmark = pytest.mark.timeout(120)


def kept(journal: Path, kind: RecordKind) -> list[Record]:
    return [record for record in read(journal) if record.kind is kind] if any(journal.glob("*.segment")) else []


def test_what_comes_is_recorded_and_replays(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with installed(embedded_broker) as broker, exchange_in_thread() as running:
        venue = f'name = "binance"\nws_url = "{running.exchange.ws_url}"\nrest_url = "{running.exchange.rest_url}"'
        mqtt = f'[mqtt]\nhost = "{LOOPBACK}"\nport = {broker.port}\nsession_expiry_s = 0\n'
        venues = f'[[venues]]\n{venue}\ninstruments = ["BTCUSDT.BINANCE"]\n'
        (tmp_path / "signald.toml").write_text(mqtt + venues)
        process = subprocess.Popen(
            [sys.executable, "-m", "signald", "record", "--config", "signald.toml", "--out", "journal", "--json"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
        )
        try:
            eventually(lambda: len(kept(journal, RecordKind.FRAME)) > 30, within_s=READY_WITHIN_S)
            running.do(lambda exchange: exchange.faults(DEPTH).drop())
            Agency(broker.port).schedule()
            eventually(lambda: kept(journal, RecordKind.MESSAGE), within_s=READY_WITHIN_S)
            eventually(lambda: len(kept(journal, RecordKind.RESPONSE)) > 1, within_s=READY_WITHIN_S)
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=READY_WITHIN_S)
        finally:
            process.kill()
            process.wait()
        summary = json.loads(said)

    assert process.returncode == 0
    assert [record.key for record in kept(journal, RecordKind.MESSAGE)][-1].startswith(
        f"calendar/schedule/{RELEASE_ID}"
    )
    assert "BookGap" in {record.key for record in kept(journal, RecordKind.NOTICE)}
    assert kept(journal, RecordKind.DISCONNECTED)[-1].channel in {"binance", "mqtt"}
    assert not kept(journal, RecordKind.TICK)
    assert summary["gaps"] == 1
    replayed = subprocess.run(
        [sys.executable, "-m", "signald", "replay", "journal", "--checkpoints", "books", "--every", "5", "--json"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert json.loads(replayed.stdout.splitlines()[-1])["checkpoints"] >= 2
