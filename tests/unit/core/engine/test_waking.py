"""Who slept over a deadline does not say what is absent before what was kept meanwhile has had time to come."""

from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, T0, figure, heartbeat, scheduled
from tests.support.engine import CLOSE, LATE, ROWS, RULES, build_engine, of_bitcoin, seconds, tell, wait
from tests.support.rows import BOOK, live_rows

BACK = T0 + LATE + seconds(30)
GRACE = RULES.wake_grace_ns


def wake_at(engine: Engine, now: int) -> list[Output]:
    engine.wake(now)
    return engine.advance(now, ROWS)


def kinds(outputs: list[Output]) -> list[str]:
    return [one.kind for one in outputs if isinstance(one, Signal)]


def test_a_figure_that_waited_for_us_while_we_slept_is_scored_late_and_not_called_missed() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    wait(engine, T0)

    outputs = wake_at(engine, BACK)
    engine.wake(BACK + 1_000_000)
    outputs += tell(engine, figure(ts_ingest=BACK + 1_000_000))
    outputs += wait(engine, BACK + GRACE + NS_PER_S)

    assert kinds(outputs) == ["release", "release"]
    assert all("late_release" in one.flags for one in of_bitcoin(outputs))


def test_a_figure_that_did_not_come_either_is_missed_when_the_grace_is_over() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    wait(engine, T0)

    early = [*wake_at(engine, BACK), *wait(engine, BACK + GRACE - 1)]
    [missed] = [one for one in wait(engine, BACK + GRACE) if isinstance(one, Signal)]

    assert kinds(early) == []
    assert (missed.kind, missed.ts_ingest) == ("missed", BACK + GRACE)


def test_the_id_of_what_is_said_late_is_that_of_a_replica_that_said_it_in_time() -> None:
    awake, asleep = build_engine(), build_engine()
    for engine in (awake, asleep):
        tell(engine, scheduled())
        wait(engine, T0)
    wake_at(asleep, BACK)

    [in_time] = [one for one in wait(awake, BACK) if isinstance(one, Signal)]
    [late] = [one for one in wait(asleep, BACK + GRACE) if isinstance(one, Signal)]

    assert in_time.id == late.id


def test_a_bundle_whose_sibling_waited_for_us_is_not_finished_without_it() -> None:
    engine = build_engine()
    tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY), figure())

    outputs = wake_at(engine, T0 + seconds(20))
    outputs += tell(engine, figure(3.3, CORE_CPI_JANUARY, ts_ingest=T0 + seconds(21)))

    [both] = of_bitcoin(outputs)
    assert {cause.release_id for cause in both.causes} == {CPI_JANUARY, CORE_CPI_JANUARY}


def test_who_is_awake_waits_for_nothing() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    wait(engine, T0 + LATE - 1)

    outputs = wake_at(engine, T0 + LATE + RULES.asleep_after_ns)

    assert kinds(outputs) == ["missed"]


def test_other_deadlines_are_not_put_off() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - seconds(1_000)))

    wake_at(engine, T0 - seconds(1))

    assert engine.windows[CPI_JANUARY].state == "armed"


# -- cut off from the sources ------------------------------------------------------------------------------------------


def pass_time(engine: Engine, until: int) -> list[Output]:
    """Wait as a daemon does: it is told the time before each deadline."""
    outputs: list[Output] = []
    while (due := engine.next_deadline()) is not None and due <= until:
        outputs += wake_at(engine, due)
    return outputs


def cut_off_engine(since: int = T0 - seconds(20)) -> Engine:
    engine = build_engine()
    engine.connect(T0 - seconds(1_000))
    tell(engine, scheduled())
    pass_time(engine, since)
    engine.disconnect(since)
    return engine


def test_who_is_cut_off_does_not_say_what_it_could_not_hear() -> None:
    engine = cut_off_engine()

    outputs = pass_time(engine, BACK)
    engine.connect(BACK)
    outputs += tell(engine, figure(ts_ingest=BACK + 1_000_000))
    outputs += pass_time(engine, BACK + GRACE)

    assert kinds(outputs) == ["release", "release"]


def test_a_figure_that_did_not_come_is_missed_soon_after_the_connection_is_back() -> None:
    engine = cut_off_engine()

    early = pass_time(engine, BACK)
    engine.connect(BACK)
    [missed] = [one for one in pass_time(engine, BACK + GRACE) if isinstance(one, Signal)]

    assert kinds(early) == []
    assert (missed.kind, missed.ts_ingest) == ("missed", BACK + GRACE)


def test_who_stays_cut_off_says_it_some_time() -> None:
    engine = cut_off_engine(since := T0 - seconds(20))

    [missed] = [one for one in pass_time(engine, T0 + CLOSE) if isinstance(one, Signal)]

    assert missed.kind == "missed"
    assert missed.ts_ingest == since + RULES.patience_ns


def test_a_connection_that_comes_and_goes_all_the_time_does_not_put_it_off_for_ever() -> None:
    engine = cut_off_engine(since := T0 - seconds(20))

    outputs: list[Output] = []
    for now in range(since + seconds(2), T0 + CLOSE, seconds(4)):
        outputs += pass_time(engine, now)
        engine.connect(now)
        outputs += pass_time(engine, now + seconds(2))
        engine.disconnect(now + seconds(2))

    [missed] = [one for one in outputs if isinstance(one, Signal)]
    assert missed.ts_ingest == since + RULES.patience_ns


def test_a_contact_long_enough_begins_the_patience_anew() -> None:
    engine = cut_off_engine(T0 - RULES.patience_ns)
    engine.connect(T0 - seconds(20))
    engine.disconnect(T0 - seconds(10))

    [missed] = [one for one in pass_time(engine, T0 + CLOSE) if isinstance(one, Signal)]

    assert missed.ts_ingest == T0 - seconds(10) + RULES.patience_ns


def test_a_contact_that_ended_with_its_process_began_the_patience_anew() -> None:
    engine = build_engine()
    engine.connect(T0 - seconds(1_000))
    tell(engine, scheduled())
    pass_time(engine, T0 - seconds(2))
    engine.connect(T0 - seconds(2))
    engine.disconnect(T0 - seconds(1))

    [missed] = [one for one in pass_time(engine, T0 + CLOSE) if isinstance(one, Signal)]

    assert missed.ts_ingest == T0 - seconds(2) + RULES.patience_ns


def test_who_was_away_beyond_the_end_of_a_window_still_says_what_was_missed() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    wait(engine, T0)
    long_after = T0 + CLOSE + seconds(600)

    outputs = [*wake_at(engine, long_after), *wait(engine, long_after + GRACE)]

    assert kinds(outputs) == ["missed"]
    assert engine.windows[CPI_JANUARY].state == "closed"


def reactions(engine: Engine, now: int, *, book_ts: int) -> list[Signal]:
    """Of bitcoin, after a figure, from who slept until ``now`` and finds a book of ``book_ts`` 100 bps higher."""
    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure(ts_ingest=T0 + 1))
    mid = BOOK["mid"] * 1.01
    outputs = engine.advance(now, live_rows(ts_ingest=book_ts, mid=mid, bid=mid, ask=mid, microprice=mid))
    return [one for one in of_bitcoin(outputs) if one.kind in {"reaction", "outcome"}]


def test_a_book_that_changed_since_tells_nothing_of_the_moments_that_were_slept_over() -> None:
    slept = reactions(build_engine(guard=GuardRules()), T0 + seconds(400), book_ts=T0 + seconds(399))

    assert [(one.realised_bps, one.book, one.held) for one in slept] == [(None, None, {})] * 3
    assert all("no_book" in one.flags for one in slept)


def test_a_book_that_has_not_changed_since_tells_what_it_would_have_told_in_time() -> None:
    slept = reactions(build_engine(guard=GuardRules()), T0 + seconds(400), book_ts=T0 + seconds(9))

    assert [round(one.realised_bps or 0.0) for one in slept] == [100] * 3
    assert all("no_book" not in one.flags for one in slept)
