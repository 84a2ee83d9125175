"""Releases walk through their life at the times that their most trusted source gives."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from signald.core.engine import Engine
from signald.core.release_window import State
from signald.core.release_window.register import MAX_STRAYS
from signald.core.release_window.window import MAX_SOURCES
from signald.model.macro import ScheduleState
from signald.model.notices import Rejected, SourceAlive, SourceSilent, WindowChanged
from signald.model.signals import Signal
from signald.model.time import parse_rfc3339
from tests.support.calendar import (
    CORE_CPI_JANUARY,
    CPI_JANUARY,
    DAY,
    NFP_JANUARY,
    T0,
    figure,
    heartbeat,
    scheduled,
)
from tests.support.engine import ARM, CLOSE, LATE, ROWS, RULES, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.rows import live_rows

TENTATIVE, CANCELLED, RESCHEDULED = ScheduleState.TENTATIVE, ScheduleState.CANCELLED, ScheduleState.RESCHEDULED


def changes(outputs: list[object]) -> list[tuple[str, int]]:
    return [(one.state, one.ts_ingest) for one in outputs if isinstance(one, WindowChanged)]


def state_of(engine: Engine, release_id: str = CPI_JANUARY) -> State:
    return engine.windows[release_id].state


def missed_of(outputs: list[object]) -> list[Signal]:
    return [one for one in outputs if isinstance(one, Signal) and one.kind == "missed"]


# -- one source -------------------------------------------------------------------------------------------------------


def test_a_release_without_a_figure_is_armed_then_missed_then_closed_at_its_own_times() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled()), *wait(engine, T0 + DAY)]

    assert changes([*outputs]) == [
        ("scheduled", T0 - DAY),
        ("armed", T0 - ARM),
        ("missed", T0 + LATE),
        ("closed", T0 + CLOSE),
    ]
    assert engine.next_deadline() is None


def test_missed_is_said_once_for_all_instruments_sixty_seconds_after_t0() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    [missed] = missed_of([*wait(engine, T0 + DAY)])

    assert (missed.instrument, missed.verdict, missed.book, missed.horizons) == (None, None, None, ())
    assert (missed.ts_scheduled, missed.ts_event, missed.ts_ingest) == (T0, T0 + seconds(60), T0 + seconds(60))
    assert [(one.release_id, one.actual, one.consensus, one.prior) for one in missed.causes] == [
        (CPI_JANUARY, None, 2.9, 2.9)
    ]
    assert missed.flags == ("silent_source",)


def test_a_deadline_fires_at_its_own_time_however_late_the_tick() -> None:
    ticking, sleeping = build_engine(), build_engine()
    still = live_rows(ts_ingest=T0 - DAY)
    tell(ticking, scheduled())
    tell(sleeping, scheduled())

    assert sleeping.advance(T0 + DAY, still) == wait(ticking, T0 + DAY, rows=still)


def test_an_event_fires_what_is_due_before_it() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    outputs = tell(engine, heartbeat(at=T0 + LATE))

    assert [type(one).__name__ for one in outputs] == [
        *("WindowChanged", "Signal", "SourceSilent", "WindowChanged", "Signal", "SourceAlive"),
    ]


def test_a_figure_in_time_is_not_missed() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled(), figure()), *wait(engine, T0 + DAY)]

    assert missed_of([*outputs]) == []
    assert [state for state, _ in changes([*outputs])] == ["scheduled", "armed", "released", "closed"]


def test_a_figure_that_came_and_was_quarantined_is_not_missed_either() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled(), figure(0.029)), *wait(engine, T0 + DAY)]

    assert missed_of([*outputs]) == []


def test_a_figure_that_came_early_is_missed_if_none_comes_in_time() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled(), figure(ts_ingest=T0 - seconds(1_800))), *wait(engine, T0 + DAY)]

    assert len(missed_of([*outputs])) == 1


def test_a_figure_that_comes_after_it_was_missed_is_scored_as_late() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    wait(engine, T0 + seconds(70))

    [signal] = of_bitcoin(tell(engine, figure(ts_ingest=T0 + seconds(80))))

    assert "late_release" in signal.flags
    assert state_of(engine) == "released"


def test_a_figure_stamped_before_the_last_deadline_is_judged_by_its_stamp() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    engine.advance(T0 + LATE, ROWS)

    [signal] = of_bitcoin(tell(engine, figure(ts_ingest=T0 + LATE - 1)))

    assert "late_release" not in signal.flags
    assert signal.ts_ingest == T0 + LATE - 1


def test_what_is_scheduled_within_the_arming_time_is_armed_at_once() -> None:
    engine = build_engine()

    outputs = tell(engine, scheduled(ts_ingest=T0 - seconds(5)))

    assert changes([*outputs]) == [("scheduled", T0 - seconds(5)), ("armed", T0 - seconds(5))]


def test_a_release_of_the_past_is_history_and_raises_no_alarm() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled(ts_ingest=T0 + DAY)), *wait(engine, T0 + 2 * DAY)]

    assert outputs == []
    assert state_of(engine) == "closed"


def test_a_release_that_has_just_passed_is_not_called_missed_by_one_who_was_not_there() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled(ts_ingest=T0 + seconds(90))), *wait(engine, T0 + DAY)]

    assert missed_of([*outputs]) == []


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 3, 7), "2025-03-07T13:30:00Z"),
        (date(2025, 3, 12), "2025-03-12T12:30:00Z"),
        (date(2025, 10, 31), "2025-10-31T12:30:00Z"),
        (date(2025, 11, 7), "2025-11-07T13:30:00Z"),
    ],
)
def test_a_release_around_a_change_of_clocks_is_on_time_at_half_past_eight_in_new_york(
    day: date, expected: str
) -> None:
    engine = build_engine()
    moment = parse_rfc3339(datetime.combine(day, time(8, 30), tzinfo=ZoneInfo("America/New_York")).isoformat())

    tell(engine, scheduled(ts_scheduled=moment, ts_ingest=moment - DAY))
    [signal] = of_bitcoin(tell(engine, figure(ts_ingest=parse_rfc3339(expected) + seconds(0.2))))

    assert signal.ts_scheduled == parse_rfc3339(expected)
    assert {"early_release", "late_release"}.isdisjoint(signal.flags)


# -- changes ----------------------------------------------------------------------------------------------------------


def test_a_cancelled_release_has_nothing_due_and_is_not_missed() -> None:
    engine = build_engine()

    outputs = tell(engine, scheduled(), scheduled(sequence=2, state=CANCELLED))

    assert changes([*outputs])[-1] == ("cancelled", T0 - DAY)
    assert state_of(engine) == "cancelled"
    assert wait(engine, T0 + DAY) == []


def test_a_release_cancelled_before_it_was_ever_scheduled_is_cancelled() -> None:
    engine = build_engine()

    outputs = tell(engine, scheduled(state=CANCELLED))

    assert changes([*outputs]) == [("cancelled", T0 - DAY)]
    assert tell(engine, scheduled(sequence=2, state=CANCELLED)) == []


def test_a_figure_of_a_cancelled_release_is_quarantined_as_unscheduled() -> None:
    engine = build_engine()

    signals = of_bitcoin(tell(engine, scheduled(), scheduled(sequence=2, state=CANCELLED), figure()))

    assert [(one.verdict, one.ts_scheduled) for one in signals] == [("quarantined", None)]


def test_a_cancelled_release_may_be_scheduled_again() -> None:
    engine = build_engine()

    tell(engine, scheduled(), scheduled(sequence=2, state=CANCELLED), scheduled(sequence=3))
    signals = of_bitcoin(tell(engine, figure()))

    assert [one.verdict for one in signals] == ["down"]


def test_a_release_that_is_put_off_while_armed_keeps_nothing_of_its_former_time() -> None:
    engine = build_engine()
    later = T0 + seconds(5_400)
    tell(engine, scheduled())
    wait(engine, T0 - seconds(30))

    moved = tell(engine, scheduled(sequence=2, ts_scheduled=later, state=RESCHEDULED, ts_ingest=T0 - seconds(30)))
    outputs = wait(engine, later + DAY)

    assert changes([*moved]) == [("rescheduled", T0 - seconds(30)), ("scheduled", T0 - seconds(30))]
    assert changes([*outputs]) == [("armed", later - ARM), ("missed", later + LATE), ("closed", later + CLOSE)]
    assert [one.ts_scheduled for one in missed_of([*outputs])] == [later]


def test_a_release_moved_away_and_back_has_each_moment_once() -> None:
    engine = build_engine()

    tell(engine, scheduled(), scheduled(sequence=2, ts_scheduled=T0 + DAY), scheduled(sequence=3))

    assert [state for state, _ in changes([*wait(engine, T0 + 3 * DAY)])] == ["armed", "missed", "closed"]


def test_a_missed_release_may_be_put_off_and_is_missed_anew_under_another_id() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    first = missed_of([*wait(engine, T0 + seconds(61))])

    tell(engine, scheduled(sequence=2, ts_scheduled=T0 + DAY, ts_ingest=T0 + seconds(62)))
    second = missed_of([*wait(engine, T0 + 2 * DAY)])

    assert len({one.id for one in (*first, *second)}) == 2


def test_what_came_early_before_a_release_was_put_forward_may_be_said_again_and_scored() -> None:
    engine = build_engine()
    tell(engine, scheduled(), figure(ts_ingest=T0 - seconds(1_800)))
    tell(engine, scheduled(sequence=2, ts_scheduled=T0 - seconds(1_800), ts_ingest=T0 - seconds(1_790)))

    [signal] = of_bitcoin(tell(engine, figure(sequence=2, ts_ingest=T0 - seconds(1_780))))

    assert (signal.verdict, signal.causes[0].figure) == ("down", 0)


def test_a_release_cannot_be_moved_or_cancelled_once_its_figure_is_out() -> None:
    engine = build_engine()
    tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY), figure())

    for sequence, word in ((2, {"ts_scheduled": T0 + DAY}), (3, {"state": CANCELLED})):
        [refused] = tell(engine, scheduled(sequence=sequence, ts_ingest=T0 + seconds(1), **word))
        assert isinstance(refused, Rejected)
        assert (refused.reason, refused.field) == ("conflict", "ts_scheduled")
    signal = of_bitcoin(tell(engine, figure(2.9, CORE_CPI_JANUARY, ts_ingest=T0 + seconds(2))))[-1]

    assert {one.release_id for one in signal.causes} == {CPI_JANUARY, CORE_CPI_JANUARY}
    assert signal.revision == 2


def test_a_tentative_release_is_not_promised() -> None:
    engine = build_engine()

    outputs = [*tell(engine, scheduled(state=TENTATIVE)), *wait(engine, T0 + DAY)]

    assert [state for state, _ in changes([*outputs])] == ["tentative", "closed"]
    assert missed_of([*outputs]) == []


def test_a_tentative_release_that_is_confirmed_is_promised_and_back() -> None:
    engine = build_engine()

    outputs = tell(engine, scheduled(state=TENTATIVE), scheduled(sequence=2), scheduled(sequence=3, state=TENTATIVE))

    assert [state for state, _ in changes([*outputs])] == ["tentative", "scheduled", "tentative"]


def test_the_figure_of_a_tentative_release_is_scored_at_its_time() -> None:
    engine = build_engine()

    assert [one.verdict for one in of_bitcoin(tell(engine, scheduled(state=TENTATIVE), figure()))] == ["down"]


# -- what is heard again ----------------------------------------------------------------------------------------------


def test_a_repeated_or_older_schedule_is_rejected_and_changes_nothing() -> None:
    engine = build_engine()
    tell(engine, scheduled(sequence=7))

    for sequence in (7, 6, 0):
        [refused] = tell(engine, scheduled(sequence=sequence, ts_scheduled=T0 + DAY, consensus=9.9))
        assert isinstance(refused, Rejected)
        assert (refused.channel, refused.reason, refused.field) == ("bls", "repeated", "sequence")
        assert CPI_JANUARY in refused.problem

    assert engine.windows[CPI_JANUARY].ts_scheduled == T0
    assert engine.windows[CPI_JANUARY].expectation.consensus == 2.9


def test_retained_schedules_read_anew_in_any_order_change_nothing() -> None:
    words = [
        scheduled(sequence=9),
        scheduled(CORE_CPI_JANUARY, sequence=5),
        scheduled(NFP_JANUARY, sequence=7, ts_scheduled=T0 - DAY, consensus=170.0),
    ]
    engine = build_engine()
    tell(engine, *words)
    before = {name: (one.state, one.ts_scheduled, one.expectation) for name, one in engine.windows.items()}

    outputs = tell(engine, *reversed(words))

    assert [type(one) for one in outputs] == [Rejected] * 3
    assert {name: (one.state, one.ts_scheduled, one.expectation) for name, one in engine.windows.items()} == before


def test_sequences_of_one_source_count_per_release_since_retained_messages_come_in_any_order() -> None:
    engine = build_engine()

    outputs = tell(engine, scheduled(sequence=9), scheduled(CORE_CPI_JANUARY, sequence=5))

    assert those(outputs, Rejected) == []


# -- consensus --------------------------------------------------------------------------------------------------------


def consensus_of(*words: object) -> float | None:
    engine = build_engine()
    tell(engine, *words)  # pyright: ignore[reportArgumentType] - the test's own words
    return engine.windows[CPI_JANUARY].expectation.consensus


def test_the_consensus_is_the_last_one_received_from_the_first_source_in_order_that_gave_one() -> None:
    bls, wire = scheduled(consensus=None), scheduled(source="wire", consensus=2.8)

    assert consensus_of(bls, wire) == 2.8
    assert consensus_of(wire, bls) == 2.8
    assert consensus_of(wire, scheduled(consensus=2.9)) == 2.9
    assert consensus_of(scheduled(consensus=2.9), wire, scheduled(consensus=3.0, sequence=2)) == 3.0


def test_a_word_without_consensus_takes_none_back() -> None:
    assert consensus_of(scheduled(consensus=2.9), scheduled(consensus=None, prior=None, sequence=2)) == 2.9


def test_sources_that_are_not_configured_come_last_and_by_name() -> None:
    alpha, beta = scheduled(source="alpha", consensus=2.7), scheduled(source="beta", consensus=2.6)

    assert consensus_of(beta, alpha) == 2.7
    assert consensus_of(alpha, beta) == 2.7
    assert consensus_of(alpha, scheduled(source="wire", consensus=2.8)) == 2.8


def test_what_comes_after_the_first_figure_is_no_consensus() -> None:
    assert consensus_of(scheduled(), figure(), scheduled(sequence=2, consensus=3.0, ts_ingest=T0 + seconds(1))) == 2.9


def test_a_first_figure_that_is_doubtful_ends_the_wait_for_a_consensus_too() -> None:
    late_word = scheduled(sequence=2, consensus=3.0, ts_ingest=T0 + seconds(1))

    assert consensus_of(scheduled(), figure(0.029), late_word) == 2.9


def test_a_consensus_may_still_come_after_a_figure_that_came_early() -> None:
    early = figure(ts_ingest=T0 - seconds(1_800))

    assert consensus_of(scheduled(), early, scheduled(sequence=2, consensus=3.0, ts_ingest=T0 - seconds(60))) == 3.0


def test_an_implausible_consensus_is_refused_and_another_counts() -> None:
    engine = build_engine()

    outputs = tell(engine, scheduled(source="wire", consensus=2.8), scheduled(consensus=290.0, prior=-99.0))

    assert [(one.reason, one.field) for one in those(outputs, Rejected)] == [
        ("implausible", "consensus"),
        ("implausible", "prior"),
    ]
    assert "290.0" in those(outputs, Rejected)[0].problem
    assert engine.windows[CPI_JANUARY].expectation[:2] == (2.8, 2.9)


def test_the_most_trusted_source_says_when() -> None:
    engine = build_engine()

    tell(engine, scheduled(source="wire", ts_scheduled=T0 + seconds(600)))
    assert engine.windows[CPI_JANUARY].ts_scheduled == T0 + seconds(600)
    tell(engine, scheduled())
    assert engine.windows[CPI_JANUARY].ts_scheduled == T0
    tell(engine, scheduled(source="wire", sequence=2, state=CANCELLED))

    assert (engine.windows[CPI_JANUARY].ts_scheduled, state_of(engine)) == (T0, "scheduled")


# -- silence ----------------------------------------------------------------------------------------------------------


def test_a_source_that_falls_silent_is_an_alarm_at_any_time() -> None:
    engine = build_engine()
    at = T0 - DAY

    tell(engine, heartbeat(at=at))

    assert engine.next_deadline() == at + seconds(15)
    assert wait(engine, at + DAY // 2) == [
        SourceSilent(source="bls", ts_heard=at, release_id=None, ts_ingest=at + seconds(15))
    ]
    assert tell(engine, heartbeat(at=at + DAY // 2)) == [
        SourceAlive(source="bls", covers=("us.*",), ts_ingest=at + DAY // 2)
    ]


def test_from_ten_minutes_before_a_release_that_it_covers_the_alarm_names_the_release() -> None:
    engine = build_engine()
    at = T0 - seconds(500)
    tell(engine, scheduled(), scheduled(NFP_JANUARY, ts_scheduled=T0 + DAY), heartbeat(at=at, covers=("us.cpi*",)))

    said = those(wait(engine, T0), SourceSilent)

    assert said == [
        SourceSilent(source="bls", ts_heard=at, release_id=CPI_JANUARY, ts_ingest=at + seconds(15)),
    ]


def test_ten_minutes_before_a_release_each_source_that_is_silent_by_then_is_an_alarm() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - DAY + 1))
    ten_minutes_before = T0 - RULES.watch_before_ns

    said = those(wait(engine, T0), SourceSilent)

    assert [(one.source, one.release_id, one.ts_ingest) for one in said] == [
        ("bls", None, T0 - DAY + 1 + seconds(15)),
        ("bls", CPI_JANUARY, ten_minutes_before),
    ]


def test_that_nobody_covers_a_release_is_an_alarm_ten_minutes_before() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat("boe", at=T0 - seconds(601), covers=("gb.*",)))

    said = those(wait(engine, T0 - seconds(600)), SourceSilent)

    assert [(one.source, one.release_id) for one in said] == [("", CPI_JANUARY)]


# -- bounds -----------------------------------------------------------------------------------------------------------


def test_releases_that_nobody_scheduled_fill_no_memory_and_displace_none_that_is_due() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    for number in range(2 * MAX_STRAYS):
        tell(engine, figure(release_id=f"us.cpi.yoy:{number:04d}", ts_ingest=T0 - seconds(100)))

    assert len(engine.windows) <= MAX_STRAYS + 1
    assert state_of(engine) == "armed"


def test_only_so_many_sources_may_speak_of_one_release() -> None:
    engine = build_engine()

    outputs = [
        output
        for number in range(2 * MAX_SOURCES)
        for output in tell(engine, scheduled(source=f"s{number:03d}"), figure(source=f"s{number:03d}"))
    ]

    refused = [one for one in those(outputs, Rejected) if one.reason == "too_many_sources"]
    assert len(refused) == 2 * MAX_SOURCES
    assert refused[0].field == "source"
