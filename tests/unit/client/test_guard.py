from msgspec.structs import replace

from signald.client.entries import Received
from signald.client.guard import GuardBook
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from tests.support.desk_stream import INSTRUMENT, guard_signal
from tests.support.signals import T0, sample_signal

TAKEN = 1_000 * NS_PER_S


def received(signal: Signal, *, after_ns: int = 0) -> Received:
    return Received(
        entry="1-0",
        id=signal.id,
        kind=signal.kind,
        instrument=signal.instrument,
        sequence=1,
        ts_scored=signal.ts_ingest,
        ts_publish=signal.ts_event + after_ns,
        late_ms=0,
        signal=signal,
        is_redelivered=False,
    )


def book_of(*signals: Signal) -> GuardBook:
    book = GuardBook()
    for signal in signals:
        book.take(received(signal), taken=TAKEN)
    return book


def test_guidance_holds_until_its_time_and_not_a_nanosecond_longer() -> None:
    book = book_of(guard_signal("normal", life_s=60, ts_event=T0))

    last, after = (book.guidance(INSTRUMENT, TAKEN + 60 * NS_PER_S - left) for left in (1, 0))

    assert (last.state, last.reason) == ("normal", "guided")
    assert (after.state, after.reason) == ("widen", "expired")


def test_what_came_late_does_not_hold_longer() -> None:
    book = GuardBook()
    book.take(received(guard_signal("normal", life_s=60, ts_event=T0), after_ns=50 * NS_PER_S), taken=TAKEN)

    assert book.guidance(INSTRUMENT, TAKEN + 9 * NS_PER_S).state == "normal"
    assert book.guidance(INSTRUMENT, TAKEN + 10 * NS_PER_S).state == "widen"


def test_dead_mans_widen_is_never_a_widening_by_nothing() -> None:
    signal = guard_signal("normal", life_s=60, ts_event=T0)
    assert signal.desk is not None
    book = book_of(replace(signal, desk=replace(signal.desk, quote_widen_bps=0.0)))

    assert book.guidance(INSTRUMENT, TAKEN + 60 * NS_PER_S).quote_widen_bps is None


def test_older_guidance_does_not_take_the_place_of_newer() -> None:
    book = book_of(guard_signal("hold", life_s=60, ts_event=T0), guard_signal("normal", life_s=90, ts_event=T0 - 1))

    assert book.guidance(INSTRUMENT, TAKEN).state == "hold"


def test_scored_figure_counts_as_guidance_at_once_but_only_of_its_own_release() -> None:
    hold = guard_signal("hold", life_s=60, ts_event=T0 - NS_PER_S)
    figure = sample_signal(instrument=INSTRUMENT, ts_event=T0, ts_ingest=T0)
    stranger = replace(figure, ts_scheduled=T0 + 1)

    assert book_of(hold, figure).guidance(INSTRUMENT, TAKEN).state == "released"
    assert book_of(hold, stranger).guidance(INSTRUMENT, TAKEN).state == "hold"


def test_halt_widens_everything_until_resume() -> None:
    normal = guard_signal("normal", life_s=60, ts_event=T0)
    halt = sample_signal(kind="halt", instrument=None, desk=None)
    resume = sample_signal(kind="resume", instrument=None, desk=None)

    halted, resumed = book_of(normal, halt), book_of(normal, halt, resume)

    assert halted.guidance(INSTRUMENT, TAKEN)[0] == "widen"
    assert halted.guidance(INSTRUMENT, TAKEN).reason == "halted"
    assert resumed.guidance(INSTRUMENT, TAKEN).state == "normal"


def test_expiry_is_told_once_until_there_is_guidance_again() -> None:
    book = book_of(guard_signal("normal", life_s=60, ts_event=T0))
    later = TAKEN + 61 * NS_PER_S

    assert list(book.newly_expired(TAKEN)) == []
    assert [list(book.newly_expired(later)) for _ in range(2)] == [[INSTRUMENT], []]
    book.take(received(guard_signal("normal", life_s=60, ts_event=T0 + 1)), taken=later)
    assert list(book.newly_expired(later)) == []
    assert list(book.newly_expired(later + 60 * NS_PER_S)) == [INSTRUMENT]


def test_ladder_is_the_newest_scenario_of_each_instrument() -> None:
    first, second = (sample_signal(id=f"{n:032x}", kind="scenario", instrument=INSTRUMENT) for n in (1, 2))

    book = book_of(first, second)

    assert book.ladder("us.cpi.yoy:2025-01") == {INSTRUMENT: second}
    assert book.ladder("us.nfp:2025-01") == {}
