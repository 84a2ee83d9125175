"""However messages are interleaved and repeated, the engine ends in one state and says one thing; replay repeats it."""

from collections.abc import Sequence
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from signald.core.engine import Engine, Output
from signald.model.events import Event
from signald.model.macro import Release, ReleaseKind, ScheduledRelease, ScheduleState
from signald.model.notices import Rejected
from signald.model.signals import Signal
from signald.sinks.encoding import encode_data
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
from tests.support.engine import CLOSE, INSTRUMENTS, build_engine, seconds, tell, those, wait
from tests.support.rows import live_rows

FIRST, CORRECTION, RETRACTION = ReleaseKind.FIRST, ReleaseKind.CORRECTION, ReleaseKind.RETRACTION
RELEASES = (CPI_JANUARY, CORE_CPI_JANUARY)
SOURCES = ("bls", "wire")
STILL = live_rows(len(INSTRUMENTS), ts_ingest=T0 - 2 * DAY)
"""Books in which nothing happens: they tell the same to who is late."""
BEFORE = (scheduled(), scheduled(CORE_CPI_JANUARY), heartbeat(at=T0 - 1))

plausible = st.sampled_from([2.8, 3.0, 3.1])


@st.composite
def stories(draw: st.DrawFn) -> list[Release]:
    """What one source says of one release, in its order: a figure, corrections, perhaps a retraction in the end."""
    source, release_id = draw(st.sampled_from(SOURCES)), draw(st.sampled_from(RELEASES))
    actuals = draw(st.lists(plausible, min_size=1, max_size=3, unique=True))
    words = [
        figure(actual, release_id, source=source, sequence=number + 1, kind=CORRECTION if number else FIRST)
        for number, actual in enumerate(actuals)
    ]
    if draw(st.integers(0, 3)) == 0:
        words.append(figure(None, release_id, source=source, sequence=len(words) + 1, kind=RETRACTION))
    return words


def tales() -> st.SearchStrategy[list[list[Release]]]:
    """At most one story for each source and release."""
    return st.lists(stories(), min_size=1, max_size=4, unique_by=lambda story: (story[0].source, story[0].release_id))


def interleave(tale: Sequence[Sequence[Release]], random: Random, *, repetitions: int) -> list[Release]:
    """One order in which the stories may be heard, each word once or several times, 50 ms apart."""
    turns = [number for number, story in enumerate(tale) for _ in story]
    random.shuffle(turns)
    told = [0] * len(tale)
    heard: list[Release] = []
    for turn in turns:
        heard.append(tale[turn][told[turn]])
        told[turn] += 1
    for _ in range(repetitions):
        place = random.randrange(len(heard))
        heard.insert(random.randint(place + 1, len(heard)), heard[place])
    return [msgspec.structs.replace(one, ts_ingest=T0 + 50_000_000 * turn) for turn, one in enumerate(heard)]


def state_of(engine: Engine) -> object:
    """What counts of each release, and who contradicts it."""
    return {
        name: (window.current and window.current.release.actual, window.contradicted, window.is_confirmed)
        for name, window in sorted(engine.windows.items())
    }


def final_words(outputs: Sequence[Output]) -> object:
    """The last scored document of the bundle for each instrument, apart from what the order of arrival must change.

    Left out: ``id``, ``figure``, ``kind`` and ``revision``, which count what was accepted on the way there (a figure
    that was outvoted, a first figure that was never needed); every time; the guidance's expiry and the book's age,
    which follow from them; and ``unconfirmed``, which was true when the document was written.
    """
    last = {one.instrument: one for one in those(outputs, Signal) if one.verdict not in {None, "quarantined"}}
    return {
        instrument: (
            [msgspec.structs.replace(cause, figure=0) for cause in one.causes],
            (one.verdict, one.confidence, one.horizons, one.model),
            one.book and msgspec.structs.replace(one.book, age_ms=0.0),
            one.desk and msgspec.structs.replace(one.desk, ts_expires=0),
            [flag for flag in one.flags if flag != "unconfirmed"],
        )
        for instrument, one in last.items()
    }


@settings(max_examples=100)
@given(tales(), st.randoms(use_true_random=False), st.integers(0, 6))
def test_any_interleaving_and_repetition_ends_in_the_same_state_and_the_same_final_words(
    tale: list[list[Release]], random: Random, repetitions: int
) -> None:
    plain, mixed = build_engine(), build_engine()

    said = tell(plain, *BEFORE, *interleave(tale, Random(0), repetitions=0))
    also = tell(mixed, *BEFORE, *interleave(tale, random, repetitions=repetitions))

    assert state_of(mixed) == state_of(plain)
    if any(window.current is not None for window in plain.windows.values()):
        assert final_words(also) == final_words(said)


@settings(max_examples=60)
@given(st.permutations([(source, release_id) for source in SOURCES for release_id in RELEASES]), st.data())
def test_siblings_that_sources_agree_on_end_with_the_same_ids_in_any_order(
    order: list[tuple[str, str]], data: st.DataObject
) -> None:
    actuals = {release_id: data.draw(plausible) for release_id in RELEASES}
    words = [figure(actuals[release_id], release_id, source=source) for source, release_id in order]
    repeated = [*words, *data.draw(st.lists(st.sampled_from(words), max_size=4))]
    engine, plain = build_engine(), build_engine()

    said = those(tell(engine, *BEFORE, *repeated), Signal)
    expected = those(tell(plain, *BEFORE, *(figure(actuals[one], one) for one in RELEASES)), Signal)

    last = {one.instrument: (one.id, one.revision, one.kind) for one in said}
    assert last == {one.instrument: (one.id, one.revision, one.kind) for one in expected}
    assert len({one.id for one in said}) == len(said)


# -- replay and restart -----------------------------------------------------------------------------------------------

moments = st.integers(-1_000, 400).map(lambda tenths: T0 + tenths * seconds(0.1)) | st.integers(
    T0 - seconds(2_000), T0 + CLOSE + seconds(10)
)


@st.composite
def schedules(draw: st.DrawFn) -> ScheduledRelease:
    return scheduled(
        draw(st.sampled_from([*RELEASES, NFP_JANUARY])),
        source=draw(st.sampled_from([*SOURCES, "third"])),
        sequence=draw(st.integers(0, 9)),
        ts_scheduled=T0 + draw(st.sampled_from([0, 0, 0, seconds(60), -seconds(30), DAY])),
        consensus=draw(st.sampled_from([None, 2.9, 3.0, 290.0])),
        state=draw(st.sampled_from([*ScheduleState, ScheduleState.SCHEDULED])),
        ts_ingest=draw(moments),
    )


@st.composite
def releases(draw: st.DrawFn) -> Release:
    kind = draw(st.sampled_from([*ReleaseKind, FIRST, FIRST]))
    actual = draw(st.sampled_from([2.8, 3.0, 3.1, 4.9, 0.029, 256_000.0]))
    return figure(
        None if kind is RETRACTION and draw(st.booleans()) else actual,
        draw(st.sampled_from([*RELEASES, NFP_JANUARY, "us.cpi.yoy:2025-02"])),
        source=draw(st.sampled_from([*SOURCES, "third"])),
        sequence=draw(st.integers(0, 30)),
        kind=kind,
        revised_prior=draw(st.sampled_from([None, None, 2.8])),
        ts_event=draw(moments),
        ts_ingest=draw(moments),
    )


heartbeats = st.builds(
    lambda source, at, covers: heartbeat(source, at=at, covers=covers),
    st.sampled_from([*SOURCES, "third"]),
    moments,
    st.sampled_from([("us.*",), ("us.cpi.yoy",), ("gb.*",), ()]),
)

days: st.SearchStrategy[list[Event]] = st.lists(schedules() | releases() | releases() | heartbeats, max_size=40).map(
    lambda events: sorted([*BEFORE, *events], key=lambda event: event.ts_ingest)
)


def recorded(outputs: Sequence[Output]) -> list[bytes]:
    """Everything that was said, as it is journalled: every number is finite and every text can be written."""
    return [encode_data(one) if isinstance(one, Signal) else msgspec.json.encode(one) for one in outputs]


@settings(max_examples=60)
@given(days)
def test_the_same_events_give_the_same_bytes_with_and_without_ticks(events: list[Event]) -> None:
    ticking, again, sleeping = build_engine(), build_engine(), build_engine()

    said = [
        one
        for event in events
        for one in (*wait(ticking, event.ts_ingest, rows=STILL), *tell(ticking, event, rows=STILL))
    ]

    assert recorded(said) == recorded(
        [
            one
            for event in events
            for one in (*wait(again, event.ts_ingest, rows=STILL), *tell(again, event, rows=STILL))
        ]
    )
    assert recorded(tell(sleeping, *events, rows=STILL)) == recorded(said)


@settings(max_examples=60)
@given(days, st.data())
def test_an_engine_rebuilt_at_any_point_goes_on_as_if_nothing_had_happened(
    events: list[Event], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    steady, rebuilt = build_engine(), build_engine()
    tell(steady, *events[:cut])
    tell(rebuilt, *events[:cut])
    now = events[cut - 1].ts_ingest if cut else 0
    retained = [
        msgspec.structs.replace(word, ts_ingest=now) for word in events[:cut] if isinstance(word, ScheduledRelease)
    ]
    data.draw(st.randoms(use_true_random=False)).shuffle(retained)

    reread = tell(rebuilt, *retained)

    assert all(isinstance(one, Rejected) for one in reread)
    assert recorded(tell(rebuilt, *events[cut:])) == recorded(tell(steady, *events[cut:]))


@settings(max_examples=100)
@given(days)
def test_an_id_is_given_to_one_document_and_a_retraction_unwinds_each_once(events: list[Event]) -> None:
    engine = build_engine()

    signals = those([*tell(engine, *events), *wait(engine, T0 + 3 * DAY)], Signal)

    assert len({one.id for one in signals}) == len(signals)
    unwound = [one for signal in signals if signal.retracts is not msgspec.UNSET for one in signal.retracts]
    assert len(set(unwound)) == len(unwound)
    assert set(unwound) <= {one.id for one in signals if one.verdict not in {None, "quarantined"}}
