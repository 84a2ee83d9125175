"""What rests on a figure that is corrected or taken back is named, and said anew."""

import msgspec

from signald.model.notices import Quarantined
from signald.model.signals import Signal
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    CPI_JANUARY,
    T0,
    figure,
    scheduled,
)
from tests.support.engine import INSTRUMENTS, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.figures import ALONE, BOTH, CORRECTION, RETRACTION, after, later


def test_a_correction_is_a_new_revision_that_supersedes() -> None:
    engine = after(*ALONE)
    first = of_bitcoin(tell(engine, figure()))[0]

    outputs = tell(engine, figure(2.8, sequence=2, kind=CORRECTION, ts_ingest=later(30)))

    corrected = of_bitcoin(outputs)[0]
    assert (corrected.kind, corrected.revision, corrected.causes[0].figure) == ("correction", 2, 1)
    assert (first.verdict, corrected.verdict) == ("down", "up")
    assert engine.windows[CPI_JANUARY].state == "corrected"


def test_a_correction_whose_first_figure_was_never_seen_is_figure_one() -> None:
    signal = of_bitcoin(tell(after(*ALONE), figure(kind=CORRECTION)))[0]

    assert (signal.kind, signal.causes[0].figure, signal.revision) == ("correction", 1, 1)


def test_a_first_figure_that_arrives_after_its_correction_changes_nothing() -> None:
    engine = after(*ALONE, figure(3.1, sequence=2, kind=CORRECTION))

    assert tell(engine, figure(3.0, source="wire", ts_ingest=later(1))) == []
    assert engine.windows[CPI_JANUARY].current is not None
    assert engine.windows[CPI_JANUARY].current.release.actual == 3.1


def test_a_correction_that_only_restates_the_prior_is_a_new_revision() -> None:
    engine = after(*ALONE, figure())
    word = figure(sequence=2, kind=CORRECTION, revised_prior=2.8, ts_ingest=later(1))

    signal = of_bitcoin(tell(engine, word))[0]

    assert (signal.revision, signal.causes[0].figure, signal.causes[0].prior_revision) == (2, 1, -0.1)
    assert tell(engine, msgspec.structs.replace(word, source="wire", ts_ingest=later(2))) == []


def test_a_correction_after_the_validity_is_said_but_not_scored() -> None:
    engine = after(*ALONE, figure())

    outputs = tell(engine, figure(2.8, sequence=2, kind=CORRECTION, ts_ingest=later(301)))

    assert [(one.kind, one.verdict, one.causes[0].actual) for one in of_bitcoin(outputs)] == [
        ("correction", "quarantined", 2.8)
    ]
    assert [one.reason for one in those(outputs, Quarantined)] == ["late_release"]


def test_a_first_figure_after_the_validity_does_not_hide_the_one_that_was_scored() -> None:
    engine = after(*ALONE, figure())

    outputs = tell(engine, figure(2.8, source="wire", ts_ingest=later(301)))

    assert of_bitcoin(outputs) == []
    assert [one.reason for one in those(outputs, Quarantined)] == ["late_release"]


def test_a_retraction_names_every_document_to_unwind() -> None:
    engine = after(*ALONE)
    issued = [
        *of_bitcoin(tell(engine, figure())),
        *of_bitcoin(tell(engine, figure(2.8, sequence=2, kind=CORRECTION, ts_ingest=later(5)))),
    ]

    outputs = tell(engine, figure(None, sequence=3, kind=RETRACTION, ts_ingest=later(10)))

    [signal] = of_bitcoin(outputs)
    assert (signal.kind, signal.verdict, signal.book, signal.revision) == ("retraction", None, None, 2)
    assert signal.retracts == tuple(one.id for one in issued)
    assert [(one.figure, one.actual) for one in signal.causes] == [(1, 2.8)]
    assert [one.instrument for one in those(outputs, Signal)] == [one.id for one in INSTRUMENTS]
    assert engine.windows[CPI_JANUARY].state == "retracted"


def test_a_retraction_of_nothing_is_said_and_does_nothing() -> None:
    [notice] = tell(after(*ALONE), figure(None, kind=RETRACTION))

    assert isinstance(notice, Quarantined)
    assert notice.reason == "retracted_unknown"


def test_a_retraction_comes_through_at_any_time() -> None:
    engine = after(*ALONE, figure())
    wait(engine, later(86_400))

    outputs = tell(engine, figure(None, sequence=2, kind=RETRACTION, ts_ingest=later(86_400)))

    assert [one.kind for one in of_bitcoin(outputs)] == ["retraction"]


def test_a_figure_after_a_retraction_goes_on_counting() -> None:
    engine = after(*ALONE, figure(), figure(None, sequence=2, kind=RETRACTION))

    signal = of_bitcoin(tell(engine, figure(3.0, sequence=3, ts_ingest=later(20))))[0]
    retraction = of_bitcoin(tell(engine, figure(None, sequence=4, kind=RETRACTION, ts_ingest=later(30))))[0]

    assert (signal.causes[0].figure, signal.revision) == (1, 2)
    assert retraction.retracts == (signal.id,)


def test_another_source_that_lags_does_not_bring_a_retracted_figure_back() -> None:
    engine = after(*ALONE, figure(), figure(None, sequence=2, kind=RETRACTION))

    outputs = tell(engine, figure(source="wire", ts_ingest=later(2)))

    assert [one.verdict for one in of_bitcoin(outputs)] == ["quarantined"]


def test_a_figure_that_its_only_source_corrects_to_one_that_was_taken_back_goes_too() -> None:
    engine = after(*ALONE, figure(2.8), figure(None, sequence=2, kind=RETRACTION), figure(3.0, source="wire"))

    outputs = tell(engine, figure(2.8, source="wire", sequence=2, kind=CORRECTION, ts_ingest=later(3)))

    assert [(one.kind, one.verdict) for one in of_bitcoin(outputs)] == [
        ("retraction", None),
        ("correction", "quarantined"),
    ]
    assert engine.windows[CPI_JANUARY].current is None


def test_after_a_retraction_the_rest_of_the_bundle_is_said_anew() -> None:
    engine = build_engine()
    said = of_bitcoin(tell(engine, *BOTH, figure(), figure(3.3, CORE_CPI_JANUARY)))

    retraction, rest = of_bitcoin(tell(engine, figure(None, sequence=2, kind=RETRACTION, ts_ingest=later(5))))

    assert retraction.retracts == tuple(one.id for one in said)
    assert [one.release_id for one in rest.causes] == [CORE_CPI_JANUARY]
    assert (rest.kind, rest.revision) == ("release", 2)
    assert rest.id not in retraction.retracts
    again = of_bitcoin(tell(engine, figure(None, CORE_CPI_JANUARY, sequence=2, kind=RETRACTION, ts_ingest=later(6))))
    assert [one.retracts for one in again] == [(rest.id,)]


def test_the_rest_of_a_bundle_that_was_alone_before_has_a_new_id() -> None:
    engine = after(*BOTH)
    [alone] = of_bitcoin(tell(engine, figure()))
    tell(engine, figure(3.3, CORE_CPI_JANUARY))

    rest = of_bitcoin(tell(engine, figure(None, CORE_CPI_JANUARY, sequence=2, kind=RETRACTION, ts_ingest=later(5))))[-1]

    assert [one.release_id for one in rest.causes] == [one.release_id for one in alone.causes]
    assert rest.id != alone.id


def test_the_rest_of_a_bundle_is_not_said_when_the_move_is_over() -> None:
    engine = after(*BOTH, figure(), figure(3.3, CORE_CPI_JANUARY))

    outputs = tell(engine, figure(None, sequence=2, kind=RETRACTION, ts_ingest=later(400)))

    assert [one.kind for one in of_bitcoin(outputs)] == ["retraction"]


def test_a_retracted_release_may_be_put_off_and_come_again() -> None:
    engine = after(*ALONE, figure(), figure(None, sequence=2, kind=RETRACTION))
    moved = T0 + seconds(86_400)

    tell(engine, scheduled(sequence=2, ts_scheduled=moved, consensus=3.2, ts_ingest=later(60)))
    signal = of_bitcoin(tell(engine, figure(3.4, sequence=3, ts_ingest=moved + 1)))[0]

    assert (signal.causes[0].consensus, signal.causes[0].figure, signal.ts_scheduled) == (3.2, 1, moved)
