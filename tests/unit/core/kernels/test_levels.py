import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.book import Book
from signald.core.kernels.outcomes import NOT_PLAIN, OFF_LOT, OFF_TICK, TOO_LARGE, TOO_MANY
from tests.support.instruments import BTCUSDT, spot
from tests.support.kernel_probes import probe_levels

ROOM = 64
Read = tuple[int, int, list[tuple[int, int]]]


def read(text: bytes, book: Book | None = None) -> Read:
    """Count, end and pairs."""
    pairs, out = np.zeros(2 * ROOM, dtype=np.int64), np.zeros(1, dtype=np.int64)
    count = probe_levels(text, (book or Book(BTCUSDT)).words, pairs, out)
    return count, int(out[0]), [(int(a), int(b)) for a, b in pairs[: 2 * max(count, 0)].reshape(-1, 2)]


def test_levels_are_read_as_ticks_and_lots() -> None:
    text = b'[["61737.63000000","0.50000000"],["61730.17000000","0.00000000"]]'

    assert read(text) == (2, len(text), [(6_173_763, 50_000), (6_173_017, 0)])


def test_an_empty_list_has_no_levels() -> None:
    assert read(b'[],"a"') == (0, 2, [])


PRICES = st.integers(1, 10**9)
SIZES = st.integers(0, 10**12)
WAYS = st.sampled_from([(2, 5), (8, 8), (2, 8), (3, 6)])


@given(st.lists(st.tuples(PRICES, SIZES, WAYS), max_size=20), st.binary(max_size=4))
def test_levels_are_read_however_they_are_written(
    levels: list[tuple[int, int, tuple[int, int]]], behind: bytes
) -> None:
    written = [
        [f"{Decimal(price) / 100:.{places}f}", f"{Decimal(size) / 100_000:.{size_places}f}"]
        for price, size, (places, size_places) in levels
    ]
    text = json.dumps(written, separators=(",", ":")).encode()

    count, end, pairs = read(text + behind)

    assert (count, end) == (len(levels), len(text))
    assert pairs == [(price, size) for price, size, _ in levels]


@given(st.lists(st.tuples(PRICES, SIZES), min_size=1, max_size=6), st.data())
def test_a_list_cut_short_or_bent_is_refused(levels: list[tuple[int, int]], data: st.DataObject) -> None:
    written = [[f"{Decimal(p) / 100:.8f}", f"{Decimal(s) / 100_000:.8f}"] for p, s in levels]
    text = json.dumps(written, separators=(",", ":")).encode()
    at = data.draw(st.integers(1, len(text) - 1))  # that a list begins there is the caller's to see
    bent = data.draw(st.sampled_from([text[:at], text[:at] + b" " + text[at:], text[:at] + b"\\" + text[at + 1 :]]))

    count, _, pairs = read(bent)

    if count >= 0:  # a list within the list's text, as far as it goes
        assert pairs == levels[:count]
        assert bent[:at] == text[:at]
    assert count < 0 or len(bent) > len(text)


def test_the_habit_is_kept_and_learned_anew() -> None:
    book = Book(BTCUSDT)
    first = b'[["61737.63000000","0.50000000"],["61737.62000000","0.50000000"]]'
    other = b'[["9.5","1"],["9.25","12.5"],["100000.00000000","0.25000000"]]'

    assert read(first, book)[0] == 2
    assert read(other, book)[2] == [(950, 100_000), (925, 1_250_000), (10_000_000, 25_000)]
    assert read(first, book)[2] == [(6_173_763, 50_000), (6_173_762, 50_000)]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (b'[["61737.635","1"]]', OFF_TICK),
        (b'[["1","1"],["61737.63500000","1.00000000"]]', OFF_TICK),
        (b'[["1","0.000001"]]', OFF_LOT),
        (b'[["1","1"],["1.00000000","0.00000100"]]', OFF_LOT),
        (b'[["1","9999999999999999"]]', TOO_LARGE),
        (b'[["0.00000000","1.00000000"]]', NOT_PLAIN),
        (b'[["1.00000000","1.00000000"],["0.00000000","1.00000000"]]', NOT_PLAIN),
        (b'[["1","1","0"]]', NOT_PLAIN),
        (b'[["1"]]', NOT_PLAIN),
        (b"[[1,1]]", NOT_PLAIN),
        (b'[["1","1"]', NOT_PLAIN),
        (b'[["1","1"],]', NOT_PLAIN),
        (b"[1]", NOT_PLAIN),
        (b"[", NOT_PLAIN),
    ],
)
def test_what_is_no_list_of_levels_is_an_outcome(text: bytes, outcome: int) -> None:
    assert read(text)[0] == -outcome


def test_more_levels_than_fit_are_an_outcome() -> None:
    level = b'["61737.63000000","0.50000000"]'

    assert read(b"[" + b",".join([level] * ROOM) + b"]")[0] == ROOM
    assert read(b"[" + b",".join([level] * (ROOM + 1)) + b"]")[0] == -TOO_MANY


@pytest.mark.parametrize(("tick", "lot"), [("0.5", "20"), ("25", "0.00000001"), ("0.0000000001", "1")])
def test_steps_that_are_no_power_of_ten_are_read(tick: str, lot: str) -> None:
    book = Book(spot("X", "Y", tick=tick, lot=lot))
    prices = [Decimal(tick) * n for n in (1, 2, 9_999)]
    sizes = [Decimal(lot) * n for n in (0, 7, 31)]
    text = json.dumps(
        [[f"{p:f}", f"{s:f}"] for p, s in zip(prices, sizes, strict=True)], separators=(",", ":")
    ).encode()

    for _ in range(2):
        assert read(text, book)[2] == [(1, 0), (2, 7), (9_999, 31)]
