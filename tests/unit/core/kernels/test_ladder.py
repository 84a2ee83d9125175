import random
from typing import Final

import numpy as np
import pytest

from signald.core.book import Book
from signald.core.kernels import layout
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, NONE, RING
from tests.support.instruments import BTCUSDT
from tests.support.kernel_probes import pairs_of, probe_apply

MIDDLE: Final = 6_180_000
Levels = dict[int, int]


class Twin:
    """A ladder and the dictionaries it should equal."""

    def __init__(self) -> None:
        self.book = Book(BTCUSDT)
        self.sides: tuple[Levels, Levels] = ({}, {})

    def apply(self, side: int, *levels: tuple[int, int]) -> int:
        for tick, lots in levels:
            self.sides[side][tick] = lots
            if not lots:
                del self.sides[side][tick]
        return probe_apply(self.book.words, side, pairs_of(*levels))

    def check(self) -> None:
        words = self.book.words
        bids, asks = self.sides
        assert tuple(words[layout.BEST : layout.BEST + 2]) == (max(bids, default=NONE), min(asks, default=NONE))
        assert self.book.counts == (len(bids), len(asks))
        for side, levels in zip(("bid", "ask"), self.sides, strict=True):
            ours = [(int(price * 100), int(size * 100_000)) for price, size in self.book.levels(side, 1 << 20)]
            assert ours == sorted(levels.items(), reverse=side == "bid")
        self.check_bits()

    def check_bits(self) -> None:
        """A bit is set where a slot is taken, and nowhere else."""
        for side in (BID_SIDE, ASK_SIDE):
            start = layout.RINGS + side * RING
            taken = np.flatnonzero(self.book.words[start : start + RING])
            bits = self.book.words[layout.BITS + side * layout.RING_WORDS :][: layout.RING_WORDS]
            set_ = np.flatnonzero(np.unpackbits(bits.copy().view(np.uint8), bitorder="little"))
            assert taken.tolist() == set_.tolist()


def test_levels_are_set_changed_and_taken_away() -> None:
    twin = Twin()

    twin.apply(BID_SIDE, (MIDDLE, 5), (MIDDLE - 1, 6), (MIDDLE - 70, 7))
    twin.apply(ASK_SIDE, (MIDDLE + 1, 8), (MIDDLE + 200, 9))
    twin.check()
    twin.apply(BID_SIDE, (MIDDLE, 0), (MIDDLE - 1, 60), (MIDDLE - 2, 0))
    twin.apply(ASK_SIDE, (MIDDLE + 1, 0))
    twin.check()
    twin.apply(BID_SIDE, (MIDDLE - 1, 0), (MIDDLE - 70, 0))
    twin.apply(ASK_SIDE, (MIDDLE + 200, 0))
    twin.check()

    assert twin.book.counts == (0, 0)


def test_of_two_sizes_for_one_level_the_last_counts() -> None:
    twin = Twin()
    twin.apply(BID_SIDE, (MIDDLE, 5))

    twin.apply(BID_SIDE, (MIDDLE + 3, 5), (MIDDLE + 3, 0), (MIDDLE - 1, 4), (MIDDLE - 1, 3))

    twin.check()


def test_both_sides_may_stand_at_one_tick() -> None:
    twin = Twin()

    twin.apply(BID_SIDE, (MIDDLE, 5))
    twin.apply(ASK_SIDE, (MIDDLE, 6))
    twin.apply(ASK_SIDE, (MIDDLE, 0))

    twin.check()


@pytest.mark.parametrize("distance", [RING // 2 - 1, RING // 2, RING, 10**9])
def test_levels_beyond_the_window_are_kept(distance: int) -> None:
    twin = Twin()
    twin.apply(BID_SIDE, (MIDDLE, 5))
    twin.apply(ASK_SIDE, (MIDDLE + 1, 6))

    twin.apply(BID_SIDE, (max(1, MIDDLE - distance), 7))
    twin.apply(ASK_SIDE, (MIDDLE + distance, 8))

    twin.check()
    twin.apply(BID_SIDE, (max(1, MIDDLE - distance), 0))
    twin.apply(ASK_SIDE, (MIDDLE + distance, 0))
    twin.check()


@pytest.mark.parametrize(
    "to", [1, 64, RING // 2, MIDDLE + RING // 4 + 3, MIDDLE + RING // 2, MIDDLE + 5 * RING, 10**12]
)
def test_the_window_follows_the_touch(to: int) -> None:
    twin = Twin()
    twin.apply(BID_SIDE, *((MIDDLE - n * 37, n + 1) for n in range(200)))
    twin.apply(ASK_SIDE, *((MIDDLE + 1 + n * 41, n + 1) for n in range(200)))

    twin.apply(ASK_SIDE, *((tick, 0) for tick in list(twin.sides[ASK_SIDE])))
    twin.apply(ASK_SIDE, (to + 1, 3))
    twin.apply(BID_SIDE, *((tick, 0) for tick in list(twin.sides[BID_SIDE]) if tick > to), (to, 4))

    twin.check()
    assert 0 <= to - twin.book.words[layout.BASE] < RING
    assert twin.book.words[layout.APART] == 0


def test_sides_farther_apart_than_the_window_are_kept() -> None:
    twin = Twin()

    twin.apply(BID_SIDE, (MIDDLE, 5), (MIDDLE - 1, 6))
    twin.apply(ASK_SIDE, (MIDDLE + 3 * RING, 7), (MIDDLE + 4 * RING, 8))
    twin.check()
    assert twin.book.words[layout.APART] == 1
    twin.apply(ASK_SIDE, (MIDDLE + 3 * RING, 0), (MIDDLE + 1, 9))

    twin.check()
    assert twin.book.words[layout.APART] == 0


def test_a_crossed_book_is_kept_as_it_is() -> None:
    twin = Twin()

    twin.apply(ASK_SIDE, (MIDDLE, 5), (MIDDLE - 2 * RING, 1))
    twin.apply(BID_SIDE, (MIDDLE + 100, 6), (MIDDLE + 2 * RING, 1))

    twin.check()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seed", range(4))
def test_a_random_walk_equals_dictionaries(seed: int) -> None:
    pick = random.Random(seed)
    twin = Twin()
    middle = MIDDLE
    for step in range(400):
        middle = max(1_000, middle + int(pick.gauss(0, pick.choice((3, 3, 300, 30_000)))))
        for side, sign in ((BID_SIDE, -1), (ASK_SIDE, 1)):
            crossing = [tick for tick in twin.sides[side] if (tick - middle) * sign <= 0]
            distances = (
                int(pick.expovariate(1 / pick.choice((5, 500, 50_000)))) + 1 for _ in range(pick.randrange(30))
            )
            ticks = [max(1, middle + sign * distance) for distance in distances]
            levels = [(tick, pick.choice((0, pick.randint(1, 10**9)))) for tick in ticks]
            twin.apply(side, *((tick, 0) for tick in crossing), *levels)
        if step % 20 == 0:
            twin.check()
    twin.check()
