"""A test goes the whole path and leaves no trace; a figure may come before its schedule."""

from signald.model.notices import Rejected, WindowChanged
from tests.support.calendar import (
    T0,
    figure,
    heartbeat,
    scheduled,
)
from tests.support.engine import build_engine, of_bitcoin, seconds, tell, those
from tests.support.figures import ALONE, TEST, after, later
from tests.support.instruments import BTCUSDT


def test_a_test_goes_the_whole_path_flagged_and_leaves_no_trace() -> None:
    engine = after(*ALONE)

    outputs = tell(engine, figure(9.0, kind=TEST, sequence=99))
    real = of_bitcoin(tell(engine, figure()))[0]

    [signal] = of_bitcoin(outputs)
    assert ("test" in signal.flags, signal.kind, signal.verdict) == (True, "release", "down")
    assert those(outputs, WindowChanged) == []
    assert (real.verdict, real.revision, real.causes[0].figure) == ("down", 1, 0)
    assert real.id != signal.id


def test_a_test_of_a_release_that_nobody_knows_is_forgotten_at_once() -> None:
    engine = build_engine()

    [signal] = of_bitcoin(tell(engine, figure(kind=TEST)))

    assert (signal.verdict, signal.ts_scheduled) == ("no_edge", None)
    assert engine.windows == {}


def test_a_test_is_known_by_its_time_and_answered_once() -> None:
    engine = after(*ALONE, figure(kind=TEST))

    [refused] = tell(engine, figure(3.1, kind=TEST, sequence=2))
    other = of_bitcoin(tell(engine, figure(kind=TEST, ts_event=T0 + 1, sequence=3)))

    assert isinstance(refused, Rejected)
    assert [one.instrument for one in other] == [BTCUSDT.id]


def test_a_figure_that_overtook_its_schedule_is_scored_when_it_is_said_again_behind_it() -> None:
    engine = build_engine()
    first = tell(engine, figure())

    outputs = tell(engine, scheduled(ts_ingest=T0 + seconds(2)), figure(ts_ingest=T0 + seconds(3)))

    assert {one.verdict for one in of_bitcoin(first)} == {"quarantined"}
    [scored] = of_bitcoin(outputs)
    assert scored.verdict == "down"


def test_a_figure_that_overtook_its_schedule_is_judged_when_that_comes_and_by_its_own_time() -> None:
    engine = build_engine()
    first = tell(engine, heartbeat(), figure(ts_ingest=later(1)))

    outputs = tell(engine, scheduled(ts_ingest=later(2)))
    again = tell(engine, figure(ts_ingest=later(3)))

    assert {one.verdict for one in of_bitcoin(first)} == {"quarantined"}
    [scored] = of_bitcoin(outputs)
    assert (scored.verdict, scored.ts_ingest) == ("down", later(1))
    assert of_bitcoin(again) == []


def test_a_figure_that_came_long_before_its_schedule_is_early_still() -> None:
    engine = build_engine()
    tell(engine, heartbeat(at=later(-600)), figure(ts_ingest=later(-600)))

    [said] = of_bitcoin(tell(engine, scheduled(ts_ingest=later(-500))))

    assert said.verdict == "quarantined"
    assert "early_release" in said.flags
