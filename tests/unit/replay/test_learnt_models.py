"""A run that learns, is restarted and goes on: its journal gives the same models and the same documents."""

from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from signald.core.guard.rules import GuardRules
from signald.errors import ConfigError
from signald.journal.models import find_model, keep_model, newest_model
from signald.journal.session import Session, session_record
from signald.live.learnt import LearntModels
from signald.live.recovery import recover
from signald.model.notices import ModelLearnt
from signald.model.parameters import identify
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.pipeline import Pipeline
from signald.replay.compare import compare
from signald.replay.driver import replay
from tests.support.calendar import (
    CPI_JANUARY,
    DAY,
    NFP_JANUARY,
    T0,
    heartbeat_payload,
    release_payload,
    schedule_payload,
)
from tests.support.engine import PARAMETERS, build_engine
from tests.support.models import build_pace
from tests.support.pipelines import NAMES, LiveRun, build_pipeline

_HOUR = 3_600 * NS_PER_S
_RESPONSES = tuple(msgspec.structs.replace(one, pace=build_pace(3)) for one in PARAMETERS.assets["BTC"])
_ROOT = identify(msgspec.structs.replace(PARAMETERS, assets={"BTC": _RESPONSES}))
_NFP = {"release_id": NFP_JANUARY, "indicator": "us.nfp"}


def _build() -> Pipeline:
    return build_pipeline(build_engine(guard=GuardRules(), parameters=_ROOT, learns=True))


def _bid(run: LiveRun, now: Nanos, bid: float) -> None:
    run.tick(now)
    run.take(RecordKind.FRAME, now, channel="bids", payload=str(bid).encode())


def _say(run: LiveRun, now: Nanos, topic: str, payload: bytes) -> None:
    run.tick(now)
    run.take(RecordKind.MESSAGE, now, channel="mqtt", key=topic, payload=payload)


def _release(run: LiveRun, at: Nanos, topic: str, payload: bytes, *, to: float) -> None:
    """A figure, the move that follows, and time until all is over."""
    _bid(run, at - NS_PER_S, 95_000.0)
    _say(run, at + NS_PER_S, topic, payload)
    _bid(run, at + 2 * NS_PER_S, to)
    for minute in range(1, 61):
        _bid(run, at + minute * 60 * NS_PER_S, to)


def _first_day(path: Path) -> LiveRun:
    run = LiveRun(path, _build)
    run.begin(T0 - _HOUR)
    run.take(RecordKind.CONNECTED, T0 - _HOUR, channel="bids")
    _say(run, T0 - _HOUR, f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload())
    _release(run, T0, f"calendar/release/{CPI_JANUARY}/bls", release_payload(), to=94_000.0)
    return run


def _next_day(run: LiveRun) -> None:
    at = T0 + DAY
    run.take(RecordKind.CONNECTED, at - _HOUR, channel="bids")
    scheduled = schedule_payload(**_NFP, consensus=150.0, prior=150.0, ts_scheduled=format_rfc3339(at))
    _say(run, at - _HOUR, f"calendar/schedule/{NFP_JANUARY}/bls", scheduled)
    figure = release_payload(release_id=NFP_JANUARY, actual=250.0, ts_event=format_rfc3339(at))
    _release(run, at, f"calendar/release/{NFP_JANUARY}/bls", figure, to=95_500.0)
    _say(run, at + 2 * _HOUR, "heartbeat/bls", heartbeat_payload())
    run.writer.close()


def test_replay_learns_the_same_and_says_the_same(tmp_path: Path) -> None:
    run = _first_day(tmp_path)
    _next_day(run)

    comparison = compare([tmp_path], _build)
    learnt = [
        output for each in replay([tmp_path], _build) for output in each.fed.outputs if isinstance(output, ModelLearnt)
    ]

    assert comparison.difference is None
    assert comparison.documents == len(run.published)
    assert [one.releases for one in learnt] == [(CPI_JANUARY,), (NFP_JANUARY,)]
    assert learnt[1].parent == learnt[0].id
    assert learnt[1].id == run.pipeline.engine.parameters.id
    assert f'"model":{{"id":"{learnt[0].id}"'.encode() in b"".join(run.published)


@pytest.mark.parametrize("was_kept", [True, False], ids=["model kept", "killed before it was kept"])
def test_a_restart_begins_with_what_was_learnt(tmp_path: Path, *, was_kept: bool) -> None:
    audited: list[str] = []
    run = _first_day(tmp_path)
    first = run.pipeline.engine.parameters
    if was_kept:
        LearntModels(tmp_path, run.pipeline.engine, lambda action, _: audited.append(action)).keep()

    run.pipeline = _build()
    models = LearntModels(tmp_path, run.pipeline.engine, lambda action, _: audited.append(action))
    began = models.take_over()
    since = T0 + _HOUR - 2 * _HOUR
    recover(tmp_path, run.pipeline, T0 + _HOUR, heard=lambda *_: None, happened=lambda _: None)
    models.keep()
    now = T0 + 2 * _HOUR
    run.writer.append(_session(now, began, since))
    _next_day(run)

    assert began == (first.id if was_kept else _ROOT.id)
    assert run.pipeline.engine.parameters.lineage is not None
    assert run.pipeline.engine.parameters.lineage.steps == 2
    assert newest_model(tmp_path, _ROOT.id, damaged=_fail) == find_model(tmp_path, first.id) == first
    assert compare([tmp_path], _build).difference is None
    assert compare([tmp_path], _build, find_model=lambda model_id: find_model(tmp_path, model_id)).difference is None


def _session(now: Nanos, model_id: str, since: Nanos) -> Record:
    session = Session(mode="live", instruments=NAMES, model_id=model_id, recovered_from=since)
    return session_record(session, now)


def _fail(error: ConfigError) -> None:
    raise error


def test_what_was_learnt_from_another_model_is_of_no_account(tmp_path: Path) -> None:
    run = _first_day(tmp_path)
    LearntModels(tmp_path, run.pipeline.engine, lambda _, __: None).keep()
    run.writer.close()
    other = identify(msgspec.structs.replace(_ROOT, last_release="2024-07-01T00:00:00Z"))

    assert newest_model(tmp_path, other.id, damaged=_fail) is None
    assert find_model(tmp_path, "none") is None


def test_who_does_not_learn_scores_with_the_model_configured(tmp_path: Path) -> None:
    run = _first_day(tmp_path)
    keep_model(tmp_path, run.pipeline.engine.parameters)
    run.writer.close()

    began = LearntModels(tmp_path, _build().engine, lambda _, __: None, online=False).take_over()

    assert began == _ROOT.id


def test_a_damaged_model_is_passed_over_and_written_again(tmp_path: Path) -> None:
    run = _first_day(tmp_path)
    first = run.pipeline.engine.parameters
    kept = keep_model(tmp_path, first)
    _next_day(run)
    newest = keep_model(tmp_path, run.pipeline.engine.parameters)
    newest.write_bytes(b"")
    run.pipeline = _build()
    models = LearntModels(tmp_path, run.pipeline.engine, lambda _, __: None)

    with capture_logs() as logs:
        began = models.take_over()
    again = keep_model(tmp_path, first)
    kept.write_bytes(b"{")
    keep_model(tmp_path, first)

    assert began == first.id
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("learnt_model_damaged", "error")]
    assert again == kept
    assert find_model(tmp_path, first.id) == first


def test_a_new_model_is_written_and_goes_on_record(tmp_path: Path) -> None:
    audited: list[tuple[str, dict[str, str]]] = []
    run = _first_day(tmp_path)
    run.writer.close()
    models = LearntModels(
        tmp_path, run.pipeline.engine, lambda action, details: audited.append((action, dict(details)))
    )
    learnt = run.pipeline.engine.parameters

    models.followed(
        ModelLearnt(id=learnt.id, parent=_ROOT.id, releases=(CPI_JANUARY,), moves_bps={}, ts_ingest=T0 + _HOUR)
    )

    assert (tmp_path / f"model-{learnt.id}.json").is_file()
    at = "2025-02-12T14:30:00Z"
    assert audited == [("model", {"id": learnt.id, "parent": _ROOT.id, "releases": CPI_JANUARY, "at": at})]
