"""A document has the contract's shape: what was scored and on what, through which book, and why to doubt it."""

import msgspec
import pytest

from signald.core.board import empty_rows
from signald.core.documents.plans import MAX_PLANS, MAX_READY, Plans
from signald.core.kernels.rows import FLAG_STALE, STATE_GAP
from signald.core.scoring import Scorer
from signald.model.macro import ReleaseKind
from signald.sinks.encoding import decode_data, encode_data
from tests.support.calendar import CPI_JANUARY, T0, figure, heartbeat, scheduled
from tests.support.engine import INSTRUMENTS, PARAMETERS, build_engine, of_bitcoin, seconds, tell
from tests.support.rows import live_rows


def test_a_document_shows_the_book_that_the_score_saw() -> None:
    rows = live_rows(2, ts_ingest=T0)

    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure(), rows=rows))

    assert signal.book is not None
    assert (signal.book.bid, signal.book.ask, signal.book.age_ms) == (95_700.1, 95_700.2, 184.0)
    assert signal.book.depth_usd["25"].bid is None


def test_a_book_in_a_gap_is_not_shown_and_the_score_is_flagged() -> None:
    rows = live_rows(2, state=STATE_GAP, flags=FLAG_STALE)

    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure(), rows=rows))

    assert (signal.verdict, signal.book) == ("down", None)
    assert {"stale_book", "no_book"} <= set(signal.flags)
    assert signal.desk is not None
    assert signal.desk.max_size_usd is None


def test_without_any_book_a_figure_is_scored_all_the_same() -> None:
    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure(), rows=empty_rows(2)))

    assert (signal.verdict, signal.book, "no_book" in signal.flags) == ("down", None, True)


def test_drivers_add_up_to_the_mean_at_the_primary_horizon() -> None:
    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure()))

    assert signal.model is not None
    assert signal.model.id == PARAMETERS.id
    assert [one.release_id for one in signal.model.drivers] == [CPI_JANUARY]
    assert sum(one.contribution_bps for one in signal.model.drivers) == signal.horizons[0].mean_bps


def test_flags_stand_in_the_contracts_order_each_once() -> None:
    rows = live_rows(2, state=STATE_GAP, flags=FLAG_STALE)
    word = figure(revised_prior=2.8, ts_ingest=T0 + seconds(90))

    [signal] = of_bitcoin(tell(build_engine(), scheduled(), word, rows=rows))

    assert signal.flags == (
        *("stale_book", "no_book", "late_release", "unconfirmed", "revised_prior", "silent_source"),
    )


def test_every_kind_of_document_can_be_encoded_and_read_back() -> None:
    engine = build_engine()
    signals = of_bitcoin(
        tell(
            engine,
            scheduled(),
            figure(ts_ingest=T0 - seconds(100)),
            figure(sequence=2, revised_prior=2.8),
            figure(3.1, source="wire"),
            figure(2.8, sequence=3, kind=ReleaseKind.CORRECTION),
            figure(None, sequence=4, kind=ReleaseKind.RETRACTION),
            figure(9.0, sequence=5, kind=ReleaseKind.TEST),
        )
    )

    assert {one.kind for one in signals} == {"release", "correction", "retraction"}
    for signal in signals:
        assert decode_data(encode_data(signal)) == signal


def test_fields_beyond_the_contracts_sample_are_left_out_where_they_say_nothing() -> None:
    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure()))

    document = msgspec.json.decode(encode_data(signal))

    assert set(document["causes"][0]) == {
        *("release_id", "figure", "actual", "consensus", "prior", "revised_prior", "surprise", "surprise_z"),
    }
    assert "retracts" not in document


def test_the_plan_not_used_for_longest_goes_when_there_are_too_many() -> None:
    plans = Plans(Scorer(PARAMETERS, INSTRUMENTS))
    first = plans.of((CPI_JANUARY,), scheduled=None)

    for number in range(2 * MAX_PLANS):
        plans.of((f"us.cpi.yoy:{1900 + number}",), scheduled=None)
        assert plans.of((CPI_JANUARY,), scheduled=None) is first

    assert len(plans) == MAX_PLANS


def test_only_plans_that_were_used_lately_remember_their_answers() -> None:
    scorer = Scorer(PARAMETERS, INSTRUMENTS)
    plans = Plans(scorer)
    used = [plans.of((f"us.cpi.yoy:{1900 + number}",), scheduled=None) for number in range(MAX_READY)]
    for plan in used:
        scorer.answer(plan, [1.0])

    newest = plans.of(("us.cpi.yoy:2000",), scheduled=None)
    scorer.answer(newest, [1.0])

    assert [len(plan.answers) for plan in (*used, newest)] == [0, *[1] * MAX_READY]


def test_where_the_surveys_dispersion_is_known_the_surprise_is_given_in_it_too() -> None:
    spread = scheduled(consensus_std=0.05)
    later = scheduled(consensus=None, sequence=2)

    [signal] = of_bitcoin(tell(build_engine(), spread, later, heartbeat(), figure()))
    [plain] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure()))

    assert signal.causes[0].surprise_survey_z == pytest.approx(2.0)
    assert signal.causes[0].surprise_z == plain.causes[0].surprise_z
    assert plain.causes[0].surprise_survey_z is msgspec.UNSET


@pytest.mark.parametrize("std", [0.0, 5e-324])
def test_a_dispersion_that_no_surprise_can_be_set_against_is_not_given(std: float) -> None:
    [signal] = of_bitcoin(tell(build_engine(), scheduled(consensus_std=std), heartbeat(), figure()))

    assert signal.causes[0].surprise_survey_z is msgspec.UNSET
