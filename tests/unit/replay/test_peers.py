"""Books of several connections, laid beside one another: none is judged by what another has not said yet."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from signald.core.board import Board
from signald.journal.session import Session, session_record
from signald.model.notices import BookStale
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.pipeline import Pipeline
from signald.replay.driver import replay
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.registry import build_source, read_venue_config
from tests.support.calendar import INDICATORS, T0
from tests.support.engine import build_engine
from tests.support.instruments import BITSTAMP_ETH
from tests.support.journals import write_journal

GATE_ETH = msgspec.structs.replace(BITSTAMP_ETH, id="ETHUSD.GATE", venue="ccxt:gate")
VENUES = {"a": BITSTAMP_ETH, "b": GATE_ETH}
TENTH = NS_PER_S // 10


def pipeline() -> Pipeline:
    board = Board([one.id for one in VENUES.values()])
    sources = {
        channel: build_source(
            read_venue_config({"name": one.venue, "instruments": [one.id], "stale_after_ms": 1_000}, where="test"),
            list(VENUES.values()),
            board,
            channel=channel,
        )
        for channel, one in VENUES.items()
    }
    return Pipeline(engine=build_engine(), board=board, venues=sources, calendar=MqttCalendar(INDICATORS))


def frame(channel: str, ts: Nanos, mid: float) -> Record:
    book = {
        "asks": [[f"{mid + 0.5:.2f}", "20"]],
        "bids": [[f"{mid - 0.5:.2f}", "20"]],
        "symbol": VENUES[channel].venue_symbol,
        "timestamp": ts // NS_PER_MS,
    }
    return Record(RecordKind.FRAME, ts, channel, "", json.dumps(book, separators=(",", ":")).encode())


def recording(silent: str) -> Iterable[Record]:
    """Ten frames a second; one venue falls silent after two seconds, the other moves by 1 % at five."""
    yield from (Record(RecordKind.CONNECTED, T0, channel, "", b"") for channel in VENUES)
    for number in range(1, 80):
        for place, channel in enumerate(VENUES):
            if channel != silent or number < 20 or number > 75:
                moved_at = 75 if channel == silent else 50
                yield frame(channel, T0 + number * TENTH + place, 3_000.0 if number < moved_at else 3_030.0)


@pytest.mark.parametrize("silent", list(VENUES))
def test_a_silent_book_is_judged_by_what_its_peer_had_said_by_then(tmp_path: Path, silent: str) -> None:
    channels: dict[str, tuple[str, ...]] = {channel: (one.id,) for channel, one in VENUES.items()}
    session = Session(mode="import", instruments=tuple(one.id for one in VENUES.values()), channels=channels)
    write_journal(tmp_path, [session_record(session, T0), *recording(silent)])

    said = [output for each in replay([tmp_path], pipeline) for output in each.fed.outputs]

    stale = [one for one in said if isinstance(one, BookStale)]
    assert [(one.instrument, one.reason) for one in stale] == [(VENUES[silent].id, "left_behind")]
    assert T0 + 5 * NS_PER_S <= stale[0].ts_ingest < T0 + 5 * NS_PER_S + 2 * TENTH
