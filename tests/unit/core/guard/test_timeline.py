"""The guard through the engine: what is said of quotes, and when, whatever else happens."""

from itertools import pairwise

import msgspec
import pytest

from signald.core.board import empty_rows
from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.model.macro import ReleaseKind, ScheduleState
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, DAY, NFP_JANUARY, T0, figure, scheduled
from tests.support.engine import INSTRUMENTS, ROWS, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.rows import live_rows

RULES = GuardRules(important=("us.cpi.*", "us.core_cpi.*"), renew_every_ns=DAY)
THIN = live_rows(ts_ingest=T0, spread_bps=3.0, bid_depth_5=50_000.0, ask_depth_5=40_000.0)
DEAD = empty_rows(len(INSTRUMENTS))


def guarded() -> Engine:
    return build_engine(guard=RULES)


def steps(outputs: list[Output]) -> list[tuple[str, float]]:
    """Bitcoin's states, each with seconds from T0."""
    return [
        (one.desk.state, (one.ts_event - T0) / seconds(1))
        for one in of_bitcoin(outputs)
        if one.kind == "guard" and one.desk is not None and one.ts_scheduled is not None
    ]


def of_kind(outputs: list[Output], kind: str) -> list[Signal]:
    return [one for one in of_bitcoin(outputs) if one.kind == kind]


def test_figure_that_comes_walks_from_widen_to_normal() -> None:
    engine = guarded()

    outputs = tell(engine, scheduled())
    outputs += wait(engine, T0)
    outputs += tell(engine, figure(), rows=ROWS)
    outputs += wait(engine, T0 + seconds(20), rows=THIN)
    outputs += wait(engine, T0 + seconds(3_600))

    assert steps(outputs) == [
        ("widen", -900.0),
        ("hold", -5.0),
        ("released", 0.234),
        ("recover", 30.0),
        ("normal", 60.0),
    ]


def test_calendar_alone_is_enough_when_every_feed_is_dead() -> None:
    engine = guarded()

    outputs = tell(engine, scheduled(), rows=DEAD) + wait(engine, T0 + seconds(3_600), rows=DEAD)

    assert steps(outputs) == [
        ("widen", -900.0),
        ("hold", -5.0),
        ("widen", 60.0),
        ("recover", 300.0),
        ("normal", 1_800.0),
    ]


def test_each_instrument_comes_back_with_its_own_book() -> None:
    engine = guarded()
    rows = THIN.copy()
    rows[1] = ROWS[1]

    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure())
    outputs = wait(engine, T0 + seconds(100), rows=rows)

    back = {
        one.instrument
        for one in those(outputs, Signal)
        if one.kind == "guard" and one.desk and one.desk.state == "recover"
    }
    assert back == {INSTRUMENTS[1].id}


def test_minor_release_is_guarded_for_two_minutes() -> None:
    engine = guarded()

    outputs = tell(engine, scheduled(NFP_JANUARY, consensus=170.0)) + wait(engine, T0)

    assert steps(outputs) == [("widen", -120.0), ("hold", -5.0)]


def test_schedule_that_comes_late_widens_at_once() -> None:
    engine = guarded()

    outputs = tell(engine, scheduled(ts_ingest=T0 - seconds(100)))
    outputs += wait(engine, T0 - seconds(90))

    assert steps(outputs) == [("widen", -100.0)]


def test_release_that_is_called_off_ends_its_widening_and_can_be_put_on_again() -> None:
    engine = guarded()
    tell(engine, scheduled())
    wait(engine, T0 - seconds(600))

    off = tell(engine, scheduled(sequence=2, state=ScheduleState.CANCELLED, ts_ingest=T0 - seconds(500))) + wait(
        engine, T0 - seconds(490)
    )
    on = tell(engine, scheduled(sequence=3, ts_ingest=T0 - seconds(400))) + wait(engine, T0)

    assert steps(off) == [("normal", -500.0)]
    assert steps(on) == [("widen", -400.0), ("hold", -5.0)]
    ids = [one.id for one in those([*off, *on], Signal)]
    assert len(set(ids)) == len(ids)


def test_overlapping_releases_combine_to_the_widest() -> None:
    engine = guarded()
    later = T0 + seconds(30)

    tell(engine, scheduled(), scheduled(NFP_JANUARY, consensus=170.0, ts_scheduled=later))
    wait(engine, T0)
    tell(engine, figure())
    outputs = wait(engine, T0 + seconds(40))

    assert ("released", 0.234) in steps(outputs)
    held = [one for one in of_kind(outputs, "guard") if one.ts_event == later - seconds(5)]
    assert [one.desk.state for one in held if one.desk] == ["hold"]
    assert [one.desk.max_size_usd for one in held if one.desk] == [0.0]


def test_released_has_the_numbers_of_the_newest_document() -> None:
    engine = guarded()
    sibling = figure(3.3, CORE_CPI_JANUARY, ts_ingest=T0 + 190 * NS_PER_MS)

    tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY))
    wait(engine, T0)
    scored = tell(engine, figure(), sibling)
    outputs = wait(engine, T0 + seconds(1))

    [released] = of_kind(outputs, "guard")
    newest = [one for one in of_bitcoin(scored) if one.kind == "release"][-1]
    assert released.desk is not None
    assert newest.desk is not None
    assert (released.desk.quote_widen_bps, released.desk.skew_bps, released.desk.max_size_usd) == (
        newest.desk.quote_widen_bps,
        newest.desk.skew_bps,
        newest.desk.max_size_usd,
    )


def test_once_a_sibling_is_called_off_what_follows_rests_on_the_document_without_it() -> None:
    engine = guarded()
    tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY))
    wait(engine, T0)
    [first] = of_bitcoin(tell(engine, figure()))
    called_off = scheduled(CORE_CPI_JANUARY, sequence=2, ts_ingest=T0 + seconds(2), state=ScheduleState.CANCELLED)

    final = of_kind(tell(engine, called_off), "release")[-1]
    reactions = of_kind(wait(engine, T0 + seconds(61)), "reaction")

    assert "partial_bundle" in first.flags
    assert "partial_bundle" not in final.flags
    assert reactions
    assert not any("partial_bundle" in one.flags for one in reactions)


def test_hold_is_wider_than_widen_and_rests_no_quote() -> None:
    engine = guarded()

    widen, hold = of_kind(tell(engine, scheduled()) + wait(engine, T0), "guard")[-2:]

    assert widen.desk is not None
    assert hold.desk is not None
    assert hold.desk.quote_widen_bps is not None
    assert widen.desk.quote_widen_bps is not None
    assert hold.desk.quote_widen_bps > widen.desk.quote_widen_bps > 0.0
    assert hold.desk.max_size_usd == 0.0


def test_every_step_holds_until_the_next_one_is_due() -> None:
    engine = guarded()

    outputs = tell(engine, scheduled()) + wait(engine, T0)
    outputs += tell(engine, figure()) + wait(engine, T0 + seconds(3_600), rows=DEAD)

    told = [one for one in of_kind(outputs, "guard") if one.ts_scheduled is not None]
    for one, following in pairwise(told):
        assert one.desk is not None
        assert one.desk.ts_expires >= following.ts_event


def test_normal_is_said_again_while_a_release_is_to_come_and_no_longer() -> None:
    engine = build_engine(guard=GuardRules(renew_every_ns=seconds(3_600)))

    outputs = tell(engine, scheduled()) + wait(engine, T0 + 2 * DAY)

    renewed = [one for one in of_kind(outputs, "guard") if one.ts_scheduled is None]
    assert [one.ts_event % seconds(3_600) for one in renewed] == [0] * len(renewed)
    assert len(renewed) == 24
    assert max(one.ts_event for one in renewed) < T0
    assert engine.next_deadline() is None


def test_normal_holds_no_longer_than_until_the_next_widening() -> None:
    engine = build_engine(guard=GuardRules(renew_every_ns=seconds(3_600)))

    outputs = tell(engine, scheduled()) + wait(engine, T0)

    renewed = [one.desk for one in of_kind(outputs, "guard") if one.ts_scheduled is None]
    assert all(desk is not None and desk.state == "normal" for desk in renewed)
    assert max(desk.ts_expires for desk in renewed if desk) <= T0 - seconds(900) + RULES.grace_ns


def test_reaction_says_what_happened_what_is_left_and_what_held() -> None:
    engine = guarded()
    moved = live_rows(mid=95_700.15 * (1 - 30e-4), spread_bps=0.02, bid_depth_5=305_000.0, ask_depth_5=295_000.0)

    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure())
    outputs = wait(engine, T0 + seconds(3_600), rows=moved)

    reactions = of_kind(outputs, "reaction")
    [outcome] = of_kind(outputs, "outcome")
    assert [(one.ts_event - T0) // seconds(1) for one in (*reactions, outcome)] == [10, 60, 300, 900]
    first = reactions[0]
    assert first.realised_bps == pytest.approx(-30.0)
    assert first.remaining_bps == pytest.approx(first.horizons[0].mean_bps + 30.0)
    assert first.liquidity is not msgspec.UNSET
    assert (first.liquidity.spread_ratio, first.liquidity.depth_ratio) == (pytest.approx(2.0), pytest.approx(0.5))
    assert first.held == {}
    assert outcome.held == {"300": True, "900": True}
    assert outcome.remaining_bps is None


def test_nothing_is_told_of_the_reaction_to_a_figure_that_was_taken_back() -> None:
    engine = guarded()

    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure(), figure(None, sequence=2, kind=ReleaseKind.RETRACTION, ts_ingest=T0 + seconds(20)))
    outputs = wait(engine, T0 + seconds(3_600))

    assert of_kind(outputs, "reaction") == []


def test_test_message_releases_nothing() -> None:
    engine = guarded()
    tell(engine, scheduled())
    wait(engine, T0 - seconds(1))

    tell(engine, figure(kind=ReleaseKind.TEST, ts_ingest=T0 - seconds(1)))
    outputs = wait(engine, T0 + seconds(1))

    assert steps(outputs) == []
    assert CPI_JANUARY in engine.windows


def test_quotes_are_not_skewed_by_a_figure_that_was_taken_back() -> None:
    engine = guarded()
    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure(ts_ingest=T0 + NS_PER_MS))

    outputs = tell(engine, figure(None, kind=ReleaseKind.RETRACTION, sequence=2, ts_ingest=T0 + 2 * NS_PER_MS))
    outputs += wait(engine, T0 + seconds(1_000))

    [released] = [
        one.desk for one in of_kind(outputs, "guard") if one.desk is not None and one.desk.state == "released"
    ]
    assert released.skew_bps == 0.0
    assert released.quote_widen_bps is not None
    assert released.quote_widen_bps > 0.0
    assert of_kind(outputs, "reaction") == of_kind(outputs, "outcome") == []


def test_nothing_is_told_of_a_figure_that_was_taken_back_when_the_move_was_over() -> None:
    engine = guarded()
    tell(engine, scheduled(), scheduled(CORE_CPI_JANUARY, consensus=3.1))
    wait(engine, T0)
    tell(engine, figure(ts_ingest=T0 + 1), figure(3.3, CORE_CPI_JANUARY, ts_ingest=T0 + 2))
    wait(engine, T0 + seconds(400))

    tell(engine, figure(None, kind=ReleaseKind.RETRACTION, sequence=2, ts_ingest=T0 + seconds(400)))

    assert of_kind(wait(engine, T0 + seconds(1_000)), "outcome") == []


def test_a_figure_that_comes_after_one_was_taken_back_is_told_of() -> None:
    engine = guarded()
    tell(engine, scheduled())
    wait(engine, T0)
    tell(engine, figure(ts_ingest=T0 + 1))
    tell(engine, figure(None, kind=ReleaseKind.RETRACTION, sequence=2, ts_ingest=T0 + 2))

    tell(engine, figure(3.1, sequence=3, ts_ingest=T0 + 3))

    assert [one.causes[0].actual for one in of_kind(wait(engine, T0 + seconds(1_000)), "outcome")] == [3.1]
