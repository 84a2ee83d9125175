import random

import pytest

from signald.core.book import Book
from signald.core.kernels import layout
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, RING
from tests.support.instruments import BTCUSDT
from tests.support.kernel_probes import pairs_of, probe_apply, probe_money

MIDDLE = 6_180_000


@pytest.mark.parametrize("seed", range(3))
def test_money_is_the_sum_of_ticks_times_lots(seed: int) -> None:
    pick = random.Random(seed)
    book = Book(BTCUSDT)
    levels: dict[int, int] = {}
    for _ in range(60):
        changes = [
            (MIDDLE - int(pick.expovariate(1e-4)) - 1, pick.choice((0, pick.randint(1, 10**9)))) for _ in range(50)
        ]
        changes = [(max(1, tick), lots) for tick, lots in changes]
        levels.update(changes)
        probe_apply(book.words, BID_SIDE, pairs_of(*changes))
        low, high = sorted((MIDDLE - pick.randrange(2 * RING), MIDDLE - pick.randrange(2 * RING)))

        money = probe_money(book.words, BID_SIDE, low, high)

        assert money == pytest.approx(
            sum(tick * lots for tick, lots in levels.items() if low <= tick <= high), rel=1e-12
        )


@pytest.mark.parametrize(("low", "high"), [(5, 4), (10**9, 10**9 + 5), (1, 2), (MIDDLE + 1, MIDDLE + 200)])
def test_where_nothing_rests_there_is_no_money(low: int, high: int) -> None:
    book = Book(BTCUSDT)
    probe_apply(book.words, BID_SIDE, pairs_of((MIDDLE, 3)))

    assert probe_money(book.words, BID_SIDE, low, high) == 0


@pytest.mark.parametrize("at", [0, 1, 62, 63, 64, 65, 127, 128, 1_000])
def test_both_ends_are_within(at: int) -> None:
    book = Book(BTCUSDT)
    first = int(MIDDLE // 64 * 64)
    probe_apply(book.words, ASK_SIDE, pairs_of(*((first + n, 1) for n in range(1_100))))

    for width in (0, 1, 63, 64, 90):
        money = probe_money(book.words, ASK_SIDE, first + at, first + at + width)
        assert money == sum(range(first + at, first + at + width + 1))


def test_money_follows_when_the_window_moves() -> None:
    book = Book(BTCUSDT)
    probe_apply(book.words, BID_SIDE, pairs_of((MIDDLE, 1), (MIDDLE - 5, 2)))
    probe_money(book.words, BID_SIDE, 1, MIDDLE)
    to = MIDDLE + RING
    probe_apply(book.words, BID_SIDE, pairs_of((to, 4)))

    assert book.words[layout.BASE] > MIDDLE - RING // 2
    assert probe_money(book.words, BID_SIDE, 1, to) == MIDDLE + 2 * (MIDDLE - 5) + 4 * to
