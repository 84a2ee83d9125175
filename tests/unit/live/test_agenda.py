from signald.live.agenda import SHOWN, Coverage, calendar_state, count_silent, is_release_near
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, DAY, NFP_JANUARY, T0, figure, heartbeat, scheduled
from tests.support.engine import ARM, LATE, build_engine, tell, wait

SECOND = 1_000_000_000


def test_the_next_releases_are_told_by_time_with_what_is_missing() -> None:
    engine = build_engine()
    tell(
        engine,
        scheduled(NFP_JANUARY, ts_scheduled=T0 - 5 * 3_600 * SECOND, consensus=None),
        scheduled(CPI_JANUARY),
        scheduled(CORE_CPI_JANUARY),
    )

    state = calendar_state(engine.windows, engine.sources, T0 - DAY)

    assert [(one.release_id, one.consensus, one.armed) for one in state.releases] == [
        (NFP_JANUARY, None, False),
        (CORE_CPI_JANUARY, 2.9, False),
        (CPI_JANUARY, 2.9, False),
    ]


def test_a_release_is_armed_before_its_time_and_gone_when_it_is_out() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    wait(engine, T0 - ARM)
    armed = calendar_state(engine.windows, engine.sources, T0 - ARM)
    tell(engine, figure())
    out = calendar_state(engine.windows, engine.sources, T0 + SECOND)

    assert [(one.state, one.armed) for one in armed.releases] == [("armed", True)]
    assert out.releases == ()


def test_a_release_that_was_missed_is_not_due_any_more() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    wait(engine, T0 + LATE)

    assert calendar_state(engine.windows, engine.sources, T0 + LATE).releases == ()


def test_each_source_is_alive_silent_or_was_never_heard() -> None:
    engine = build_engine()
    now = T0 - 60 * SECOND
    tell(engine, scheduled(), heartbeat("bls", at=now - 20 * SECOND), heartbeat("extra", at=now - SECOND))
    tell(engine, heartbeat("elsewhere", at=now, covers=("jp.*",)))

    state = calendar_state(engine.windows, engine.sources, now)

    assert state.releases[0].sources == (
        Coverage(source="bls", alive=False, ts_heard=now - 20 * SECOND),
        Coverage(source="wire", alive=False, ts_heard=None),
        Coverage(source="extra", alive=True, ts_heard=now - SECOND),
    )
    assert [one.source for one in state.sources] == ["bls", "elsewhere", "extra"]


def test_no_more_than_ten_are_told() -> None:
    engine = build_engine()
    tell(
        engine,
        *(scheduled(f"us.cpi.yoy:20{year}-01", ts_scheduled=T0 + year * DAY) for year in range(30, 30 + 2 * SHOWN)),
    )

    state = calendar_state(engine.windows, engine.sources, T0)

    assert [one.release_id for one in state.releases] == [f"us.cpi.yoy:20{year}-01" for year in range(30, 30 + SHOWN)]


def test_a_source_counts_as_silent_from_fifteen_seconds_until_it_is_gone_for_a_day() -> None:
    heard = {name: heartbeat(name, at=T0 - age * SECOND) for name, age in (("a", 14), ("b", 15), ("c", 86_400))}

    assert count_silent(heard, T0) == 1
    assert count_silent({}, T0) == 0


def test_a_release_is_near_for_five_minutes_before_and_after_it() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    near = [is_release_near(engine.windows.values(), T0 + after * SECOND) for after in (-300, -299, 0, 299, 300)]

    assert near == [False, True, True, True, False]
