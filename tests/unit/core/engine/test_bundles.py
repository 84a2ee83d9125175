"""Figures of one minute are scored with what is there, and again with each that follows."""

import pytest

from signald.core.release_window import WindowRules
from signald.model.macro import ScheduleState
from signald.model.signals import Signal
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    CPI_JANUARY,
    DAY,
    T0,
    figure,
    heartbeat,
    scheduled,
)
from tests.support.engine import LATE, WAIT, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.figures import ALONE, BOTH, CORRECTION, after, later


def test_siblings_are_scored_at_once_with_what_is_there_and_again_with_each() -> None:
    first, second = of_bitcoin(tell(build_engine(), *BOTH, figure(), figure(3.3, CORE_CPI_JANUARY)))

    assert (first.revision, len(first.causes), "partial_bundle" in first.flags) == (1, 1, True)
    assert (second.revision, len(second.causes), "partial_bundle" in second.flags) == (2, 2, False)


def test_the_same_causes_have_the_same_id_in_any_order_of_siblings() -> None:
    one = of_bitcoin(tell(after(*BOTH), figure(), figure(3.3, CORE_CPI_JANUARY)))[-1]
    other = of_bitcoin(tell(after(*reversed(BOTH)), figure(3.3, CORE_CPI_JANUARY), figure()))[-1]

    assert one == other


def test_a_correction_among_siblings_has_the_same_id_whichever_came_last() -> None:
    words = (figure(), figure(2.8, sequence=2, kind=CORRECTION))
    core = figure(3.3, CORE_CPI_JANUARY)

    one = of_bitcoin(tell(after(*BOTH), *words, core))[-1]
    other = of_bitcoin(tell(after(*BOTH), words[0], core, words[1]))[-1]

    assert (one.id, one.kind, one.revision) == (other.id, "correction", other.revision)


def test_a_bundle_that_waited_long_enough_is_said_again_as_final() -> None:
    engine = after(*BOTH)
    [partial] = of_bitcoin(tell(engine, figure()))

    outputs = wait(engine, later(59))

    [final] = of_bitcoin(outputs)
    due = figure().ts_ingest + WAIT
    assert (final.ts_event, final.ts_ingest, final.revision) == (due, due, 1)
    assert "partial_bundle" not in final.flags
    assert final.causes == partial.causes
    assert final.id != partial.id


def test_a_sibling_that_comes_after_the_wait_is_scored_all_the_same() -> None:
    engine = after(*BOTH, figure())
    wait(engine, later(30))

    [signal] = of_bitcoin(tell(engine, figure(3.3, CORE_CPI_JANUARY, ts_ingest=later(31))))

    assert (signal.revision, len(signal.causes)) == (2, 2)
    assert of_bitcoin(wait(engine, later(4_000))) == []


def test_a_complete_bundle_needs_no_final_word() -> None:
    engine = after(*BOTH, figure(), figure(3.3, CORE_CPI_JANUARY))

    assert of_bitcoin(wait(engine, later(4_000))) == []


def test_a_bundle_whose_last_sibling_is_missed_is_final_then() -> None:
    engine = build_engine(rules=WindowRules(bundle_wait_ns=seconds(200)))
    tell(engine, *BOTH, figure())

    outputs = wait(engine, later(100))

    assert [one.kind for one in those(outputs, Signal)] == ["missed", "release", "release"]
    assert "partial_bundle" not in of_bitcoin(outputs)[0].flags
    assert of_bitcoin(outputs)[0].ts_ingest == T0 + LATE
    assert of_bitcoin(wait(engine, later(4_000))) == []


def test_a_cancelled_or_tentative_sibling_is_not_waited_for() -> None:
    cancelled = scheduled(CORE_CPI_JANUARY, sequence=2, state=ScheduleState.CANCELLED)
    tentative = scheduled(CORE_CPI_JANUARY, state=ScheduleState.TENTATIVE)

    for words in ((*BOTH, cancelled), (*ALONE, tentative)):
        assert "partial_bundle" not in of_bitcoin(tell(after(*words), figure()))[0].flags


def test_two_periods_of_one_indicator_at_one_minute_are_two_releases_of_one_bundle() -> None:
    october, november = "us.nfp:2025-10", "us.nfp:2025-11"
    engine = after(scheduled(october, consensus=50.0), scheduled(november, consensus=60.0), heartbeat())

    signal = of_bitcoin(tell(engine, figure(-105.0, october), figure(64.0, november)))[-1]

    assert [(one.release_id, one.actual) for one in signal.causes] == [(october, -105.0), (november, 64.0)]
    assert signal.revision == 2


def test_of_two_documents_of_a_bundle_the_later_never_seems_the_older() -> None:
    engine = after(*BOTH)
    tell(engine, figure(ts_event=T0 + 5))

    signal = of_bitcoin(tell(engine, figure(3.3, CORE_CPI_JANUARY, ts_event=T0 + 3)))[0]

    assert signal.ts_event == T0 + 5


@pytest.mark.parametrize(
    "changes", [{"state": ScheduleState.CANCELLED}, {"state": ScheduleState.TENTATIVE}, {"ts_scheduled": T0 + DAY}]
)
def test_a_bundle_is_not_partial_once_a_sibling_will_not_come(changes: dict[str, object]) -> None:
    engine = after(*BOTH)
    [partial] = of_bitcoin(tell(engine, figure()))

    outputs = tell(engine, scheduled(CORE_CPI_JANUARY, sequence=2, ts_ingest=later(2), **changes))
    outputs += wait(engine, later(30))

    [final] = of_bitcoin(outputs)
    assert ("partial_bundle" in partial.flags, "partial_bundle" in final.flags) == (True, False)
    assert (final.causes, final.revision) == (partial.causes, partial.revision)
    assert final.id != partial.id


def test_a_sibling_that_was_called_off_and_comes_all_the_same_is_scored_with_the_others() -> None:
    engine = after(*BOTH, figure())
    tell(engine, scheduled(CORE_CPI_JANUARY, sequence=2, state=ScheduleState.CANCELLED, ts_ingest=later(2)))

    outputs = tell(engine, scheduled(CORE_CPI_JANUARY, sequence=3, ts_ingest=later(3)))
    outputs += tell(engine, figure(3.3, CORE_CPI_JANUARY, sequence=4, ts_ingest=later(4)))

    [both] = of_bitcoin(outputs)
    assert [cause.release_id for cause in both.causes] == [CORE_CPI_JANUARY, CPI_JANUARY]
