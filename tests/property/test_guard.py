"""The guard is the same on every replica, after every restart, with and without ticks, and says nothing twice."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.model.events import Event
from signald.model.macro import Release, ScheduledRelease, ScheduleState
from signald.model.signals import Signal
from signald.model.time import Nanos
from signald.sinks.encoding import encode_data
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, DAY, NFP_JANUARY, T0, figure, scheduled
from tests.support.engine import INSTRUMENTS, build_engine, seconds, tell, those, wait
from tests.support.rows import live_rows

RULES = GuardRules(important=("us.cpi.*",), renew_every_ns=seconds(3_600))
STILL = live_rows(len(INSTRUMENTS), ts_ingest=T0 - 2 * DAY)
"""Books in which nothing happens: they tell the same to who is late."""
IDS = (CPI_JANUARY, CORE_CPI_JANUARY, NFP_JANUARY)
TIMES = st.sampled_from([T0, T0 + seconds(30), T0 + seconds(600), T0 + seconds(3_600)])


@st.composite
def words(draw: st.DrawFn) -> Event:
    """Somebody says something, up to two hours around T0."""
    at = T0 + seconds(draw(st.integers(-3_000, 4_000)))
    name = draw(st.sampled_from(IDS))
    if draw(st.booleans()):
        state = draw(st.sampled_from([ScheduleState.SCHEDULED, ScheduleState.SCHEDULED, ScheduleState.CANCELLED]))
        return scheduled(
            name,
            consensus=None,
            prior=None,
            ts_scheduled=draw(TIMES),
            sequence=at,
            state=state,
            ts_event=at,
            ts_ingest=at,
        )
    return figure(draw(st.sampled_from([2.8, 3.0, 3.3])), name, sequence=at, ts_event=at, ts_ingest=at)


days = st.lists(words(), max_size=12).map(
    lambda said: sorted([scheduled(), scheduled(NFP_JANUARY, consensus=170.0), *said], key=lambda one: one.ts_ingest)
)


def guarded() -> Engine:
    return build_engine(guard=RULES)


def documents(outputs: Sequence[Output]) -> list[bytes]:
    return [encode_data(one) for one in those(outputs, Signal)]


@settings(max_examples=60)
@given(days)
def test_the_same_events_give_the_same_bytes_with_and_without_ticks(events: list[Event]) -> None:
    ticking, sleeping = guarded(), guarded()

    said = [
        one
        for event in events
        for one in (*wait(ticking, event.ts_ingest, rows=STILL), *tell(ticking, event, rows=STILL))
    ]

    assert documents(tell(sleeping, *events, rows=STILL)) == documents(said)


@settings(max_examples=60)
@given(days)
def test_no_step_is_said_twice_and_nothing_is_left_to_do(events: list[Event]) -> None:
    engine = guarded()

    signals = those([*tell(engine, *events), *wait(engine, T0 + 3 * DAY)], Signal)

    assert len({one.id for one in signals}) == len(signals)
    assert engine.next_deadline() is None


@settings(max_examples=60)
@given(days, st.integers(-1_000, 4_500))
def test_an_engine_rebuilt_from_two_hours_goes_on_as_if_nothing_had_happened(events: list[Event], cut_s: int) -> None:
    cut = T0 + seconds(cut_s)
    steady, rebuilt = guarded(), guarded()
    before = [event for event in events if event.ts_ingest < cut]
    after = [event for event in events if event.ts_ingest >= cut]
    tell(steady, *before)
    wait(steady, cut)

    tell(rebuilt, *_remembered(before, since=cut - seconds(7_200)))
    wait(rebuilt, cut)

    assert documents([*tell(rebuilt, *after), *wait(rebuilt, T0 + DAY)]) == documents(
        [*tell(steady, *after), *wait(steady, T0 + DAY)]
    )


def _remembered(events: Sequence[Event], *, since: Nanos) -> list[Event]:
    """What a restart reads: the last two hours, in which every open schedule stands again from the recalls."""
    older = [one for one in events if one.ts_ingest < since]
    recalled = {one.release_id: replace(one, ts_ingest=since) for one in older if isinstance(one, ScheduledRelease)}
    assert not any(isinstance(one, Release) for one in older)
    return [*recalled.values(), *(one for one in events if one.ts_ingest >= since)]
