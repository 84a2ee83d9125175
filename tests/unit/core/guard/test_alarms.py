"""The guard on account of what no calendar announced."""

from collections.abc import Sequence

import pytest

from signald.core.board import empty_rows
from signald.core.engine import Engine, Output
from signald.core.guard.alarms import MOST
from signald.core.guard.rules import GuardRules
from signald.model.notices import PolicyHeard, Rejected
from signald.model.signals import DeskGuidance, Liquidity, PolicyView, Regime, Signal
from signald.model.time import NS_PER_S
from tests.support.calendar import DAY, T0, figure, scheduled
from tests.support.engine import INSTRUMENTS, build_engine, of_bitcoin, seconds, tell, those, wait
from tests.support.policy import policy_event
from tests.support.rows import live_rows

HEARD = T0 + seconds(1)
RULES = GuardRules(renew_every_ns=2 * DAY)
THIN = live_rows(ts_ingest=T0, mid=95_700.15 * (1 - 40e-4), spread_bps=4.01, bid_depth_5=60_000.0, ask_depth_5=50_000.0)
DEAD = empty_rows(len(INSTRUMENTS))


def guarded() -> Engine:
    return build_engine(guard=RULES)


def steps(outputs: Sequence[Output]) -> list[tuple[str, float]]:
    """Bitcoin's states, each with seconds since the news was heard."""
    return [
        (one.desk.state, (one.ts_event - HEARD) / NS_PER_S)
        for one in of_bitcoin(outputs)
        if one.kind == "guard" and one.desk is not None
    ]


def guide_at(outputs: Sequence[Output], state: str) -> DeskGuidance:
    [desk] = [one.desk for one in of_bitcoin(outputs) if one.kind == "guard" and one.desk and one.desk.state == state]
    return desk


def test_news_holds_quotes_at_once_and_lets_them_recover_and_come_back_with_the_book() -> None:
    engine = guarded()

    outputs = tell(engine, policy_event()) + wait(engine, HEARD + seconds(100), rows=THIN)
    outputs += wait(engine, HEARD + seconds(3_600))

    assert steps(outputs) == [("hold", 0.0), ("recover", 30.0), ("normal", 120.0)]
    [told] = [one for one in of_bitcoin(outputs) if one.kind == "policy"]
    assert (told.verdict, told.confidence, told.horizons) == ("no_edge", None, ())
    assert isinstance(told.policy, PolicyView)
    assert (told.policy.severity, told.policy.novelty, told.policy.ts_expires) == (0.5, 1.0, T0 + DAY)
    assert told.desk is not None
    assert (told.desk.state, told.desk.max_size_usd) == ("hold", 0.0)


def test_news_alone_is_enough_when_every_feed_is_dead() -> None:
    outputs = tell(engine := guarded(), policy_event(), rows=DEAD) + wait(engine, HEARD + DAY, rows=DEAD)

    assert steps(outputs) == [("hold", 0.0), ("recover", 30.0), ("normal", 1_800.0)]


@pytest.mark.parametrize(("severity", "hold_s"), [(0.3, 18.0), (0.5, 30.0), (1.0, 60.0)])
def test_graver_news_holds_longer(severity: float, hold_s: float) -> None:
    engine = guarded()

    outputs = tell(engine, policy_event(severity=severity)) + wait(engine, HEARD + seconds(90), rows=THIN)

    assert steps(outputs)[:2] == [("hold", 0.0), ("recover", hold_s)]


def test_slight_news_is_told_and_followed_and_holds_nothing_back() -> None:
    engine = guarded()

    outputs = tell(engine, policy_event(severity=0.2)) + wait(engine, HEARD + DAY)

    assert steps(outputs) == []
    assert [one.kind for one in of_bitcoin(outputs)] == ["policy", "reaction", "reaction", "reaction", "outcome"]


def test_guard_ends_with_the_news() -> None:
    engine = guarded()

    outputs = tell(engine, policy_event(expires_after_s=200.0)) + wait(engine, HEARD + DAY, rows=DEAD)

    assert steps(outputs)[-1] == ("normal", 199.0)


def test_recovering_quotes_are_as_wide_as_the_market_has_moved_since_the_news() -> None:
    engine = guarded()

    outputs = tell(engine, policy_event()) + wait(engine, HEARD + seconds(31), rows=THIN)

    desk = guide_at(outputs, "recover")
    widen = 40.0 * (10.0 / 30.0) ** 0.5 + (4.01 - 0.01) / 2.0  # realised · √(τ/t), and half the excess of the spread
    assert desk.quote_widen_bps == pytest.approx(widen)
    assert desk.max_size_usd == pytest.approx(50_000.0 * 5.0 / widen)


def test_reaction_says_how_far_it_moved_and_what_is_left_of_the_book() -> None:
    engine = guarded()

    outputs = tell(engine, policy_event()) + wait(engine, HEARD + DAY, rows=THIN)

    told = [one for one in of_bitcoin(outputs) if one.kind in {"reaction", "outcome"}]
    assert [(one.kind, (one.ts_event - HEARD) // NS_PER_S) for one in told] == [
        ("reaction", 10),
        ("reaction", 60),
        ("reaction", 300),
        ("outcome", 900),
    ]
    assert [one.realised_bps for one in told] == [pytest.approx(-40.0)] * 4
    assert isinstance(told[0].liquidity, Liquidity)
    assert told[0].liquidity.depth_ratio == pytest.approx(50.0 / 590.0)


def test_same_news_from_another_source_or_again_says_nothing_more() -> None:
    engine = guarded()
    tell(engine, policy_event())

    outputs = tell(engine, policy_event(), policy_event(source="other", event_id="o-1", ts_ingest=HEARD + seconds(2)))

    assert those(outputs, Signal) == []
    assert [one.reason for one in those(outputs, Rejected)] == ["repeated"]
    assert [(one.same_as, one.is_new) for one in those(outputs, PolicyHeard)] == [("wire-1", False)]


def test_old_news_holds_nothing_back_but_is_a_regime() -> None:
    engine = guarded()
    tell(engine, scheduled())

    outputs = tell(engine, policy_event(ts_event=T0 - seconds(3_600)), figure(ts_ingest=HEARD))

    assert "policy" not in {one.kind for one in of_bitcoin(outputs)}
    [scored] = [one for one in of_bitcoin(outputs) if one.kind == "release"]
    assert scored.regime == Regime(policy=("tariff",))


def test_news_over_a_release_combines_to_the_widest() -> None:
    engine = guarded()
    tell(engine, scheduled())
    wait(engine, T0)
    scored = tell(engine, figure())

    outputs = wait(engine, HEARD) + tell(engine, policy_event()) + wait(engine, HEARD + seconds(100), rows=THIN)

    assert [one.kind for one in of_bitcoin(scored)] == ["release"]
    assert steps(outputs)[:3] == [("released", -0.766), ("hold", 0.0), ("released", 30.0)]


def test_the_same_news_gives_the_same_documents_on_every_replica() -> None:
    one, other = (
        those(tell(engine := guarded(), policy_event()) + wait(engine, HEARD + DAY), Signal) for _ in range(2)
    )

    assert one == other
    assert len({signal.id for signal in one}) == len(one)


def test_event_without_a_guard_is_only_noted() -> None:
    outputs = tell(build_engine(), policy_event())

    assert those(outputs, Signal) == []
    assert [notice.is_new for notice in those(outputs, PolicyHeard)] == [True]


def flood(engine: Engine, count: int, *, severity: float = 0.5) -> list[Output]:
    """Events that have no word in common, a tenth of a second apart."""
    return tell(
        engine,
        *(
            policy_event(
                event_id=f"wire-{number}",
                headline=f"{number + 10}",
                sequence=number,
                severity=severity,
                ts_ingest=HEARD + number * seconds(0.1),
            )
            for number in range(1, count + 1)
        ),
    )


def test_events_beyond_the_most_that_are_guarded_hold_on_and_are_counted() -> None:
    engine = guarded()

    outputs = flood(engine, MOST + 68)
    later = wait(engine, HEARD + DAY, rows=DEAD)

    refused = those(outputs, Rejected)
    assert [one.reason for one in refused] == ["too_many_events"] * 68
    assert refused[0].field == "event_id"
    told = [one for one in of_bitcoin(outputs) if one.kind == "policy"]
    assert len(told) == MOST + 68
    assert {one.desk.state for one in told if one.desk is not None} == {"hold"}
    # The last one was heard at 10 s and holds for 30 s, as if it were guarded by itself.
    states = steps(later)
    assert next(at for state, at in states if state != "hold") == 40.0
    assert states[-1] == ("normal", 1_810.0)
    documents = those([*outputs, *later], Signal)
    assert len({one.id for one in documents}) == len(documents)


def test_grave_news_among_many_slight_ones_holds_quotes_back() -> None:
    engine = guarded()
    flood(engine, MOST, severity=0.1)

    outputs = tell(engine, policy_event(event_id="grave", sequence=MOST + 1, ts_ingest=HEARD + seconds(10)))
    outputs += wait(engine, HEARD + DAY, rows=DEAD)

    assert steps(outputs) == [("hold", 10.0), ("recover", 40.0), ("normal", 1_810.0)]


def test_guard_that_recovered_holds_again_for_an_event_beyond_the_most() -> None:
    engine = guarded()
    flood(engine, MOST)
    wait(engine, HEARD + seconds(60), rows=DEAD)

    outputs = tell(engine, policy_event(event_id="late", sequence=MOST + 1, ts_ingest=HEARD + seconds(60)), rows=DEAD)
    outputs += wait(engine, HEARD + DAY, rows=DEAD)

    states = steps(outputs)
    assert states[0] == ("hold", 60.0)
    assert next(step for step in states if step[0] != "hold") == ("recover", 90.0)
    assert states[-1] == ("normal", 1_860.0)


def test_events_are_forgotten_when_all_of_their_steps_were_done() -> None:
    engine = guarded()
    flood(engine, MOST)
    wait(engine, HEARD + DAY)

    outputs = tell(
        engine, policy_event(event_id="next", sequence=MOST + 1, ts_event=HEARD + DAY, ts_ingest=HEARD + DAY)
    )

    assert those(outputs, Rejected) == []
