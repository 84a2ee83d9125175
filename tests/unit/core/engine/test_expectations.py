"""What is expected of the Federal Reserve, at work in an engine: told, explained, recovered; and never in the way."""

from collections.abc import Sequence

import msgspec
import pytest

from signald.core.documents import Documents
from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.core.movers.movers import Movers
from signald.core.movers.rules import CutsRules, MoverRules
from signald.core.scoring import Scorer
from signald.live.recall import expectations_payload, remembered_payload
from signald.model.expectations import CutsModel, CutsResponse, Expectations, ExpectationsView
from signald.model.movers import Remembered
from signald.model.notices import Rejected
from signald.model.signals import Signal
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import DAY, INDICATORS, T0, figure, heartbeat, scheduled
from tests.support.engine import INSTRUMENTS, PARAMETERS, ROWS, RULES, seconds, tell, those, wait
from tests.support.expectations import priced

EXPLAINED = msgspec.structs.replace(
    PARAMETERS,
    expectations=CutsModel(
        threshold=None,
        assets={"BTC": (CutsResponse(seconds=300, bps_per_cut=80.0, error=20.0, n=40, r2_without=0.3, r2=0.5),)},
    ),
)
GUARD = GuardRules(renew_every_ns=2 * DAY)


def build(rules: CutsRules | None = None) -> Engine:
    movers = Movers(INSTRUMENTS, INSTRUMENTS, MoverRules(cuts=rules or CutsRules(threshold=0.1)))
    documents = Documents(scorer=Scorer(EXPLAINED, INSTRUMENTS), instruments=INSTRUMENTS, movers=movers)
    return Engine(indicators=INDICATORS, documents=documents, rules=RULES, guard=GUARD)


def played(engine: Engine, *words: Expectations, until: float = 3_600.0) -> list[Output]:
    """A release a tenth of a second after T0 among ``words``, and all that comes of it."""
    outputs = tell(engine, scheduled(ts_ingest=T0 - DAY), heartbeat(at=T0 - DAY), rows=ROWS)
    events = sorted((figure(ts_ingest=T0 + seconds(0.1)), *words), key=lambda one: one.ts_ingest)
    for event in events:
        outputs += tell(engine, event, rows=ROWS)
    return outputs + wait(engine, T0 + seconds(until), rows=ROWS)


def of(outputs: Sequence[Output], kind: str) -> list[Signal]:
    return [one for one in those(outputs, Signal) if one.kind == kind]


def view_of(signal: Signal) -> ExpectationsView:
    assert isinstance(signal.expectations, ExpectationsView)
    return signal.expectations


def test_a_release_that_moves_priced_cuts_is_told_once_for_each_instrument() -> None:
    words = [priced(cuts, T0 + seconds(s)) for cuts, s in ((1.4, -60.0), (1.38, 2.0), (1.15, 20.0), (1.1, 40.0))]

    outputs = played(build(), *words)

    told = of(outputs, "expectations")
    assert [one.instrument for one in told] == [one.id for one in INSTRUMENTS]
    first = told[0]
    assert (first.verdict, first.horizons, first.confidence, first.ts_scheduled) == ("no_edge", (), None, T0)
    assert [cause.release_id for cause in first.causes] == ["us.cpi.yoy:2025-01"]
    view = view_of(first)
    assert (view.cuts_before, view.cuts, view.change_cuts) == pytest.approx((1.4, 1.15, -0.25))
    assert (view.threshold_cuts, view.threshold_from) == (0.1, "configured")
    assert not isinstance(view.explained_bps, float)


def test_the_change_explains_the_reaction_and_is_in_no_prediction() -> None:
    words = [priced(1.4, T0 - seconds(60)), priced(1.15, T0 + seconds(20))]

    outputs, without = played(build(), *words), played(build())

    reactions = [one for one in of(outputs, "reaction") if one.instrument == INSTRUMENTS[0].id]
    by_time = {(one.ts_event - T0) // 10**9: one for one in reactions}
    assert not isinstance(by_time[10].expectations, ExpectationsView)  # it came later
    assert not isinstance(view_of(by_time[60]).explained_bps, float)  # not estimated over a minute
    over = view_of(by_time[300])
    assert over.explained_bps == pytest.approx(80.0 * -0.25)
    assert over.explained_error_bps == pytest.approx(20.0 * 0.25)
    for kind in ("release", "scenario", "guard"):
        assert list(map(encode_data, of(outputs, kind))) == list(map(encode_data, of(without, kind)))


@pytest.mark.parametrize(
    "words",
    [
        [],
        [priced(1.4, T0 - seconds(60))],  # the feed is cut
        [priced(1.4, T0 + seconds(1)), priced(-30.0, T0 + seconds(2))],  # nothing was known before
        [priced(1.4, T0 - seconds(60)), priced(1.45, T0 + seconds(20))],  # no more than usual
        [priced(1.4, T0 - seconds(60)), priced(0.4, T0 + seconds(301))],  # too late to be its doing
        [priced(1.4, T0 - seconds(60)), priced(0.4, T0 + seconds(0.05))],  # before the figure was out
    ],
)
def test_what_proves_nothing_is_not_told_and_the_release_goes_on(words: list[Expectations]) -> None:
    outputs, without = played(build(), *words), played(build())

    assert of(outputs, "expectations") == []
    for kind in ("release", "guard"):
        assert list(map(encode_data, of(outputs, kind))) == list(map(encode_data, of(without, kind)))


def test_a_source_that_lies_is_contradicted_by_another() -> None:
    words = [
        priced(1.4, T0 - seconds(60)),
        priced(1.4, T0 - seconds(50), source="liar"),
        priced(1.38, T0 + seconds(5)),
        priced(-5.0, T0 + seconds(6), source="liar"),
    ]

    told = of(played(build(), *words), "expectations")

    assert {view_of(one).source for one in told} == {"liar"}
    assert all("conflicting_sources" in one.flags for one in told)


def test_a_repetition_is_refused_and_counted() -> None:
    engine = build()
    tell(engine, priced(1.4, T0 - DAY), rows=ROWS)

    again = tell(engine, priced(1.4, T0 - DAY), rows=ROWS)

    assert [(one.reason, one.channel) for one in those(again, Rejected)] == [("repeated", "cme")]


def test_what_was_said_and_seen_is_known_after_a_restart() -> None:
    engine, after = build(CutsRules()), build(CutsRules())
    for one in (engine, after):
        tell(one, scheduled(ts_ingest=T0 - 40 * DAY), heartbeat(at=T0 - 40 * DAY), rows=ROWS)
    for day in range(28, 0, -1):
        for s, cuts in ((-60.0, 1.4), (60.0, 1.41), (900.0, 1.4)):
            tell(engine, priced(cuts, T0 - day * DAY + seconds(s)), rows=ROWS)
    calendar = MqttCalendar(INDICATORS)
    for memory in engine.surroundings.memory():
        step = calendar.on_recalled("movers/remembered", remembered_payload(memory), T0 - DAY // 2)
        tell(after, *those(step.events, Remembered), rows=ROWS)
    for word in engine.surroundings.expectations:
        step = calendar.on_message("expectations/fed_funds", expectations_payload(word), T0 - DAY // 2)
        tell(after, *those(step.events, Expectations), rows=ROWS)

    words = figure(ts_ingest=T0 + seconds(0.1)), priced(1.1, T0 + seconds(20))
    told, retold = (of(tell(one, *words, rows=ROWS), "expectations") for one in (engine, after))

    assert told
    assert list(map(encode_data, told)) == list(map(encode_data, retold))
    assert view_of(told[0]).threshold_from == "quiet_days"
