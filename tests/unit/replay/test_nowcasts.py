"""A run that nowcasts, is restarted between two reports, and is replayed: the same bytes."""

import json
from pathlib import Path

from signald.core.board import Board
from signald.live.recall import settled_message
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.pipeline import CALENDAR, Pipeline
from signald.replay.driver import replay, signals
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.engine import build_engine
from tests.support.nowcasts import (
    CPI_DUE,
    CPI_RELEASE,
    INDICATORS,
    PCE_DUE,
    PCE_RELEASE,
    PPI_DUE,
    PPI_FEES,
    PPI_RELEASE,
    SHELTER,
    build_bridge,
    build_bridged,
)
from tests.support.pipelines import NAMES, BidVenue, LiveRun

BRIDGED = build_bridged(build_bridge((SHELTER,), error=0.1), build_bridge())


def build() -> Pipeline:
    board = Board(NAMES)
    return Pipeline(
        engine=build_engine(indicators=INDICATORS, parameters=BRIDGED),
        board=board,
        venues={"bids": BidVenue(board)},
        calendar=MqttCalendar(INDICATORS),
    )


def announce(run: LiveRun, release_id: str, due: Nanos, now: Nanos) -> None:
    indicator, period = release_id.split(":")
    told = {
        "release_id": release_id,
        "indicator": indicator,
        "period": period,
        "source": "bls",
        "sequence": now,
        "ts_scheduled": format_rfc3339(due),
        "consensus": 0.3,
        "prior": 0.3,
        "ts_event": format_rfc3339(now),
    }
    topic = f"calendar/schedule/{release_id}/bls"
    run.take(RecordKind.MESSAGE, now, channel=CALENDAR, key=topic, payload=json.dumps(told).encode())


def come(run: LiveRun, release_id: str, due: Nanos, components: dict[str, float]) -> None:
    now = due + NS_PER_S // 5
    told = {
        "release_id": release_id,
        "actual": 0.3,
        "source": "bls",
        "sequence": now,
        "kind": "first",
        "ts_event": format_rfc3339(due),
        "components": components,
    }
    topic = f"calendar/release/{release_id}/bls"
    run.tick(now)
    run.take(RecordKind.MESSAGE, now, channel=CALENDAR, key=topic, payload=json.dumps(told).encode())
    run.tick(now + 5 * NS_PER_S)


def test_a_run_that_was_restarted_between_two_reports_replays_to_the_byte(tmp_path: Path) -> None:
    run = LiveRun(tmp_path / "journal", build)
    begin = CPI_DUE - 60 * NS_PER_S
    run.begin(begin)
    announce(run, CPI_RELEASE, CPI_DUE, begin)
    announce(run, PCE_RELEASE, PCE_DUE, begin + 1)
    come(run, CPI_RELEASE, CPI_DUE, {"shelter": 0.4})
    known = run.pipeline.engine.settled
    again = PPI_DUE - 60 * NS_PER_S
    run.restart(again)
    for figure in known:
        key, payload = settled_message(figure)
        run.take(RecordKind.MESSAGE, again, channel=CALENDAR, key=key, payload=payload)
    announce(run, PPI_RELEASE, PPI_DUE, again + 1)
    announce(run, PCE_RELEASE, PCE_DUE, again + 2)
    come(run, PPI_RELEASE, PPI_DUE, {"portfolio_management": 0.6})
    run.writer.close()

    replayed = [encode_data(one) for one in signals(replay([tmp_path / "journal"], build))]

    assert replayed == run.published
    told = [document for one in run.published if (document := json.loads(one))["kind"] == "nowcast"]
    assert told[0]["nowcast"]["components"] == {SHELTER: 0.4}
    assert told[-1]["nowcast"]["components"] == {SHELTER: 0.4, PPI_FEES: 0.6}
    assert told[-1]["nowcast"]["is_beyond"]
    assert [cause["actual"] for cause in told[-1]["causes"]] == [0.3, 0.3]
