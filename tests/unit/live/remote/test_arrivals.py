"""What is believed of another host's rows, and what is flagged."""

from typing import Any

import numpy as np
import pytest

from signald.core.board import Board
from signald.core.kernels.rows import FLAG_CROSSED, FLAG_STALE, ROW_USED, ROW_WORDS, STATE_DISCONNECTED
from signald.live.book_tally import BookTally
from signald.live.remote.arrivals import MOST_WRITERS, Arrivals
from signald.live.remote.packing import WHOLE, Head, layout_of, pack
from signald.live.remote.server_time import ServerTime
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from tests.support.rows import live_rows

NAMES = ("A.X", "B.Y")
THERE = 1_000 * NS_PER_S
"""What the other host's wall clock shows when ours shows 500 s: neither is right."""


class Clock:
    def __init__(self) -> None:
        self.mono: Nanos = 10 * NS_PER_S

    def now(self) -> Nanos:
        return 490 * NS_PER_S + self.mono

    def monotonic(self) -> Nanos:
        return self.mono


class Desk:
    """The receiving end; the other host's monotonic clock and the server's both show what ours does."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.board = Board(("OWN.K", *NAMES))
        self.tally = BookTally(NAMES)
        self.arrivals = Arrivals(
            self.board,
            [1, 2],
            server_time=ServerTime(self.clock),
            clock=self.clock,
            late_after_ns=250 * NS_PER_MS,
            silent_after_ns=NS_PER_S,
            tally=self.tally,
        )

    def hear(self, sequence: int, *numbers: int, way: Nanos = 0, bid: float = 1.0, **said: Any) -> None:  # noqa: ANN401 - fields of several types
        """A message that was on its way for so long, with rows made 5 ms before it was sent."""
        sent = self.clock.mono - way
        head = Head(layout_of(NAMES, ()), 1, 1, sequence, 0, 0, sent, THERE + sent, 0, 0)
        changes: dict[str, Any] = {"ts_ingest": THERE + sent - 5 * NS_PER_MS, "bid": bid, **said.pop("row", {})}
        rows = live_rows(len(numbers), **changes)
        words = np.frombuffer(rows.tobytes(), np.int64).reshape(-1, ROW_WORDS)[:, :ROW_USED]
        self.arrivals.take(pack(head._replace(**said), list(numbers), words))

    def flags(self) -> list[int]:
        return self.board.read()["flags"].tolist()[1:]

    def bids(self) -> list[float]:
        return self.board.read()["bid"].tolist()[1:]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_row_is_as_old_as_it_was_and_the_way(desk: Desk) -> None:
    desk.hear(1, 0, way=30 * NS_PER_MS)

    row = desk.board.read()[1]
    assert desk.clock.now() - int(row["ts_ingest"]) == 35 * NS_PER_MS
    assert int(row["ts_touch"]) == 0  # not known there, not known here
    assert desk.arrivals.transit == 30 * NS_PER_MS


def test_a_clock_that_is_wrong_makes_no_row_of_the_future(desk: Desk) -> None:
    desk.hear(1, 0, way=-3 * NS_PER_S)

    assert int(desk.board.read()[1]["ts_ingest"]) <= desk.clock.now()
    assert desk.arrivals.transit == 0


def test_a_row_whose_way_took_too_long_is_flagged_until_one_comes_in_time(desk: Desk) -> None:
    desk.hear(1, 0, way=251 * NS_PER_MS)
    late = desk.flags()
    desk.hear(2, 0)

    assert late == [FLAG_STALE, 0]
    assert desk.flags() == [0, 0]
    assert (desk.arrivals.late, desk.arrivals.doubted) == (1, 1)


def test_what_a_missing_message_may_have_changed_is_flagged_until_it_comes_again(desk: Desk) -> None:
    desk.hear(1, 0, 1, flags=WHOLE)
    desk.hear(4, 1)
    after_gap = desk.flags()
    desk.hear(5, 0, 1, flags=WHOLE)

    assert after_gap == [FLAG_STALE, 0]
    assert desk.flags() == [0, 0]
    assert (desk.arrivals.gaps, desk.arrivals.missed) == (1, 2)


def test_silence_flags_all_rows_and_the_next_word_only_those_it_has(desk: Desk) -> None:
    desk.hear(1, 0, 1)
    desk.clock.mono += NS_PER_S
    desk.arrivals.look()
    in_time = desk.flags()
    desk.clock.mono += 1
    desk.arrivals.look()
    silent = (desk.flags(), desk.arrivals.is_silent())
    desk.hear(2, 1)

    assert in_time == [0, 0]
    assert silent == ([FLAG_STALE, FLAG_STALE], True)
    assert desk.flags() == [FLAG_STALE, 0]
    assert not desk.arrivals.is_silent()


def test_the_same_row_again_is_no_younger(desk: Desk) -> None:
    desk.hear(1, 0)
    first = int(desk.board.read()[1]["ts_ingest"])
    again = {"ts_ingest": THERE + desk.clock.mono - 5 * NS_PER_MS}
    desk.clock.mono += 100 * NS_PER_MS
    versions = desk.board.versions().tolist()
    desk.hear(2, 0, row=again)

    assert int(desk.board.read()[1]["ts_ingest"]) == first
    assert desk.board.versions().tolist() == versions


def test_a_later_lease_fences_the_earlier_and_doubts_its_rows(desk: Desk) -> None:
    desk.hear(1, 0, 1)
    desk.hear(1, 0, epoch=2, run=5, bid=2.0)
    desk.hear(2, 0, 1, bid=3.0)

    assert desk.bids() == [2.0, 1.0]
    assert desk.flags() == [0, FLAG_STALE]
    assert desk.arrivals.refused["fenced"] == 1


def test_a_writer_that_was_started_again_begins_anew_and_the_one_before_is_fenced(desk: Desk) -> None:
    desk.hear(7, 0, 1)
    desk.hear(1, 0, run=2, bid=2.0)
    desk.hear(8, 1, bid=3.0)

    assert desk.bids() == [2.0, 1.0]
    assert desk.flags() == [0, FLAG_STALE]
    assert desk.arrivals.gaps == 0
    assert desk.arrivals.refused["fenced"] == 1


def test_a_message_that_comes_twice_counts_once(desk: Desk) -> None:
    desk.hear(2, 0)
    desk.hear(2, 0, bid=9.0)
    desk.hear(1, 0, bid=9.0)

    assert desk.bids()[0] == 1.0
    assert desk.arrivals.refused["repeated"] == 2


def test_after_a_long_silence_whoever_speaks_is_believed(desk: Desk) -> None:
    desk.hear(9, 0, epoch=100)
    desk.clock.mono += 6 * NS_PER_S
    desk.hear(1, 0, epoch=3, bid=2.0)

    assert desk.bids()[0] == 2.0
    assert desk.arrivals.refused["fenced"] == 0


def test_a_writer_begins_anew_by_a_clock_that_is_behind_once_the_one_before_is_long_silent(desk: Desk) -> None:
    for second in range(1, 8):
        desk.hear(second, 1)  # another one never is
        desk.hear(1, 0, writer=1, run=9 if second == 1 else 8, bid=float(second))
        desk.clock.mono += NS_PER_S

    assert desk.bids()[0] == 7.0
    assert desk.arrivals.refused["fenced"] == 5


def test_what_was_flagged_there_stays_flagged_here(desk: Desk) -> None:
    desk.hear(1, 0, row={"flags": FLAG_CROSSED})

    assert desk.flags()[0] == FLAG_CROSSED


def test_books_that_are_lost_and_found_there_are_counted_here(desk: Desk) -> None:
    desk.hear(1, 0)
    desk.hear(2, 0, row={"state": STATE_DISCONNECTED})
    desk.hear(3, 0, bid=2.0)

    assert (desk.tally.gaps("A.X"), desk.tally.resyncs("A.X")) == (1, 1)


def test_what_is_no_message_is_counted(desk: Desk) -> None:
    desk.arrivals.take(b"no message")

    assert desk.arrivals.refused["malformed"] == 1
    assert desk.arrivals.messages == 0


def test_a_writer_beyond_the_most_is_refused_by_a_name_of_its_own(desk: Desk) -> None:
    desk.hear(1, 0, writer=MOST_WRITERS - 1)
    desk.hear(1, 1, writer=MOST_WRITERS)

    assert desk.bids()[0] == 1.0
    assert (desk.arrivals.messages, desk.arrivals.refused["too_many"], desk.arrivals.refused["fenced"]) == (1, 1, 0)
