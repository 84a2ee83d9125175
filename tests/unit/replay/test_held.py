from collections.abc import Iterable

from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.pipeline import NOTHING, Fed
from signald.replay.feeding import Replayed
from signald.replay.held import Held
from signald.sources.protocol import EMPTY
from tests.support.signals import sample_signal

RUN, WORKER = 0, 1
ONE, OTHER = sample_signal(id="one"), sample_signal(id="other")
TICK = Record(RecordKind.TICK, 1, "", "", b"")
FRAME = Record(RecordKind.FRAME, 2, "bids", "", b"1.0")
SAID = Record(RecordKind.SIGNAL, 1, "", "one", b"")
RESTART = session_record(Session(mode="live", recovered_from=0), 3)
BEGIN = session_record(Session(mode="live"), 3)

FOLLOWS = Replayed(TICK, Fed((ONE, OTHER), EMPTY))


def passed(*pieces: tuple[Record, int]) -> Iterable[list[Replayed]]:
    """What is given on at each piece, and at the end."""
    held = Held([True, False])
    for piece, place in pieces:
        replayed = FOLLOWS if piece is TICK else Replayed(piece, NOTHING)
        is_output = piece.kind is RecordKind.SIGNAL
        yield [*held.pass_on([] if is_output else [replayed], piece, place)]
    yield [*held.rest()]


def test_what_follows_is_given_once_the_run_went_on() -> None:
    assert list(passed((TICK, RUN), (SAID, RUN), (FRAME, RUN))) == [[], [], [FOLLOWS, Replayed(FRAME, NOTHING)], []]


def test_what_follows_from_the_last_input_is_given_at_the_end() -> None:
    assert list(passed((TICK, RUN), (SAID, RUN))) == [[], [], [FOLLOWS]]


def test_what_a_restart_says_again_is_left_to_it() -> None:
    *_, given, rest = passed((TICK, RUN), (SAID, RUN), (RESTART, RUN))

    assert [each.fed.outputs for each in given] == [(ONE,), ()]
    assert rest == []


def test_a_run_that_knows_nothing_of_the_one_before_says_nothing_for_it() -> None:
    *_, given, _ = passed((TICK, RUN), (SAID, RUN), (BEGIN, RUN))

    assert given[0] == FOLLOWS


def test_a_workers_records_wait_with_it_in_their_order() -> None:
    *_, waiting, given, _ = passed((TICK, RUN), (FRAME, WORKER), (RESTART, RUN))

    assert waiting == []
    assert [each.record.kind for each in given] == [RecordKind.TICK, RecordKind.FRAME, RecordKind.SESSION]


def test_a_tick_made_before_the_input_was_nobodys_to_cut_off() -> None:
    held = Held([True])
    made = Replayed(TICK, Fed((ONE,), EMPTY))
    own = Replayed(FRAME, Fed((OTHER,), EMPTY))

    waiting = [*held.pass_on([made, own], FRAME, RUN)]
    given = [*held.pass_on([], RESTART, RUN)]

    assert waiting == []
    assert [each.fed.outputs for each in given] == [(ONE,), ()]


def test_behind_the_end_of_a_run_nothing_is_held() -> None:
    held = Held([True, False])
    run = held.until_over([TICK], RUN)
    for piece in run:
        assert [*held.pass_on([FOLLOWS], piece, RUN)] == []

    given = [*held.pass_on([Replayed(FRAME, NOTHING)], FRAME, WORKER)]

    assert given == [FOLLOWS, Replayed(FRAME, NOTHING)]
