import random

import pytest

from signald.core.book import Book
from signald.core.kernels import layout
from signald.core.kernels.jit import PLAIN
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, RING
from tests.support.instruments import BTCUSDT
from tests.support.kernel_probes import pairs_of, probe_apply, probe_outside

FAR = 10**9


def test_a_level_is_set_read_changed_and_taken_away() -> None:
    book = Book(BTCUSDT).words

    assert probe_outside(book, BID_SIDE, FAR, 5) == 0
    assert probe_outside(book, ASK_SIDE, FAR, 6) == 0
    assert probe_outside(book, BID_SIDE, FAR, 7) == 5
    assert [probe_outside(book, side, FAR, -1) for side in (BID_SIDE, ASK_SIDE)] == [7, 6]
    assert probe_outside(book, BID_SIDE, FAR, 0) == 7
    assert probe_outside(book, BID_SIDE, FAR, 0) == 0
    assert [probe_outside(book, side, FAR, -1) for side in (BID_SIDE, ASK_SIDE)] == [0, 6]
    assert list(book[layout.OUTSIDE : layout.OUTSIDE + 2]) == [0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_the_table_equals_a_dictionary_as_it_grows(seed: int) -> None:
    pick = random.Random(seed)
    book = Book(BTCUSDT).words
    twin: dict[tuple[int, int], int] = {}

    for _ in range(12_000):
        key = (pick.randrange(2), FAR + pick.randrange(6_000))
        lots = pick.choice((0, 0, 1, pick.randrange(1, 10**12)))
        assert probe_outside(book, *key, lots) == twin.get(key, 0)
        twin[key] = lots

    for key, lots in twin.items():
        assert probe_outside(book, *key, -1) == lots
    taken = [sum(1 for (side, _), lots in twin.items() if lots and side == wanted) for wanted in (0, 1)]
    assert list(book[layout.OUTSIDE : layout.OUTSIDE + 2]) == taken
    assert book[layout.TABLE_WIDTH] > layout.TABLE_WIDTH_FIRST


def test_a_full_table_forgets_the_farthest_half_and_says_how_far_it_knows() -> None:
    book = Book(BTCUSDT)
    words = book.words
    probe_apply(words, BID_SIDE, pairs_of((6_180_000, 1)))
    probe_apply(words, ASK_SIDE, pairs_of((6_180_001, 1)))
    most = 3 * (1 << layout.TABLE_WIDTH_LAST) // 4

    asks = [(6_180_001 + RING + 10 * n, n + 1) for n in range(most)]
    probe_apply(words, ASK_SIDE, pairs_of(*asks))
    assert book.counts == (1, 1 + most)
    assert words[layout.EVICTED] == 0
    probe_apply(words, ASK_SIDE, pairs_of((6_180_001 + RING + 10 * most, 7)))

    kept = book.counts[1] - 1
    assert most // 3 < kept < most
    assert words[layout.EVICTED] == most + 1 - kept
    assert [lots for _, lots in asks[:kept]] == [probe_outside(words, ASK_SIDE, tick, -1) for tick, _ in asks[:kept]]
    assert asks[kept - 1][0] <= words[layout.KNOWN + 1] < asks[kept][0]
    assert words[layout.KNOWN] == max(0, 2 * (words[layout.BASE] + RING // 2) - words[layout.KNOWN + 1])


def test_forgetting_goes_on_for_ever() -> None:
    book = Book(BTCUSDT)
    words = book.words
    probe_apply(words, BID_SIDE, pairs_of((6_180_000, 1)))

    levels = 25_000 if PLAIN else 200_000
    for start in range(0, levels, 1_000):
        probe_apply(words, BID_SIDE, pairs_of(*((6_000_000 - start - n, 1) for n in range(1_000))))

    assert book.counts[0] < 1 << layout.TABLE_WIDTH_LAST
    assert book.levels("bid", 1)[0][0] == 61_800
    assert words[layout.EVICTED] == levels + 1 - book.counts[0]
