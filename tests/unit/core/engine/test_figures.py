"""Each figure is scored once, or quarantined, and what rests on a figure that goes is named."""

import msgspec
import pytest

from signald.core.engine import Engine, Output
from signald.core.release_window import WindowRules
from signald.core.release_window.window import MAX_SOURCES
from signald.model.macro import Indicator, ReleaseKind, ScheduleState
from signald.model.notices import Contradicted, NoSurprise, Quarantined, Rejected, Unconfirmed, WindowChanged
from signald.model.signals import Signal
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    CPI,
    CPI_JANUARY,
    DAY,
    INDICATORS,
    NFP_JANUARY,
    T0,
    build_indicator,
    figure,
    heartbeat,
    scheduled,
)
from tests.support.engine import CONFIRM, INSTRUMENTS, LATE, WAIT, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.instruments import BTCUSDT

CORRECTION, RETRACTION, TEST = ReleaseKind.CORRECTION, ReleaseKind.RETRACTION, ReleaseKind.TEST
BOTH = (scheduled(), scheduled(CORE_CPI_JANUARY, consensus=3.1, prior=3.2), heartbeat())
ALONE = (scheduled(), heartbeat())
UNTRUSTED = {**INDICATORS, "us.cpi.yoy": build_indicator("us.cpi.yoy")}


def after(*events: object, indicators: dict[str, Indicator] = INDICATORS) -> Engine:
    engine = build_engine(indicators=indicators)
    tell(engine, *events)  # pyright: ignore[reportArgumentType] - the test's own words
    return engine


def later(count: float) -> int:
    return T0 + seconds(count)


def ids(outputs: list[Output]) -> list[str]:
    return [one.id for one in those(outputs, Signal)]


# -- one figure -------------------------------------------------------------------------------------------------------


def test_a_figure_gives_one_document_for_each_instrument_in_the_boards_order() -> None:
    outputs = tell(after(*ALONE), figure())

    signals = those(outputs, Signal)
    assert [one.instrument for one in signals] == [one.id for one in INSTRUMENTS]
    assert {(one.kind, one.revision, one.ts_scheduled, one.ts_event) for one in signals} == {("release", 1, T0, T0)}
    [cause] = signals[0].causes
    assert (cause.release_id, cause.figure, cause.actual) == (CPI_JANUARY, 0, 3.0)
    assert (cause.consensus, cause.prior, cause.revised_prior) == (2.9, 2.9, None)
    assert (cause.surprise, cause.surprise_z) == (0.1, 1.0)
    assert signals[0].verdict == "down"
    assert those(outputs, WindowChanged) == [
        WindowChanged(release_id=CPI_JANUARY, state="released", ts_ingest=figure().ts_ingest)
    ]


def test_a_figure_without_consensus_gives_no_surprise_and_no_edge_and_says_so() -> None:
    outputs = tell(after(scheduled(consensus=None), heartbeat()), figure())

    signal = of_bitcoin(outputs)[0]
    assert (signal.verdict, signal.confidence, signal.horizons) == ("no_edge", None, ())
    assert (signal.causes[0].consensus, signal.causes[0].surprise, signal.causes[0].surprise_z) == (None, None, None)
    assert [(one.release_id, one.reason) for one in those(outputs, NoSurprise)] == [(CPI_JANUARY, "no_consensus")]


def test_a_figure_whose_scale_the_model_does_not_know_says_so() -> None:
    unknown = build_indicator("us.magic")
    engine = build_engine(indicators={**INDICATORS, "us.magic": unknown})

    outputs = tell(engine, scheduled("us.magic:2025-01"), figure(release_id="us.magic:2025-01"))

    assert of_bitcoin(outputs)[0].verdict == "no_edge"
    assert [one.reason for one in those(outputs, NoSurprise)] == ["no_scale"]


def test_a_restated_prior_is_flagged_and_its_revision_given() -> None:
    signal = of_bitcoin(tell(after(*ALONE), figure(revised_prior=2.7)))[0]

    assert "revised_prior" in signal.flags
    assert (signal.causes[0].revised_prior, signal.causes[0].prior_revision) == (2.7, -0.2)


def test_a_prior_that_is_restated_unchanged_is_not_flagged() -> None:
    signal = of_bitcoin(tell(after(*ALONE), figure(revised_prior=2.9)))[0]

    assert "revised_prior" not in signal.flags


def test_a_figure_of_a_release_whose_sources_are_silent_is_flagged() -> None:
    assert "silent_source" in of_bitcoin(tell(after(scheduled()), figure()))[0].flags
    assert "silent_source" not in of_bitcoin(tell(after(*ALONE), figure()))[0].flags


def test_a_repeated_or_older_message_is_rejected_and_nothing_more() -> None:
    engine = after(*ALONE, figure(sequence=7))

    for sequence, actual in ((7, 3.0), (7, 3.1), (6, 3.1), (0, 9.0)):
        [refused] = tell(engine, figure(actual, sequence=sequence, ts_ingest=later(1)))
        assert isinstance(refused, Rejected)
        assert (refused.reason, refused.field) == ("repeated", "sequence")


def test_a_figure_said_again_by_the_same_source_is_no_news() -> None:
    assert tell(after(*ALONE, figure()), figure(sequence=2, ts_ingest=later(1))) == []


# -- quarantine -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "reason", "flags"),
    [
        (figure(0.029), "unit_slip", {"unit_slip"}),
        (figure(4.9), "outlier", {"outlier"}),
        (figure(ts_ingest=later(-1_800)), "early_release", {"early_release"}),
        (figure(ts_ingest=later(301)), "late_release", {"late_release"}),
        (figure(release_id="us.cpi.yoy:2025-02"), "unscheduled", {"unconfirmed"}),
    ],
)
def test_a_doubtful_figure_is_said_with_its_reason_and_not_scored(
    release: object, reason: str, flags: set[str]
) -> None:
    outputs = tell(after(*ALONE), release)  # pyright: ignore[reportArgumentType] - a release

    signal = of_bitcoin(outputs)[0]
    assert (signal.verdict, signal.confidence, signal.horizons, signal.desk) == ("quarantined", None, (), None)
    assert flags <= set(signal.flags)
    assert signal.revision == 0
    assert [one.reason for one in those(outputs, Quarantined)] == [reason]


def test_256000_thousand_persons_is_a_slip() -> None:
    engine = after(scheduled(NFP_JANUARY, consensus=160.0, prior=227.0), heartbeat())

    slip = of_bitcoin(tell(engine, figure(256_000.0, NFP_JANUARY)))[0]
    right = of_bitcoin(tell(engine, figure(256.0, NFP_JANUARY, sequence=2, ts_ingest=later(1))))[0]

    assert (slip.verdict, slip.causes[0].actual, "unit_slip" in slip.flags) == ("quarantined", 256_000.0, True)
    assert (right.verdict, right.causes[0].figure, right.revision) == ("down", 0, 1)
    assert slip.id != right.id


def test_the_same_value_quarantined_and_then_scored_has_two_ids() -> None:
    engine = build_engine()
    tell(engine, *ALONE)

    early = of_bitcoin(tell(engine, figure(ts_ingest=later(-1_800))))[0]
    scored = of_bitcoin(tell(engine, figure(sequence=2)))[0]

    assert (early.causes[0].actual, scored.causes[0].actual) == (3.0, 3.0)
    assert early.id != scored.id


def test_a_replica_that_did_not_hear_the_doubtful_figure_gives_the_right_one_the_same_id() -> None:
    heard = after(*ALONE, figure(0.029))
    deaf = after(*ALONE)

    right = figure(sequence=2, ts_ingest=later(1))

    assert ids(tell(heard, right)) == ids(tell(deaf, right))


def test_the_same_doubt_is_one_document_but_each_time_a_notice() -> None:
    engine = after(*ALONE)
    outputs = [*tell(engine, figure(0.029)), *tell(engine, figure(0.031, sequence=2))]

    again = [*tell(engine, figure(0.029, sequence=3)), *tell(engine, figure(0.031, sequence=4))]

    assert len(set(ids(outputs))) == 2 * len(INSTRUMENTS)
    assert (ids(again), len(those(again, Quarantined))) == ([], 2)


def test_endless_doubtful_figures_give_a_bounded_number_of_documents() -> None:
    engine = after(*ALONE)

    outputs = [output for number in range(500) for output in tell(engine, figure(100.0 + number, sequence=number + 1))]

    assert len(those(outputs, Quarantined)) == 500
    assert len(ids(outputs)) == len(set(ids(outputs))) <= 50


def test_a_doubtful_figure_never_hides_one_that_was_scored() -> None:
    engine = after(*ALONE, figure())

    outputs = tell(engine, figure(0.029, source="wire", ts_ingest=later(1)))

    assert [type(one) for one in outputs] == [Quarantined]


def test_a_doubtful_sibling_never_outranks_what_the_bundle_says() -> None:
    engine = after(*BOTH, figure())

    doubted = of_bitcoin(tell(engine, figure(0.031, CORE_CPI_JANUARY)))[0]

    assert (doubted.verdict, doubted.revision) == ("quarantined", 0)


# -- corrections and retractions --------------------------------------------------------------------------------------


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


# -- bundles ----------------------------------------------------------------------------------------------------------


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


# -- several sources --------------------------------------------------------------------------------------------------


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


# -- tests ------------------------------------------------------------------------------------------------------------


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


# -- a prior that no source told --------------------------------------------------------------------------------------

FEBRUARY = "us.cpi.yoy:2025-02"


def of_february(*, prior: float | None = None) -> list[object]:
    due = T0 + 28 * DAY
    word = scheduled(FEBRUARY, ts_scheduled=due, prior=prior, ts_event=T0 + DAY, ts_ingest=T0 + DAY)
    return [word, figure(3.1, FEBRUARY, ts_event=due, ts_ingest=due + 1)]


@pytest.mark.parametrize(
    ("january", "expected"),
    [
        ([figure(3.0)], 3.0),
        ([figure(3.0), figure(2.8, kind=CORRECTION, sequence=2, ts_ingest=T0 + seconds(60))], 2.8),
        ([figure(3.0), figure(None, kind=RETRACTION, sequence=2, ts_ingest=T0 + seconds(60))], None),
        ([figure(3.0), figure(2.8, kind=CORRECTION, sequence=2, ts_ingest=T0 + DAY - 1)], 2.8),
        ([figure(2.8, ts_ingest=T0 + DAY - 1)], 2.8),
        (
            [figure(2.8, ts_ingest=T0 + DAY - 2), figure(None, kind=RETRACTION, sequence=2, ts_ingest=T0 + DAY - 1)],
            None,
        ),
        ([figure(3.0), figure(2.8, source="wire", ts_ingest=T0 + DAY - 1)], 3.0),
        ([figure(290.0, ts_ingest=T0 + DAY - 1)], None),
        ([], None),
    ],
)
def test_a_prior_that_no_source_told_is_what_counted_in_the_period_before(
    january: list[object], expected: float | None
) -> None:
    engine = after(*ALONE, *january)

    [cause] = of_bitcoin(tell(engine, *of_february()))[-1].causes  # pyright: ignore[reportArgumentType]

    assert (cause.release_id, cause.prior) == (FEBRUARY, expected)


def test_a_prior_that_a_source_told_is_taken() -> None:
    engine = after(*ALONE, figure(3.0))

    [cause] = of_bitcoin(tell(engine, *of_february(prior=2.9)))[-1].causes  # pyright: ignore[reportArgumentType]

    assert cause.prior == 2.9


def test_a_slip_is_seen_by_the_prior_when_there_is_no_consensus() -> None:
    engine = after(*ALONE, figure(3.0))
    word, slip = (
        msgspec.structs.replace(one, **change)  # pyright: ignore[reportArgumentType,reportCallIssue]
        for one, change in zip(of_february(), ({"consensus": None}, {"actual": 0.031}), strict=True)
    )

    outputs = tell(engine, word, slip)

    assert [one.reason for one in those(outputs, Quarantined)] == ["unit_slip"]
