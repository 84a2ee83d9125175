"""A run that is cut off behind any of its records: what the restart says is what a replay says, to the byte."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec
import pytest

from signald.core.documents import Documents
from signald.core.engine import Barometer, Engine
from signald.core.guard.rules import GuardRules
from signald.core.movers.movers import Movers
from signald.core.movers.rules import MoverRules
from signald.core.scoring import Scorer
from signald.journal.reader import read
from signald.journal.session import Session, session_record
from signald.live.learnt import LearntModels
from signald.live.recall import Recall
from signald.live.recovery import recover
from signald.model.parameters import identify
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.pipeline import CALENDAR, Pipeline
from signald.replay.compare import compare
from signald.replay.driver import replay, signals
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    CPI_JANUARY,
    INDICATORS,
    T0,
    heartbeat_payload,
    release_payload,
    schedule_payload,
)
from tests.support.engine import INSTRUMENTS, PARAMETERS, RULES
from tests.support.journals import write_journal
from tests.support.models import build_pace
from tests.support.pipelines import NAMES, LiveRun, build_pipeline
from tests.support.policy import policy_payload

pytestmark = pytest.mark.timeout(120)

_MINUTE: Final = 60 * NS_PER_S
_RESPONSES: Final = tuple(msgspec.structs.replace(one, pace=build_pace(3)) for one in PARAMETERS.assets["BTC"])
_ROOT: Final = identify(msgspec.structs.replace(PARAMETERS, assets={"BTC": _RESPONSES}))
_CORE: Final = {"release_id": CORE_CPI_JANUARY, "indicator": "us.core_cpi.yoy"}
_HEARD: Final = (  # minutes from T0 on, topic, payload
    (-150.0, f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload()),
    (-149.0, f"calendar/schedule/{CORE_CPI_JANUARY}/bls", schedule_payload(**_CORE)),
    (-0.1, "heartbeat/bls", heartbeat_payload()),
    (0.01, f"calendar/release/{CPI_JANUARY}/bls", release_payload(actual=3.1)),
    (0.02, f"calendar/release/{CORE_CPI_JANUARY}/bls", release_payload(release_id=CORE_CPI_JANUARY, actual=3.2)),
    (3.0, "policy/tariff", policy_payload(severity=1.0)),
    (3.5, "policy/tariff", policy_payload(event_id="other", source="other", sequence=5)),
)
_BIDS: Final = tuple((5.0 * number - 70.0, 95_000.0 + 40.0 * math.sin(number)) for number in range(17))
_RECALLED_AT: Final = -20.0  # whoever reads from here on knows of the release, but not of the whole hour before it
_OVER: Final = 70.0


def _build() -> Pipeline:
    """All that an engine remembers, learns and looks at."""
    scorer = Scorer(_ROOT, INSTRUMENTS)
    movers = Movers(INSTRUMENTS, INSTRUMENTS, MoverRules(sample_ns=NS_PER_S))
    engine = Engine(
        indicators=INDICATORS,
        documents=Documents(scorer=scorer, instruments=INSTRUMENTS, movers=movers),
        rules=RULES,
        guard=GuardRules(),
        learns=True,
        barometer=Barometer(scorer, depth_elasticity=0.0),
    )
    return build_pipeline(engine)


def _at(minutes: float) -> Nanos:
    return T0 + round(minutes * _MINUTE)


def _play(run: LiveRun) -> None:
    """Let all of it happen, in order."""
    happens: list[tuple[float, Callable[[], object]]] = [(_RECALLED_AT, lambda: _recall(run, _at(_RECALLED_AT)))]
    for minutes, topic, payload in _HEARD:
        happens.append((minutes, partial(_hear, run, _at(minutes), topic, payload)))
    for minutes, bid in _BIDS:
        happens.append(
            (minutes, partial(run.take, RecordKind.FRAME, _at(minutes), channel="bids", payload=b"%f" % bid))
        )
    run.begin(_at(-151.0))
    run.take(RecordKind.CONNECTED, _at(-151.0), channel="bids")
    for minutes, happen in sorted(happens, key=itemgetter(0)):
        run.tick(_at(minutes))
        happen()
    run.tick(_at(_OVER))


def _hear(run: LiveRun, now: Nanos, topic: str, payload: bytes) -> None:
    run.take(RecordKind.MESSAGE, now, channel=CALENDAR, key=topic, payload=payload)


def _recall(run: LiveRun, now: Nanos) -> None:
    recall = Recall(run.pipeline.engine)
    for _, topic, payload in _HEARD[:2]:
        recall.heard(topic, payload, MqttCalendar(INDICATORS).on_message(topic, payload, now).events)
    recall.say(now, lambda key, payload: _hear(run, now, key, payload))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """What a run that nobody cut off has on record."""
    path = tmp_path_factory.mktemp("whole")
    run = LiveRun(path, _build)
    _play(run)
    run.writer.close()
    return list(read(path))


def _restart(path: Path, *, before_it_was_cut_off: Sequence[Record]) -> tuple[Signal, ...]:
    """A journal with these records, on which a run goes on; what it said for the one before."""
    write_journal(path, before_it_was_cut_off)
    run = LiveRun(path, _build)
    models = LearntModels(path, run.pipeline.engine, lambda *_: None)
    began, ended = models.take_over(), run.writer.ts_highest
    found = recover(path, run.pipeline, ended, heard=lambda *_: None, happened=lambda _: None)
    session = Session(mode="live", instruments=NAMES, model_id=began, recovered_from=found.since)
    run.writer.append(session_record(session, ended))
    run.say(found.unsaid, ended)
    run.take(RecordKind.MESSAGE, ended, channel=CALENDAR, key="heartbeat/bls", payload=heartbeat_payload(sequence=99))
    run.writer.close()
    return found.unsaid


def _documents(records: Iterable[Record]) -> list[bytes]:
    return [record.payload for record in records if record.kind is RecordKind.SIGNAL]


def _cuts(records: Sequence[Record]) -> list[int]:
    """Behind each input from which documents follow, and behind each of these documents but the last."""
    kinds = [record.kind for record in records]
    return [n for n in range(1, len(kinds)) if kinds[n] is RecordKind.SIGNAL]


def test_what_a_restart_says_for_the_run_before_replays_to_the_byte(whole: list[Record], tmp_path: Path) -> None:
    others: set[str] = set()
    cuts = _cuts(whole)
    for cut in cuts:
        path = tmp_path / str(cut)
        said = {one.id: one for one in _restart(path, before_it_was_cut_off=whole[:cut])}

        difference = compare([path], _build).difference
        replayed = [encode_data(signal) for signal in signals(replay([path], _build))]

        assert difference is None, f"cut off behind {cut}"
        assert replayed == _documents(read(path)), f"cut off behind {cut}"
        due = whole[cut]
        assert due.key in said
        if encode_data(said[due.key]) != due.payload:
            others.add(said[due.key].kind)
    assert others  # the restart had not seen the whole hour before the release
