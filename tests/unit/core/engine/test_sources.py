"""Several sources confirm one another, contradict one another, and are outvoted."""

import msgspec

from signald.core.release_window.window import MAX_SOURCES
from signald.model.notices import Contradicted, Quarantined, Rejected, Unconfirmed
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    CPI,
    CPI_JANUARY,
    INDICATORS,
    T0,
    figure,
    heartbeat,
    scheduled,
)
from tests.support.engine import CONFIRM, of_bitcoin, tell, those, wait
from tests.support.figures import ALONE, BOTH, CORRECTION, RETRACTION, UNTRUSTED, after, later


def test_the_first_source_scores_and_the_second_confirms_in_silence() -> None:
    engine = after(*ALONE)
    [signal] = of_bitcoin(tell(engine, figure(source="wire")))

    assert "unconfirmed" in signal.flags
    assert tell(engine, figure(ts_ingest=later(1))) == []
    assert engine.windows[CPI_JANUARY].is_confirmed


def test_what_two_sources_said_is_not_unconfirmed_in_what_follows() -> None:
    engine = after(*BOTH, figure(), figure(source="wire"))

    signal = of_bitcoin(tell(engine, figure(3.3, CORE_CPI_JANUARY), figure(3.3, CORE_CPI_JANUARY, source="wire")))[-1]
    assert "unconfirmed" in signal.flags  # core is, still
    corrected = figure(3.2, CORE_CPI_JANUARY, sequence=2, kind=CORRECTION, ts_ingest=later(1))
    tell(engine, corrected, msgspec.structs.replace(corrected, source="wire"))
    last = of_bitcoin(tell(engine, figure(2.8, sequence=2, kind=CORRECTION, ts_ingest=later(2))))[-1]

    assert "unconfirmed" in last.flags
    assert engine.windows[CORE_CPI_JANUARY].is_confirmed


def test_where_one_source_is_all_there_is_nothing_is_unconfirmed() -> None:
    signal = of_bitcoin(tell(after(*ALONE, indicators=UNTRUSTED), figure()))[0]

    assert "unconfirmed" not in signal.flags


def test_a_figure_that_no_other_source_has_said_in_time_is_an_alarm_that_names_them() -> None:
    engine = after(*ALONE)
    tell(engine, figure(source="wire"))

    before, then = wait(engine, later(30)), wait(engine, later(31))

    assert those(before, Unconfirmed) == []
    assert those(then, Unconfirmed) == [
        Unconfirmed(
            release_id=CPI_JANUARY,
            source="wire",
            actual=3.0,
            missing=("bls",),
            ts_ingest=figure().ts_ingest + CONFIRM,
        )
    ]


def test_a_figure_that_another_source_says_in_time_raises_no_alarm() -> None:
    engine = after(*ALONE, figure(source="wire"), figure(ts_ingest=later(29)))

    assert those(wait(engine, later(120)), Unconfirmed) == []


def test_a_figure_of_a_series_with_a_quorum_that_is_never_reached_is_an_alarm_too() -> None:
    careful = {**INDICATORS, "us.cpi.yoy": msgspec.structs.replace(CPI, quorum=2)}
    engine = after(*ALONE, figure(), indicators=careful)

    assert [(one.source, one.missing) for one in those(wait(engine, later(120)), Unconfirmed)] == [("bls", ("wire",))]


def test_where_no_sources_are_configured_those_that_cover_the_series_are_to_confirm() -> None:
    covering = [heartbeat(name, at=T0 - 1, covers=("us.cpi.*",)) for name in ("bls", "wire")]
    engine = after(scheduled(), *covering, heartbeat("boe", at=T0 - 1, covers=("gb.*",)), indicators=UNTRUSTED)

    [signal] = of_bitcoin(tell(engine, figure()))

    assert "unconfirmed" in signal.flags
    assert [one.missing for one in those(wait(engine, later(31)), Unconfirmed)] == [("wire",)]


def test_a_correction_has_the_whole_time_to_be_confirmed() -> None:
    engine = after(*ALONE, figure(), figure(source="wire"))
    tell(engine, figure(3.1, sequence=2, kind=CORRECTION, ts_ingest=later(20)))

    assert [one.ts_ingest for one in those(wait(engine, later(120)), Unconfirmed)] == [later(20) + CONFIRM]


def test_a_less_trusted_source_that_contradicts_is_named_and_what_was_scored_stands() -> None:
    engine = after(*ALONE)
    [scored] = of_bitcoin(tell(engine, figure()))

    outputs = tell(engine, figure(3.1, source="wire", ts_ingest=later(1)))

    [signal] = of_bitcoin(outputs)
    assert "conflicting_sources" in signal.flags
    assert (signal.causes[0].actual, signal.causes[0].contradicted_by) == (3.0, {"wire": 3.1})
    assert (signal.verdict, signal.revision) == (scored.verdict, scored.revision)
    assert signal.id != scored.id
    assert those(outputs, Contradicted) == [
        Contradicted(release_id=CPI_JANUARY, source="bls", actual=3.0, others={"wire": 3.1}, ts_ingest=later(1))
    ]
    assert tell(engine, figure(3.1, source="wire", sequence=2, ts_ingest=later(2))) == []


def test_a_more_trusted_source_that_contradicts_unwinds_what_was_scored() -> None:
    engine = after(*ALONE)
    [scored] = of_bitcoin(tell(engine, figure(3.1, source="wire")))

    retraction, signal = of_bitcoin(tell(engine, figure(2.8, ts_ingest=later(1))))

    assert (retraction.kind, retraction.retracts) == ("retraction", (scored.id,))
    assert (signal.kind, signal.verdict, signal.causes[0].actual) == ("release", "up", 2.8)
    assert (signal.causes[0].figure, signal.revision) == (1, 2)
    assert "conflicting_sources" in signal.flags


def test_a_first_source_that_is_outvoted_is_unwound() -> None:
    engine = after(*ALONE, figure(3.1), figure(2.8, source="wire"))

    retraction, signal = of_bitcoin(tell(engine, figure(2.8, source="third", ts_ingest=later(2))))

    assert retraction.kind == "retraction"
    assert (signal.causes[0].actual, signal.causes[0].contradicted_by) == (2.8, {"bls": 3.1})


def test_what_two_sources_agree_on_is_scored_even_if_it_is_surprising() -> None:
    engine = after(*ALONE)
    doubted = of_bitcoin(tell(engine, figure(4.9)))[0]

    [signal] = of_bitcoin(tell(engine, figure(4.9, source="wire", ts_ingest=later(1))))

    assert doubted.verdict == "quarantined"
    assert (signal.verdict, signal.revision, signal.causes[0].figure) == ("down", 1, 0)
    assert "outlier" in signal.flags


def test_a_slip_is_not_scored_however_many_say_it() -> None:
    engine = after(*ALONE, figure(0.029))

    assert of_bitcoin(tell(engine, figure(0.029, source="wire", ts_ingest=later(1)))) == []


def test_a_surprising_contradiction_is_both_quarantined_and_a_conflict() -> None:
    outputs = tell(after(*ALONE, figure()), figure(4.9, source="wire", ts_ingest=later(1)))

    assert [one.reason for one in those(outputs, Quarantined)] == ["outlier"]
    assert "conflicting_sources" in of_bitcoin(outputs)[0].flags


def test_where_two_must_agree_the_first_is_said_but_not_scored() -> None:
    careful = {**INDICATORS, "us.cpi.yoy": msgspec.structs.replace(CPI, quorum=2)}
    engine = after(*ALONE, indicators=careful)

    first = tell(engine, figure())
    second = of_bitcoin(tell(engine, figure(source="wire", ts_ingest=later(1))))

    assert [(one.verdict, "unconfirmed" in one.flags) for one in of_bitcoin(first)] == [("quarantined", True)]
    assert [one.reason for one in those(first, Quarantined)] == ["unconfirmed"]
    assert [(one.verdict, one.flags) for one in second] == [("down", ())]


def test_a_source_that_takes_its_contradiction_back_ends_the_conflict() -> None:
    engine = after(*ALONE)
    said = of_bitcoin(tell(engine, figure(), figure(3.1, source="wire")))

    outputs = tell(engine, figure(None, source="wire", sequence=2, kind=RETRACTION))

    [signal] = of_bitcoin(outputs)
    assert ["conflicting_sources" in one.flags for one in (*said, signal)] == [False, True, False]
    assert len({one.id for one in (*said, signal)}) == 3
    assert [one.others for one in those(outputs, Contradicted)] == [{}]


def test_when_the_source_that_counts_takes_its_figure_back_the_other_one_counts() -> None:
    engine = after(*ALONE, figure(3.1), figure(2.8, source="wire"))

    outputs = tell(engine, figure(None, sequence=2, kind=RETRACTION, ts_ingest=later(3)))

    retraction, signal = of_bitcoin(outputs)
    assert (retraction.kind, signal.kind) == ("retraction", "release")
    assert (signal.causes[0].actual, signal.verdict, signal.ts_ingest) == (2.8, "up", later(3))
    assert "conflicting_sources" not in signal.flags


def test_too_many_sources_are_refused() -> None:
    engine = after(*ALONE)

    outputs = [output for number in range(MAX_SOURCES + 9) for output in tell(engine, figure(source=f"s{number:03d}"))]

    assert [one.reason for one in those(outputs, Rejected)] == ["too_many_sources"] * 9
