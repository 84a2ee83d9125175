"""The model learns what became of a release, when no other is near."""

import msgspec
import pytest

from signald.core.board import BoardRows, empty_rows
from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.model.macro import ReleaseKind
from signald.model.notices import ModelLearnt
from signald.model.parameters import Parameters, identify
from tests.support.calendar import CPI_JANUARY, NFP_JANUARY, T0, figure, scheduled
from tests.support.engine import PARAMETERS, ROWS, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.models import build_pace
from tests.support.rows import BOOK, live_rows

_OVER = T0 + seconds(900)
_HIGHER = live_rows(len(ROWS), bid=1.01 * BOOK["bid"], ask=1.01 * BOOK["ask"], mid=1.01 * BOOK["mid"])


def _teachable() -> Parameters:
    responses = tuple(msgspec.structs.replace(one, pace=build_pace(3)) for one in PARAMETERS.assets["BTC"])
    series = tuple(msgspec.structs.replace(one, step=0.1, recent=(0.1, -0.1) * 12) for one in PARAMETERS.series)
    return identify(msgspec.structs.replace(PARAMETERS, assets={"BTC": responses}, series=series))


_MODEL = _teachable()


def _engine(*, learns: bool = True) -> Engine:
    return build_engine(guard=GuardRules(), parameters=_MODEL, learns=learns)


def _live_through(engine: Engine, *, after: BoardRows = _HIGHER) -> list[Output]:
    outputs = tell(engine, scheduled())
    outputs += wait(engine, T0)
    outputs += tell(engine, figure())
    return outputs + wait(engine, _OVER + seconds(10), rows=after)


def test_outcome_is_learnt_when_the_last_horizon_is_over() -> None:
    engine = _engine()

    (learnt,) = those(_live_through(engine), ModelLearnt)

    assert learnt.ts_ingest == _OVER
    assert (learnt.parent, learnt.id) == (_MODEL.id, engine.parameters.id)
    assert learnt.releases == (CPI_JANUARY,)
    assert learnt.moves_bps == {"BTC": {"300": pytest.approx(100.0), "900": pytest.approx(100.0)}}


def test_documents_after_it_are_of_the_new_model() -> None:
    engine = _engine()
    before = of_bitcoin(_live_through(engine))

    later = T0 + seconds(7_200)
    outputs = tell(engine, scheduled(NFP_JANUARY, ts_scheduled=later, consensus=150.0))
    outputs += wait(engine, later) + tell(engine, figure(250.0, NFP_JANUARY, ts_ingest=later + 1, ts_event=later))

    assert {one.model.id for one in before if one.model} == {_MODEL.id}
    assert {one.model.id for one in of_bitcoin(outputs) if one.model} == {engine.parameters.id}


def test_while_another_release_is_near_nothing_changes() -> None:
    engine = _engine()
    near = T0 + seconds(1_200)
    tell(engine, scheduled(NFP_JANUARY, ts_scheduled=near, consensus=150.0))

    assert those(_live_through(engine), ModelLearnt) == []
    outputs = wait(engine, near + seconds(1_000))

    (learnt,) = those(outputs, ModelLearnt)
    assert learnt.releases == (CPI_JANUARY,)
    assert learnt.ts_ingest == near + seconds(900)


def test_same_events_give_the_same_model() -> None:
    ids: list[str] = []
    for _ in range(2):
        engine = _engine()
        _live_through(engine)
        ids.append(engine.parameters.id)

    assert ids[0] == ids[1] != _MODEL.id


def test_what_was_learnt_already_is_not_learnt_again_after_a_restart() -> None:
    engine = _engine()
    _live_through(engine)
    again = _engine()
    again.adopt(engine.parameters)

    outputs = _live_through(again)

    assert those(outputs, ModelLearnt) == []
    assert again.parameters == engine.parameters


def test_of_a_book_that_was_not_there_only_the_surprise_is_learnt() -> None:
    engine = _engine()

    (learnt,) = those(_live_through(engine, after=empty_rows(len(ROWS))), ModelLearnt)

    before, after = _MODEL.assets["BTC"][0], engine.parameters.assets["BTC"][0]
    assert learnt.moves_bps == {}
    assert (after.beta, after.n) == (before.beta, before.n)
    assert engine.parameters.series != _MODEL.series


def test_figure_that_was_corrected_teaches_nothing() -> None:
    engine = _engine()
    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure())
    correction = figure(2.8, kind=ReleaseKind.CORRECTION, sequence=2, ts_ingest=T0 + seconds(30))
    tell(engine, correction)

    outputs = wait(engine, _OVER + seconds(10), rows=_HIGHER)

    assert those(outputs, ModelLearnt) == []


def test_model_that_is_told_not_to_learn_does_not() -> None:
    engine = _engine(learns=False)

    outputs = _live_through(engine)

    assert those(outputs, ModelLearnt) == []
    assert engine.parameters == _MODEL
