"""A test goes the whole path and leaves no trace; a figure, or its retraction, may come before its schedule."""

import pytest

from signald.model.macro import SettledFigure
from signald.model.notices import Rejected, WindowChanged
from tests.support.calendar import (
    CPI_JANUARY,
    DAY,
    T0,
    figure,
    heartbeat,
    scheduled,
)
from tests.support.engine import build_engine, of_bitcoin, seconds, tell, those
from tests.support.figures import ALONE, RETRACTION, TEST, after, later
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


@pytest.mark.parametrize(
    ("after_s", "verdict", "late"),
    [(59, "down", []), (60, "down", ["late_release"]), (300, "quarantined", ["late_release"])],
)
def test_a_figure_whose_schedule_came_late_is_late_by_that(after_s: int, verdict: str, late: list[str]) -> None:
    engine = build_engine()
    tell(engine, figure(ts_ingest=later(1)))

    [said] = of_bitcoin(tell(engine, scheduled(ts_ingest=later(after_s))))

    assert (said.verdict, [flag for flag in said.flags if flag == "late_release"]) == (verdict, late)


@pytest.mark.parametrize("actual", [3.0, None])
def test_a_figure_that_was_taken_back_before_its_schedule_came_is_not_scored(actual: float | None) -> None:
    engine = build_engine()
    tell(engine, figure(), figure(actual, kind=RETRACTION, sequence=2, ts_ingest=later(1)))

    outputs = tell(engine, scheduled(ts_ingest=later(2)), figure(ts_ingest=later(3)))

    assert of_bitcoin(outputs) == []
    assert engine.windows[CPI_JANUARY].current is None


def test_what_a_source_says_after_it_took_a_figure_back_is_scored_when_the_schedule_comes() -> None:
    engine = build_engine()
    tell(engine, figure(), figure(None, kind=RETRACTION, sequence=2), figure(2.8, sequence=3))

    [said] = of_bitcoin(tell(engine, scheduled(ts_ingest=later(2))))

    assert (said.verdict, said.causes[0].actual) == ("up", 2.8)


def test_a_retraction_by_another_source_that_overtook_the_schedule_counts_too() -> None:
    engine = build_engine()
    tell(engine, figure(source="wire"), figure(None, source="bls", kind=RETRACTION))

    tell(engine, scheduled(ts_ingest=later(2)))

    assert engine.windows[CPI_JANUARY].current is None


def test_a_figure_of_an_earlier_run_that_is_taken_back_without_a_schedule_is_no_prior_any_more() -> None:
    engine = build_engine()
    known = SettledFigure(release_id=CPI_JANUARY, actual=3.0, ts_scheduled=T0, ts_known=T0 + 1, ts_ingest=later(60))
    tell(engine, known)

    tell(engine, figure(None, kind=RETRACTION, sequence=2, ts_ingest=later(100)))
    tell(engine, scheduled("us.cpi.yoy:2025-02", prior=None, ts_scheduled=T0 + DAY, ts_ingest=later(200)))

    assert engine.windows["us.cpi.yoy:2025-02"].expectation.prior is None
