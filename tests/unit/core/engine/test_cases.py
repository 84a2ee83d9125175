"""What has happened to releases, by name: each of these was said once, in time, or said to be missing."""

import pytest

from signald.core.engine import Engine, Output
from signald.model.macro import ReleaseKind, ScheduleState, Unit
from signald.model.notices import Quarantined, Rejected, SourceSilent, WindowChanged
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, parse_rfc3339
from tests.support.calendar import INDICATORS, build_indicator, figure, heartbeat, scheduled
from tests.support.engine import build_engine, of_bitcoin, seconds, tell, those, wait

HOUR = 3_600 * NS_PER_S
HALF_PAST_EIGHT = parse_rfc3339("2024-05-15T12:30:00Z")
"""In New York, when April's consumer prices were due."""

PCE = build_indicator("us.core_pce.yoy")
SERIES = {**INDICATORS, "us.core_pce.yoy": PCE}


def due(release_id: str, at: int, **changes: object) -> object:
    """A schedule of ``bls``, known a day before."""
    return scheduled(
        release_id, **{"ts_scheduled": at, "ts_event": at - 24 * HOUR, "ts_ingest": at - 24 * HOUR} | changes
    )


def states(outputs: list[Output], release_id: str) -> list[str]:
    return [one.state for one in those(outputs, WindowChanged) if one.release_id == release_id]


def engine_with(*events: object) -> tuple[Engine, list[Output]]:
    engine = build_engine(indicators=SERIES)
    return engine, tell(engine, *events)  # pyright: ignore[reportArgumentType] - the test's own words


# -- the shutdown of 2025 ---------------------------------------------------------------------------------------------


def test_shutdown_of_2025_two_months_of_payrolls_came_at_one_minute() -> None:
    at = parse_rfc3339("2025-12-16T13:30:00Z")
    october, november = "us.nfp:2025-10", "us.nfp:2025-11"
    engine, _ = engine_with(
        due(october, at, consensus=None, prior=119.0), due(november, at, consensus=50.0, prior=None), heartbeat(at=at)
    )

    said = of_bitcoin(
        tell(
            engine,
            figure(-105.0, october, ts_event=at, ts_ingest=at + seconds(0.1)),
            figure(64.0, november, ts_event=at, ts_ingest=at + seconds(0.2)),
        )
    )

    assert [(one.revision, [cause.actual for cause in one.causes]) for one in said] == [
        (1, [-105.0]),
        (2, [-105.0, 64.0]),
    ]
    assert ["partial_bundle" in one.flags for one in said] == [True, False]


def test_shutdown_of_2025_octobers_cpi_was_cancelled_and_is_not_missed() -> None:
    at = parse_rfc3339("2025-11-13T13:30:00Z")
    october = "us.cpi.yoy:2025-10"
    engine, _ = engine_with(due(october, at))

    called_off = scheduled(
        october, sequence=2, ts_scheduled=at, consensus=None, state=ScheduleState.CANCELLED, ts_ingest=at - HOUR
    )
    outputs = [*tell(engine, called_off), *wait(engine, at + 48 * HOUR)]

    assert states(outputs, october) == ["cancelled"]
    assert those(outputs, Signal) == []


def test_shutdown_of_2025_pce_came_at_ten_in_new_york_instead_of_half_past_eight() -> None:
    regular, late = parse_rfc3339("2025-12-05T13:30:00Z"), parse_rfc3339("2025-12-05T15:00:00Z")
    september = "us.core_pce.yoy:2025-09"
    engine, _ = engine_with(due(september, regular), heartbeat(at=regular - HOUR))
    moved = due(september, late, sequence=2, state=ScheduleState.RESCHEDULED, ts_ingest=regular - HOUR)

    before = [*tell(engine, moved), *wait(engine, late - 1)]  # pyright: ignore[reportArgumentType] - the test's own
    [signal] = of_bitcoin(tell(engine, figure(2.8, september, ts_event=late, ts_ingest=late + seconds(0.3))))

    assert states(before, september) == ["rescheduled", "scheduled", "armed"]
    assert signal.ts_scheduled == late
    assert "late_release" not in signal.flags


# -- 15 May 2024 ------------------------------------------------------------------------------------------------------


def test_cpi_of_2024_05_15_stood_online_half_an_hour_early() -> None:
    april = "us.cpi.yoy:2024-04"
    engine, _ = engine_with(due(april, HALF_PAST_EIGHT, consensus=3.4, prior=3.5), heartbeat(at=HALF_PAST_EIGHT - HOUR))
    found_early = HALF_PAST_EIGHT - 1_800 * NS_PER_S

    early = tell(engine, figure(3.4, april, ts_event=found_early, ts_ingest=found_early))
    beat = heartbeat(at=HALF_PAST_EIGHT)
    in_time = tell(
        engine, beat, figure(3.4, april, sequence=2, ts_event=HALF_PAST_EIGHT, ts_ingest=HALF_PAST_EIGHT + 1)
    )

    assert [one.reason for one in those(early, Quarantined)] == ["early_release"]
    assert [(one.verdict, one.flags[0]) for one in of_bitcoin(early)] == [("quarantined", "early_release")]
    [signal] = of_bitcoin(in_time)
    assert (signal.verdict, "early_release" in signal.flags) == ("no_edge", False)


def test_cpi_of_2024_05_15_behind_an_outage_of_68_hours_is_missed_once_and_what_comes_then_is_not_scored() -> None:
    april = "us.cpi.yoy:2024-04"
    last_heard = parse_rfc3339("2024-05-15T08:22:02Z")
    engine, _ = engine_with(due(april, HALF_PAST_EIGHT, consensus=3.4, prior=3.5), heartbeat(at=last_heard))
    back = last_heard + 68 * HOUR

    during = wait(engine, back)
    after = tell(engine, figure(3.4, april, ts_event=HALF_PAST_EIGHT, ts_ingest=back))

    missed = [one for one in those(during, Signal) if one.kind == "missed"]
    assert [(one.ts_event, one.flags) for one in missed] == [(HALF_PAST_EIGHT + seconds(60), ("silent_source",))]
    assert [one.release_id for one in those(during, SourceSilent)] == [None, april]  # at any time, then loud
    assert [one.verdict for one in of_bitcoin(after)] == ["quarantined"]
    assert [one.reason for one in those(after, Quarantined)] == ["late_release"]


# -- what feeds do ----------------------------------------------------------------------------------------------------


def test_a_release_a_day_early_is_quarantined_and_scored_on_its_day() -> None:
    april = "us.cpi.yoy:2024-04"
    engine, _ = engine_with(due(april, HALF_PAST_EIGHT, ts_ingest=HALF_PAST_EIGHT - 72 * HOUR))
    day_before = HALF_PAST_EIGHT - 24 * HOUR

    early = tell(engine, figure(3.0, april, ts_event=day_before, ts_ingest=day_before))
    moved = due(april, day_before + HOUR, sequence=2, state=ScheduleState.RESCHEDULED, ts_ingest=day_before + 1)
    tell(engine, moved)  # pyright: ignore[reportArgumentType] - the test's own word
    again = tell(engine, figure(3.0, april, sequence=2, ts_event=day_before, ts_ingest=day_before + HOUR))

    assert [one.reason for one in those(early, Quarantined)] == ["early_release"]
    assert [one.verdict for one in of_bitcoin(again)] == ["down"]


def test_fourteen_figures_of_one_minute_are_one_bundle_scored_again_with_each() -> None:
    at = parse_rfc3339("2025-12-16T13:30:00Z")
    series = {
        name: build_indicator(name, Unit.PERCENT) for name in (f"us.series_{number:02}.mom" for number in range(12))
    }
    engine = build_engine(indicators={**SERIES, **series})
    names = ["us.cpi.yoy:2025-11", "us.core_cpi.yoy:2025-11", *(f"{name}:2025-11" for name in series)]
    for name in names:
        tell(engine, due(name, at))  # pyright: ignore[reportArgumentType] - the test's own word

    said = of_bitcoin(
        tell(
            engine,
            *(
                figure(3.0, name, sequence=number, ts_event=at, ts_ingest=at + number * 1_000_000)
                for number, name in enumerate(names)
            ),
        )
    )

    assert [one.revision for one in said] == list(range(1, 15))
    assert [len(one.causes) for one in said] == list(range(1, 15))
    assert ["partial_bundle" in one.flags for one in said] == [True] * 13 + [False]


@pytest.mark.parametrize("kind", [ReleaseKind.FIRST, ReleaseKind.CORRECTION, ReleaseKind.RETRACTION])
def test_a_message_said_three_times_is_said_once(kind: ReleaseKind) -> None:
    engine, _ = engine_with(due("us.cpi.yoy:2024-04", HALF_PAST_EIGHT), heartbeat(at=HALF_PAST_EIGHT))
    first = figure(3.0, "us.cpi.yoy:2024-04", ts_event=HALF_PAST_EIGHT, ts_ingest=HALF_PAST_EIGHT + 1)
    tell(engine, *([first] if kind is not ReleaseKind.FIRST else []))
    word = figure(
        None if kind is ReleaseKind.RETRACTION else 3.1,
        "us.cpi.yoy:2024-04",
        kind=kind,
        sequence=2,
        ts_event=HALF_PAST_EIGHT,
        ts_ingest=HALF_PAST_EIGHT + 2,
    )

    outputs = tell(engine, word, word, word)

    assert len(of_bitcoin(outputs)) == 1
    assert [one.reason for one in those(outputs, Rejected)] == ["repeated", "repeated"]
