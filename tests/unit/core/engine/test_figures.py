"""Each figure is scored once, or quarantined; what no source told is known from before."""

import msgspec
import pytest

from signald.model.notices import NoSurprise, Quarantined, Rejected, WindowChanged
from signald.model.signals import Signal
from signald.sinks.encoding import decode_data, encode_data
from tests.support.calendar import (
    CORE_CPI_JANUARY,
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
from tests.support.engine import INSTRUMENTS, build_engine, of_bitcoin, seconds, tell, those
from tests.support.figures import ALONE, BOTH, CORRECTION, RETRACTION, after, ids, later

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


@pytest.mark.parametrize("actual", [1.7e308, -1.7e308])
def test_a_figure_as_large_as_can_be_spelled_is_quarantined_in_a_document_that_can_be_written(actual: float) -> None:
    [said] = of_bitcoin(tell(after(*ALONE), figure(actual)))

    assert (said.verdict, said.causes[0].actual, said.causes[0].surprise_z) == ("quarantined", actual, None)
    assert decode_data(encode_data(said)) == said
