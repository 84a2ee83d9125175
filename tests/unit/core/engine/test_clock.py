"""A figure is early or late by our clock, less what is known to be wrong with it."""

from signald.core.engine import Engine, Output
from signald.model.clock import ClockOffset
from signald.model.notices import ClockOff, Quarantined
from signald.model.signals import Signal
from tests.support.calendar import T0, figure, heartbeat, scheduled
from tests.support.engine import ROWS, build_engine, of_bitcoin, seconds, tell, those, wait


def measured(engine: Engine, offset_ns: int, *, at: int = T0 - seconds(120)) -> list[Output]:
    return engine.handle(ClockOffset(offset_ns=offset_ns, error_ns=1_000_000, ts_ingest=at), ROWS)


def test_a_figure_that_a_slow_clock_calls_early_is_scored() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - seconds(130)))

    measured(engine, -seconds(10))
    outputs = tell(engine, figure(ts_ingest=T0 - seconds(9)))

    [signal] = of_bitcoin(outputs)
    assert (signal.verdict, "clock_offset" in signal.flags) == ("down", True)


def test_a_figure_that_a_fast_clock_calls_due_is_early() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - seconds(130)))

    measured(engine, seconds(10))
    outputs = tell(engine, figure(ts_ingest=T0 + seconds(1)))

    assert [one.reason for one in those(outputs, Quarantined)] == ["early_release"]


def test_a_figure_is_late_by_the_right_time() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - seconds(130)))

    measured(engine, seconds(30))
    [signal] = of_bitcoin(tell(engine, heartbeat(at=T0 + seconds(85)), figure(ts_ingest=T0 + seconds(89))))[-1:]

    assert (signal.verdict, "late_release" in signal.flags) == ("down", False)


def test_a_clock_that_is_off_is_an_alarm_once_and_again_when_it_is_right() -> None:
    engine = build_engine()

    said = [measured(engine, offset) for offset in (0, 60_000_000, 61_000_000, 1_000_000)]

    assert [[(one.offset_ns, one.is_off) for one in those(each, ClockOff)] for each in said] == [
        *([], [(60_000_000, True)], [], [(1_000_000, False)]),
    ]


def test_a_figure_is_missed_by_the_right_time_and_the_doubt_is_said() -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - seconds(130)))
    measured(engine, seconds(30))

    [missed] = [one for one in those(wait(engine, T0 + seconds(200)), Signal) if one.kind == "missed"]

    assert missed.ts_ingest == T0 + seconds(90)
    assert "clock_offset" in missed.flags
