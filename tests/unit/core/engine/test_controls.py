"""Halts, mutes and blackouts: what may not be said is withheld, noted, and never said later."""

import pytest

from signald.core.engine import Engine, Output
from signald.model.control import EVERYTHING, Blackout, Command, Control
from signald.model.notices import BlackoutTurned, Controlled, Rejected, Withheld
from signald.model.signals import Signal
from tests.support.calendar import CORE_CPI_JANUARY, DAY, T0, figure, heartbeat, scheduled
from tests.support.engine import BTCUSDT, ROWS, build_engine, of_bitcoin, seconds, tell, those, wait


def control(command: Command, target: str = EVERYTHING, *, at: int, by: str = "ops", reason: str = "test") -> Control:
    return Control(command=command, target=target, by=by, sequence=at, reason=reason, ts_event=at, ts_ingest=at)


def armed(engine: Engine) -> Engine:
    tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY))
    wait(engine, T0 - seconds(2))
    return engine


def test_halt_withholds_every_signal_and_says_so() -> None:
    engine = armed(build_engine())

    halted = tell(engine, control("halt", at=T0 - seconds(1)))
    outputs = tell(engine, figure())

    assert [(one.kind, one.by, one.reason) for one in those(halted, Signal)] == [("halt", "ops", "test")]
    assert those(outputs, Signal) == []
    assert {one.reason for one in those(outputs, Withheld)} == {"halt"}
    assert {one.kind for one in those(outputs, Withheld)} == {"release"}


def test_resume_lets_signals_out_again_and_not_those_that_were_withheld() -> None:
    engine = armed(build_engine())
    tell(engine, control("halt", at=T0 - seconds(1)), figure())

    resumed = tell(engine, control("resume", at=T0 + seconds(1)))
    outputs = tell(engine, figure(3.3, CORE_CPI_JANUARY, ts_ingest=T0 + seconds(2)))

    assert [one.kind for one in those(resumed, Signal)] == ["resume"]
    assert [one.revision for one in of_bitcoin(outputs)] == [2]


def test_second_halt_changes_nothing_and_resume_of_nothing_neither() -> None:
    engine = build_engine()

    outputs = tell(engine, control("resume", at=1), control("halt", at=2), control("halt", at=3, by="other"))

    assert [one.command for one in those(outputs, Controlled)] == ["halt"]


def test_repeated_command_is_refused() -> None:
    engine = build_engine()

    outputs = tell(engine, control("halt", at=2), control("resume", at=2))

    assert [one.reason for one in those(outputs, Rejected)] == ["repeated"]
    assert engine.controls.halted is not None


@pytest.mark.parametrize("target", [BTCUSDT.id, "BTC*", "us.cpi.*", "us.cpi.yoy"])
def test_mute_withholds_what_is_about_its_target(target: str) -> None:
    engine = armed(build_engine())

    tell(engine, control("mute", target, at=T0 - seconds(1)))
    muted = tell(engine, figure())
    tell(engine, control("unmute", target, at=T0 + seconds(1)))
    spoken = tell(engine, figure(3.3, CORE_CPI_JANUARY, ts_ingest=T0 + seconds(2)))

    assert of_bitcoin(muted) == []
    assert {one.reason for one in those(muted, Withheld)} == {"mute"}
    assert [one.revision for one in of_bitcoin(spoken)] == [2]


def test_mute_of_another_target_withholds_nothing() -> None:
    engine = armed(build_engine())

    tell(engine, control("mute", "us.nfp", at=T0 - seconds(1)))

    assert [one.kind for one in of_bitcoin(tell(engine, figure()))] == ["release"]


@pytest.mark.parametrize(
    ("begin", "end", "is_said"),
    [("13:00", "14:00", False), ("13:30", "13:31", False), ("13:31", "14:00", True), ("23:00", "14:00", False)],
)
def test_blackout_withholds_an_instrument_at_its_time_of_day(begin: str, end: str, is_said: bool) -> None:  # noqa: FBT001
    blackout = Blackout(instrument="BTC*", begin=begin, end=end)
    engine = armed(build_engine(blackouts=[blackout]))

    outputs = tell(engine, figure())

    assert bool(of_bitcoin(outputs)) == is_said
    assert {one.instrument for one in those(outputs, Signal)} >= {"ETHUSDT.BINANCE"}


def test_the_same_command_has_the_same_id_on_every_replica() -> None:
    one, other = (tell(build_engine(), control("halt", at=7)) for _ in range(2))

    assert those(one, Signal) == those(other, Signal)


def turns(outputs: list[Output]) -> list[tuple[bool, int]]:
    """Each begin (true) and end of a blackout, with seconds from T0."""
    return [(one.begins, (one.ts_due - T0) // seconds(1)) for one in those(outputs, BlackoutTurned)]


def test_blackout_is_told_when_it_begins_and_when_it_ends_every_day() -> None:
    blackout = Blackout(instrument="BTC*", begin="13:35", end="13:40", by="ops", reason="rollover")
    engine = build_engine(blackouts=[blackout])

    outputs = engine.advance(T0, ROWS) + wait(engine, T0 + 2 * DAY)

    assert turns(outputs) == [(True, 300), (False, 600), (True, 86_700), (False, 87_000)]
    assert {(one.instrument, one.by, one.reason) for one in those(outputs, BlackoutTurned)} == {
        ("BTC*", "ops", "rollover")
    }


def test_blackout_that_holds_when_we_begin_is_told_once_with_the_time_it_began() -> None:
    engine = build_engine(blackouts=[Blackout(instrument="*", begin="23:00", end="14:00")])

    outputs = engine.advance(T0, ROWS) + tell(engine, heartbeat(at=T0 + 1)) + wait(engine, T0 + seconds(3_600))

    assert turns(outputs) == [(True, -52_200), (False, 1_800)]
    assert "23:00 to 14:00" in those(outputs, BlackoutTurned)[0].reason
