"""What makes a book stale, and what does not: one book, two peers, and time."""

import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import layout, rows
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.sources.staleness import Peers, StalenessJudge
from tests.support.instruments import BTCUSDT, BYBIT_PERP, ETHUSDT, OKX_SPOT
from tests.support.kernel_probes import pairs_of, probe_apply, probe_row

START = 1_739_367_000 * NS_PER_S
INSTRUMENTS = (BTCUSDT, OKX_SPOT, BYBIT_PERP, ETHUSDT)
SECOND = 1_000
"""In milliseconds, as is everything here."""


class Market:
    """Four live books; the first is judged after two seconds, the last is of another asset."""

    def __init__(self, *, alone: bool = False, spread: int = 2) -> None:
        self.board = Board([instrument.id for instrument in INSTRUMENTS])
        self.books = [Book(each, self.board.writer_row(n)) for n, each in enumerate(INSTRUMENTS)]
        peers = None if alone else Peers(self.board, INSTRUMENTS, self.books[:1])
        self.judge = StalenessJudge(self.books[:1], after_ms=2_000, move_bps=1.0, peers=peers)
        self.ms = 0
        self._sequences = [0] * len(INSTRUMENTS)
        self._spread = spread
        for number in range(len(INSTRUMENTS)):
            self.move(number, 6_000_000)

    def move(self, number: int, tick: int, *, lag_ms: int = 0, same: bool = False, ts_ms: int | None = None) -> None:
        """A frame comes: the bid is at ``tick``; ``same``: with the sequence of the frame before."""
        book = self.books[number]
        book.forget(rows.STATE_DISCONNECTED)
        probe_apply(book.words, BID_SIDE, pairs_of((tick, 5)))
        probe_apply(book.words, ASK_SIDE, pairs_of((tick + self._spread, 5)))
        self._sequences[number] += not same
        row = book.words[layout.ROW : layout.ROW + rows.ROW_WORDS]
        row[rows.TS_INGEST] = now = START + self.ms * NS_PER_MS
        row[rows.TS_EVENT] = START + (self.ms - lag_ms if ts_ms is None else ts_ms) * NS_PER_MS
        book.words[layout.LAST] = row[rows.SEQUENCE] = self._sequences[number]
        book.words[layout.PHASE] = layout.PHASE_LIVE
        probe_row(book.words, now)
        book.show(rows.STATE_LIVE)

    def after(self, ms: int) -> object:
        """Let time go on; the judgement then."""
        self.ms += ms
        self.judge.look()
        return self.judge.judge(0, START + self.ms * NS_PER_MS)


@pytest.fixture
def market() -> Market:
    market = Market()
    assert market.after(0) is None
    return market


def test_a_book_that_moves_is_not_stale(market: Market) -> None:
    judged = []
    for number in range(20):
        market.move(0, 6_000_000 + number)
        judged.append(market.after(SECOND))

    assert judged == [None] * 20


def test_what_was_noticed_late_was_not_old_as_it_came(market: Market) -> None:
    market.move(0, 6_000_001)

    market.after(60_000)

    assert not market.judge.was_old(0)
    market.move(0, 6_000_002)
    market.ms += 60_000
    market.judge.judge(0, START + market.ms * NS_PER_MS, as_it_comes=True)
    assert market.judge.was_old(0)


def test_a_silent_book_whose_peers_moved_is_left_behind(market: Market) -> None:
    market.after(1_500)
    market.move(1, 6_000_700)

    assert market.after(400) is None
    assert market.after(100) == "left_behind"


def test_a_quiet_market_is_not_stale(market: Market) -> None:
    judged = []
    for _ in range(30):
        market.move(1, 6_000_000)
        market.move(2, 6_000_000)
        judged.append(market.after(SECOND))

    assert judged == [None] * 30


def test_half_its_own_spread_is_no_move() -> None:
    market = Market(spread=12_000)
    market.after(0)
    for _ in range(3):
        market.move(1, 6_004_000)
        assert market.after(SECOND) is None

    market.move(1, 6_009_000)

    assert market.after(100) == "left_behind"


def test_a_move_before_the_silence_counts_for_nothing(market: Market) -> None:
    for number in (0, 1, 2):
        market.move(number, 6_030_000)
    market.after(0)
    for _ in range(4):
        market.move(1, 6_030_000)
        assert market.after(SECOND) is None


def test_another_assets_book_bears_no_witness(market: Market) -> None:
    market.after(1_900)
    market.move(3, 7_000_000)

    assert market.after(100) == "silent"


@pytest.mark.parametrize("alone", [True, False])
def test_a_silent_book_without_a_witness_is_stale(*, alone: bool) -> None:
    market = Market(alone=alone)
    market.after(0)

    assert [market.after(1_999), market.after(1)] == [None, "silent"]


def test_a_stale_or_lost_peer_bears_no_witness(market: Market) -> None:
    market.after(1_900)
    market.move(1, 6_900_000)
    market.books[1].mark_stale(held=False)
    market.move(2, 6_900_000)
    market.books[2].show(rows.STATE_GAP)

    assert market.after(100) == "silent"


def test_a_venue_that_repeats_its_sequence_is_stale() -> None:
    market = Market(alone=True)
    market.after(0)
    judged = []
    for _ in range(3):
        market.ms += SECOND
        market.move(0, 6_000_000, same=True, ts_ms=0)
        judged.append(market.after(0))

    assert judged == [None, "late", "late"]


def test_a_venue_whose_clock_goes_on_says_that_nothing_happened() -> None:
    market = Market(alone=True)
    market.after(0)
    judged = []
    for _ in range(5):
        market.ms += SECOND
        market.move(0, 6_000_000, same=True)
        judged.append(market.after(0))

    assert judged == [None] * 5


def test_a_venue_that_repeats_its_sequence_while_peers_move_is_left_behind(market: Market) -> None:
    judged = []
    for number in range(3):
        market.ms += SECOND
        market.move(0, 6_000_000, same=True)
        market.move(1, 6_001_000 + number)
        judged.append(market.after(0))

    assert judged == [None, "left_behind", "left_behind"]


def test_frames_that_come_later_and_later_are_late(market: Market) -> None:
    judged = []
    for lag_ms in (0, 500, 1_999, 2_000, 60_000, 100):
        market.ms += SECOND
        market.move(0, 6_000_000, lag_ms=lag_ms)
        judged.append(market.after(0))

    assert judged == [None, None, None, "late", "late", None]


def test_a_venue_whose_time_was_ahead_for_a_moment_is_late_for_a_minute_at_most(market: Market) -> None:
    market.ms += SECOND
    market.move(0, 6_000_000, lag_ms=-10_000)
    judged = [market.after(0)]
    for _ in range(62):
        market.ms += SECOND
        market.move(0, 6_000_000, lag_ms=300)
        judged.append(market.after(0))

    assert judged == [None, *["late"] * 60, None, None]


@pytest.mark.parametrize("in_time_again", [0, 30])
def test_what_is_late_by_our_own_clock_too_stays_late(market: Market, in_time_again: int) -> None:
    judged = []
    for second in range(90):
        market.ms += SECOND
        market.move(0, 6_000_000, lag_ms=300 if second == in_time_again else 5_000)
        judged.append(market.after(0))

    assert judged == [None if second == in_time_again else "late" for second in range(90)]


def test_who_is_in_time_again_has_a_minute_again(market: Market) -> None:
    """Late by what it was used to, but not by our own clock: it may be either's clock that was set."""
    judged = []
    for second in range(90):
        market.ms += SECOND
        market.move(0, 6_000_000, lag_ms=-10_000 if second in {0, 50} else 300)
        judged.append(market.after(0))

    assert judged == [None if second in {0, 50} else "late" for second in range(90)]


def test_a_venues_clock_may_be_wrong() -> None:
    market = Market(alone=True)
    market.judge.forget()
    judged = []
    for _ in range(3):
        market.ms += SECOND
        market.move(0, 6_000_000, lag_ms=3_600_000)
        judged.append(market.after(0))

    assert judged == [None] * 3


def test_a_ticker_that_moved_on_alone_shows_that_the_depth_did_not(market: Market) -> None:
    market.after(1_900)
    row = market.books[0].words[layout.ROW : layout.ROW + rows.ROW_WORDS]
    row[rows.TS_TOUCH] = START + market.ms * NS_PER_MS
    row.view(float)[rows.MID] = market.books[0].mid * 1.001
    market.books[0].show(rows.STATE_LIVE)

    assert market.after(100) == "left_behind"
